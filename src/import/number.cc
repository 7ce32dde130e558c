#include "import/number.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace isojoule::import {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits of one number, its parts apart; false where `text` is anything else.
struct Parts {
  bool negative = false;
  std::string_view whole, fraction;
};
bool split(std::string_view text, char point, Parts& parts) {
  if (text.starts_with('-') || text.starts_with('+')) {
    parts.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const std::size_t at = text.find(point);
  parts.whole = text.substr(0, at);
  if (at != std::string_view::npos) parts.fraction = text.substr(at + 1);
  return !(parts.whole.empty() && parts.fraction.empty()) &&
         std::all_of(parts.whole.begin(), parts.whole.end(), is_digit) &&
         std::all_of(parts.fraction.begin(), parts.fraction.end(), is_digit);
}

}  // namespace

std::string_view trimmed_view(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<double> parse_decimal(std::string_view text, char point) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  if (text.size() <= first || (!is_digit(text[first]) && text[first] != point)) return std::nullopt;
  std::array<char, 64> copy{};
  if (point != '.') {  // from_chars knows only one point
    if (text.size() > copy.size() || text.find('.') != std::string_view::npos) return std::nullopt;
    std::replace_copy(text.begin(), text.end(), copy.begin(), point, '.');
    text = std::string_view(copy.data(), text.size());
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

bool is_no_number(std::string_view text) {
  std::string word;
  for (const char c : trimmed_view(text))
    word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (word.starts_with('-') || word.starts_with('+')) word.erase(0, 1);
  constexpr std::array<std::string_view, 14> kWords = {
      "",     "-",    "nan", "inf",  "infinity", "n/a",     "na",
      "null", "none", "nil", "#n/a", "nan(ind)", "1.#qnan", "[n/a]"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

std::optional<std::int64_t> parse_scaled(std::string_view text, std::int64_t unit, char point) {
  Parts parts;
  if (!split(text, point, parts)) {
    const auto value = parse_decimal(text, point);
    if (!value || !(std::abs(*value) * static_cast<double>(unit) < 9.2e18)) return std::nullopt;
    return std::llround(*value * static_cast<double>(unit));
  }
  std::int64_t whole = 0;
  if (!parts.whole.empty()) {
    const auto [end, error] =
        std::from_chars(parts.whole.data(), parts.whole.data() + parts.whole.size(), whole);
    if (error != std::errc()) return std::nullopt;
  }
  if (whole >= std::numeric_limits<std::int64_t>::max() / unit) return std::nullopt;
  std::int64_t fraction = 0, weight = unit;
  std::size_t i = 0;
  for (; i < parts.fraction.size() && weight > 1; ++i) {
    weight /= 10;
    fraction += (parts.fraction[i] - '0') * weight;
  }
  if (i < parts.fraction.size() && parts.fraction[i] >= '5') ++fraction;
  const std::int64_t value = whole * unit + fraction;
  return parts.negative ? -value : value;
}

int decimals_of(std::string_view text, char point) {
  const std::size_t at = text.find(point);
  if (at == std::string_view::npos) return 0;
  std::string_view fraction = text.substr(at + 1);
  fraction = fraction.substr(0, fraction.find_first_not_of("0123456789"));
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  return static_cast<int>(fraction.size());
}

std::optional<std::int32_t> Scale::raw(double value) const {
  const double steps = std::round(value / step);
  if (!(std::abs(steps) <= std::numeric_limits<std::int32_t>::max())) return std::nullopt;
  return static_cast<std::int32_t>(steps);
}

Scale scale_for(double largest, double resolution) {
  constexpr double kRoom = 20, kMost = std::numeric_limits<std::int32_t>::max();
  constexpr double kDigits = 1e-6;  // of the largest: later lines may be finer than the first
  if (!(largest > 0)) largest = 1;
  const double coarse = std::pow(10.0, std::ceil(std::log10(largest * kRoom / kMost)));
  const double fine = std::pow(10.0, std::floor(std::log10(largest * kDigits)));
  return {std::max(coarse, std::min(resolution, fine)), resolution};
}

}  // namespace isojoule::import
