// What a monitor shows of one moment: the same for the terminal, the JSON stream, the browser, the
// metrics and the recording.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/counter.h"

namespace isojoule {

inline constexpr int kLiveSchema = 1;

// What stays the same while a monitor runs.
struct LiveHead {
  std::string board, release, version;
  bool simulated = false;
  double start_unix_s = 0;
  double sampling_period_s = 0;  // asked for
  double frame_period_s = 0;
  std::string total;  // the expression of the module's total; "" where there is none
  struct RailHead {
    std::string name, parent, what, sensor;
  };
  std::vector<RailHead> rails;  // "total" last, where the board has one
  struct WatchHead {
    std::string name, kind,
        unit;  // kind: "clock", "temperature", "throttle", "load", "fan", "other"
  };
  std::vector<WatchHead> watches;
  std::vector<std::string> notes;  // what is not there, and why; a caution of a mounted twin
};

// What was read since the frame before it.
struct LiveRail {
  // Of the readings within the frame; absent: none came (`why_absent` of the frame's counters says
  // why).
  std::optional<double> power_w, least_w, most_w;  // mean, least, most
  // Since the monitor's start, while it was sampled; absent before two readings came.
  std::optional<double> energy_j;
  std::uint64_t readings = 0;  // new ones since the start
};
struct LiveFrame {
  std::int64_t number = 0;      // from 0, one a frame; a client that missed some sees the gap
  double time_s = 0;            // of the frame's end, since the start, on the board's clock
  std::string phase;            // "" where nobody tells
  std::vector<LiveRail> rails;  // in the head's order
  std::vector<std::optional<double>> watches;  // in the head's order, SI units, °C, %
  std::map<Counter, std::uint64_t> counters;   // raised since the start
  std::optional<bool> throttled;               // now; absent where the board does not tell
  // Of each rail, in the head's order, by phase ("none" between two); empty where nobody tells.
  std::map<std::string, std::vector<double>> phase_energy_j;
  std::uint64_t lost = 0;   // records since the start that the monitor was too late to take
  double late_s = 0;        // of the latest tick within the frame
  double cost_percent = 0;  // processor time of this program, of one core, within the frame
};

// {"schema", "event": "head", "board", ...} and {"event": "frame", "number", "time_s", "power_w":
// [..] , "least_w", "most_w", "energy_j", "watches": [..], "counters": {..}, ...}: keys with units,
// absent values null.
nlohmann::json to_json(const LiveHead& head);
nlohmann::json to_json(const LiveFrame& frame);
// One event as one line, without its end.
std::string line_of(const nlohmann::json& event);

}  // namespace isojoule
