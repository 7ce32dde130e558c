// What the sensors said during one run, as columns of raw integers, with all that is needed to read
// them: unit of a step, averaging window, place in the rail tree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  bool operator==(const ChannelInfo&) const = default;
};

struct Channel {
  ChannelInfo info;
  std::vector<std::int64_t> time_ns;  // when the reading was taken, ascending
  std::vector<std::int32_t> a;
  std::vector<std::int32_t> b;  // empty unless voltage_current
  Watt power_at(std::size_t i) const {
    const double first = a[i] * info.step_a;
    return Watt(info.kind == ChannelKind::voltage_current ? first * (b[i] * info.step_b) : first);
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
