// Numbers as people read them on a terminal.
#pragma once

#include <string>

#include "report/summary.h"

namespace isojoule::text_report {

std::string fixed(double value, int digits);
// With `digits` significant digits, never with an exponent: "0.0123", "985.2", "12034".
std::string significant(double value, int digits = 4);
// "812.4 ±8.1": the uncertainty with two digits, the value as far as these reach.
std::string with_uncertainty(const Estimate& estimate);
std::string grouped(std::int64_t value);   // "1,920"
std::string signed_percent(double value);  // "+4.2"
// A frequency in MHz, as many decimals as the board's table has, at most two.
std::string megahertz(double hertz);
// The setting without the named axes, frequencies in MHz: "batch 16, CPU governor schedutil".
std::string in_words(const Setting& setting, const std::vector<std::string>& without = {});

}  // namespace isojoule::text_report
