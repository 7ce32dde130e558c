// `isojoule apply`: a board set by hand, for a while or until `isojoule restore`.
#pragma once

#include <string>
#include <vector>

#include "app/guard_place.h"
#include "data/setting.h"

namespace isojoule {

// What the words of the command name, put together from left to right: AXIS=VALUE, a TOML file with
// a [setting] table (and `board`, which must then be this one), or one of the names
//   maximum  every clock at the highest that its present cap allows, the memory's clock locked at
//   its
//            highest, no railgating and no deep idle states: what jetson_clocks does
//   minimum  every clock at its lowest
// with only the knobs that this board has. An axis may carry its unit (cpu_frequency_mhz). Errors:
// not_found and parse (a file), invalid (an unknown axis, with the nearest; another board's file; a
// clock that is both pinned and capped).
Result<Setting> wanted_setting(const Board& board, const std::vector<std::string>& words);

struct PinnedKnob {
  std::string axis;
  Value before, requested, achieved;
  std::vector<std::string> nodes;  // that may be written
  bool reached = true;
};

// Turns the knobs; the guard leads back. Errors: the first knob's that refuses.
Result<std::vector<PinnedKnob>> pin(Board& board, const Setting& setting);
// What pin() would do, without a write: `achieved` is as before. Errors: a value that the knob
// refuses, as pin() gives it.
Result<std::vector<PinnedKnob>> rehearse(Board& board, const Setting& setting);

// A unit that applies the words at boot and restores at its stop. `program`: the path of isojoule.
std::string systemd_unit(const std::string& program, const std::vector<std::string>& words);

}  // namespace isojoule
