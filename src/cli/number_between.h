// A check of numbers on the command line that NaN does not pass: it is neither below nor above any
// limit, so CLI::Range takes it.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace isojoule::cli {

inline CLI::Validator number_between(double low, double high) {
  const auto check = [low, high](std::string& text) {
    double number = 0;
    const bool is_number = CLI::detail::lexical_cast(text, number);
    return is_number && number >= low && number <= high
               ? std::string()
               : fmt::format("Value {} not in range {} to {}", text, low, high);
  };
  return CLI::Validator(check, fmt::format("FLOAT in [{:g} - {:g}]", low, high));
}

}  // namespace isojoule::cli
