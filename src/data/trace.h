// What the sensors said during one run, as columns of raw integers, with all that is needed to read
// them: unit of a step, averaging window, place in the rail tree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/quantity.h"

namespace isojoule {

// A rail of the board, and what its power is part of.
struct Rail {
  std::string name;    // "VDD_IN", as the board's label says
  std::string parent;  // the rail that feeds it; empty at the root
  std::string what;    // "module input", "GPU", for people
};

enum class ChannelKind : std::uint8_t {
  voltage_current,  // a = voltage, b = current; power = a*step_a * b*step_b
  power,            // a = power
  energy_counter,   // a = energy since some start
};

std::string_view name_of(ChannelKind kind);  // "voltage_current", stable: it stands in files
std::optional<ChannelKind> channel_kind_named(std::string_view name);

// What comparing one rail with a better meter has shown: true power = gain x told power + offset.
struct Calibration {
  double gain = 1;
  Watt offset{0};
  double gain_uncertainty = 0;  // standard uncertainties, k = 1
  Watt offset_uncertainty{0};
  double correlation = 0;  // between the two, -1..1: a slope that is too steep makes an offset low
  std::string meter;       // what it was compared with, for people
  std::string date;        // ISO 8601
  // Of the told powers that it was found from; beyond them it is a guess. Both 0: not known.
  Watt lowest{0};
  Watt highest{0};
  bool operator==(const Calibration&) const = default;
};

// "gain=1.02 offset=-0.01 ... date=2026-11-21 meter=...": one line, the meter's name to its end.
// A line without the powers (lowest, highest) can be read, too.
std::string to_string(const Calibration& calibration);
Result<Calibration> parse_calibration(std::string_view text);  // the inverse

struct ChannelInfo {
  std::string rail;
  std::string sensor;  // "ina3221 6-0040 channel 0"
  ChannelKind kind = ChannelKind::voltage_current;
  double step_a = 1e-3;  // SI unit of one integer step of column a (mV -> 1e-3)
  double step_b = 1e-3;
  // Resolution of the chip itself, not of the node's digits (INA3221: 8 mV, 40 uV/R).
  Volt voltage_quantum{0};
  Ampere current_quantum{0};
  // The reading is the mean over the last `window` (0: instantaneous).
  Second window{0};
  // Standard uncertainty of the gain (relative) and of the offset of the chip and its shunt.
  double gain_uncertainty = 0;
  Ampere current_offset_uncertainty{0};
  // The same for sources that give power or energy and no current.
  Watt power_quantum{0};
  Watt power_offset_uncertainty{0};
  // Time between two new readings of the source itself; 0: it converts whenever it is asked, or it
  // is not known. A window need not be as long (NVML's is shorter, a moving average's longer).
  Second update_period{0};
  // A reading's time is when the source had it, not when it was asked (the lines of a log).
  bool is_dated_by_source = false;
  // From the end of what a reading averages (or the moment that it tells of) until it can be read,
  // beyond the wait for the next update: filters, buses, a log's own delay.
  Second lag{0};
  // Applied by power_at() and by every integral; it takes the place of the gain's and the offset's
  // uncertainty above.
  std::optional<Calibration> calibration = std::nullopt;
  bool operator==(const ChannelInfo&) const = default;
};

struct Channel {
  ChannelInfo info;
  std::vector<std::int64_t> time_ns;  // when the reading was taken, ascending
  std::vector<std::int32_t> a;
  std::vector<std::int32_t> b;  // empty unless voltage_current
  // As the source told it.
  Watt told_power_at(std::size_t i) const {
    const double first = a[i] * info.step_a;
    return Watt(info.kind == ChannelKind::voltage_current ? first * (b[i] * info.step_b) : first);
  }
  // With the calibration, if there is one.
  Watt power_at(std::size_t i) const {
    const Watt told = told_power_at(i);
    return info.calibration ? told * info.calibration->gain + info.calibration->offset : told;
  }
  bool operator==(const Channel&) const = default;
};

// How often each value of a watched node was seen: the governors' residency, and the proof that a
// pinned clock stayed. One sample a tick; values in SI units.
struct Watch {
  std::string name;  // "cpu_frequency", "gpu_frequency", "temperature_cpu"
  std::vector<std::int64_t> time_ns;
  std::vector<double> value;
  bool operator==(const Watch&) const = default;
};

struct Trace {
  std::vector<Channel> channels;
  std::vector<Watch> watches;
  std::string total;  // the expression of the module's total, "VDD_IN" or "A + B + C"; empty: none
  Duration period;    // between two ticks, as asked
  bool operator==(const Trace&) const = default;
};

}  // namespace isojoule
