// Values and axes as people write them: "1.479GHz", "614.4MHz", cpu_frequency_mhz.
#pragma once

#include <string>
#include <string_view>

#include "data/setting.h"

namespace isojoule {

// "1.479GHz", "921.6MHz", "307200kHz", "50%", "schedutil", "1479000000": a value with or without
// its unit, in hertz or as it stands. Errors: parse (a number with a unit that is none).
Result<Value> parse_value(std::string_view text);

// An axis that may carry its unit: "cpu_frequency_mhz" -> cpu_frequency, 1e6.
struct AxisKey {
  std::string axis;
  double scale = 1;  // of a number that stands behind it, in SI
  bool has_unit = false;
};
AxisKey split_unit(std::string_view key);
// Whole hertz, so that 921.6 MHz is the table's 921600000.
double scaled(double value, double scale);

// "AXIS=VALUE". Errors: parse.
struct AxisValue {
  std::string axis;
  Value value;
};
Result<AxisValue> parse_axis_value(std::string_view word);

}  // namespace isojoule
