#include "report/text/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace isojoule::text_report {

std::string fixed(double value, int digits) { return fmt::format("{:.{}f}", value, digits); }

std::string significant(double value, int digits) {
  if (value == 0 || !std::isfinite(value)) return fmt::format("{}", value);
  const int magnitude = static_cast<int>(std::floor(std::log10(std::abs(value))));
  return fixed(value, std::max(0, digits - 1 - magnitude));
}

std::string with_uncertainty(const Estimate& estimate) {
  if (!(estimate.uncertainty > 0)) return significant(estimate.value);
  const int magnitude = static_cast<int>(std::floor(std::log10(estimate.uncertainty)));
  const int digits = std::max(0, 1 - magnitude);
  return fixed(estimate.value, digits) + " ±" + fixed(estimate.uncertainty, digits);
}

std::string grouped(std::int64_t value) {
  std::string text = std::to_string(std::abs(value));
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return value < 0 ? "-" + text : text;
}

std::string signed_percent(double value) { return fmt::format("{:+.1f}", value); }

std::string megahertz(double hertz) {
  const double mega = hertz / 1e6;
  int digits = 0;
  while (digits < 2 &&
         std::abs(mega - std::round(mega * std::pow(10, digits)) / std::pow(10, digits)) > 1e-6)
    ++digits;
  return fixed(mega, digits);
}

std::string in_words(const Setting& setting, const std::vector<std::string>& without) {
  std::string text;
  for (const auto& [axis, value] : setting.values()) {
    if (std::find(without.begin(), without.end(), axis) != without.end()) continue;
    const auto* number = std::get_if<double>(&value);
    std::string name = axis;
    std::replace(name.begin(), name.end(), '_', ' ');
    for (const auto& [lower, upper] : {std::pair{"cpu ", "CPU "}, {"gpu ", "GPU "}})
      if (name.rfind(lower, 0) == 0) name.replace(0, 4, upper);
    if (!text.empty()) text += ", ";
    if (number != nullptr && unit_of_axis(axis) == Unit::hertz)
      text += name.substr(0, name.rfind(' ')) + " " + megahertz(*number) + " MHz";
    else
      text += name + " " + to_string(value);
  }
  return text;
}

}  // namespace isojoule::text_report
