// Amounts as people write them: "33ms", "15W", "2mJ", "0.5Wh".
#pragma once

#include <string_view>

#include "base/error.h"
#include "data/setting.h"

namespace isojoule {

// A positive number with its unit, in SI. Of Unit::second, watt, joule, byte and celsius:
//   s ms us min h; W mW uW kW; J mJ uJ nJ kJ Wh mWh uWh kWh; B kB MB GB KiB MiB GiB; C.
// Errors: parse (no number, no unit or one of another quantity: which there are), out_of_range (not
// positive, or beyond what a double has).
Result<double> parse_amount(std::string_view text, Unit unit);

}  // namespace isojoule
