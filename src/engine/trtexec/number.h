// Numbers as trtexec prints them: the default format of C++ streams, six significant digits,
// "1.29e+08" for large ones.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

namespace isojoule::trtexec {

inline std::string_view trimmed_view(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// The number that `text` begins with, and takes it off. "inf" and "nan", which it prints for a
// statistic of nothing, are no numbers here.
inline std::optional<double> take_number(std::string_view& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// The number that is the whole of `text`, blanks around it aside.
inline std::optional<double> whole_number(std::string_view text) {
  text = trimmed_view(text);
  const std::optional<double> number = take_number(text);
  return text.empty() ? number : std::nullopt;
}

// The number that `text` begins with, whatever follows ("14885 MiB").
inline std::optional<double> leading_number(std::string_view text) {
  text = trimmed_view(text);
  return take_number(text);
}

}  // namespace isojoule::trtexec
