// Amounts as the answer of `isojoule predict` shows them.
#include <fmt/format.h>

#include <cmath>

#include "app/predict/predict_text.h"
#include "report/text/format.h"

namespace isojoule {

ScaledUnit scaled_unit(double largest, const char* unit) {
  constexpr std::pair<double, const char*> kPrefixes[] = {
      {1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}, {1e-3, "m"}, {1e-6, "u"}, {1e-9, "n"}};
  for (const auto& [size, prefix] : kPrefixes)
    if (std::abs(largest) >= size && !(size > 1 && std::string_view(unit) == "s"))
      return {1 / size, std::string(prefix) + unit};
  return {1, unit};
}

std::string amount_text(double value, const char* unit) {
  if (!std::isfinite(value)) return "unknown";
  const ScaledUnit scale = scaled_unit(value, unit);
  return text_report::significant(value * scale.factor, 3) + " " + scale.name;
}

std::string interval_text(const Interval& interval, const char* unit) {
  if (!std::isfinite(interval.high) || !(interval.high > 0)) return "not known";
  const ScaledUnit scale = scaled_unit(interval.high, unit);
  return text_report::significant(interval.low * scale.factor, 3) + " to " +
         text_report::significant(interval.high * scale.factor, 3) + " " + scale.name;
}

}  // namespace isojoule
