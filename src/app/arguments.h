// Command lines, the same for every program of ours.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

namespace isojoule {

inline constexpr int kBadArguments = 2;

// The exit status where the program ends here: help or version was asked for (0), or an argument is
// wrong. CLI11 has printed what there is to say.
inline std::optional<int> parse_arguments(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadArguments;
  }
  return std::nullopt;
}

}  // namespace isojoule
