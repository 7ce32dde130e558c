// Numbers as logs write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace isojoule::import {

// White space at both ends taken off.
std::string_view trimmed_view(std::string_view text);

// A decimal number that is the whole of `text`: a sign, `point` between whole and fraction, an
// exponent. Nothing else: no unit, no "nan".
std::optional<double> parse_decimal(std::string_view text, char point = '.');
// "nan", "inf", "-", "N/A", "" and the like: a place for a number that holds none.
bool is_no_number(std::string_view text);
// `text` x unit as whole steps, exact to the last digit however many there are ("1612618592.620721"
// in units of 1'000'000'000). `unit`: a power of ten from 1 to 1e9. Rounded to the nearest step.
std::optional<std::int64_t> parse_scaled(std::string_view text, std::int64_t unit,
                                         char point = '.');
// Digits behind the point that are not zeros at the end.
int decimals_of(std::string_view text, char point = '.');

// How values of one column are kept as 32-bit integers.
struct Scale {
  double step = 1e-6;        // SI unit of one
  double resolution = 1e-6;  // the finest difference that the log's first lines show
  // Nothing where it does not fit.
  std::optional<std::int32_t> raw(double value) const;
};
// `largest`: the largest size of a value in the log's first lines (SI), or what the user says it
// may be. The step leaves room for 20 times that, and is a power of ten.
Scale scale_for(double largest, double resolution);
// The finest step of a counter's energy: it may run round, at 2^31 steps from a reading to the
// next.
inline constexpr double kFinestCount_j = 1e-6;

}  // namespace isojoule::import
