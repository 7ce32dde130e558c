// Ways of `isojoule measure` that make many runs: --until a figure is known, --overhead of our own
// sampling.
#pragma once

#include <optional>

#include "app/measure_until.h"
#include "app/overhead.h"
#include "cli/command.h"

namespace isojoule::cli {

// As they were typed.
struct ModeWords {
  bool budget = false;
  std::optional<std::string> until;  // "1%"
  std::string at_most = "10m";
  std::int64_t least_repeats = 5;
  std::string study;  // that keeps all runs of --until; "" = none
  bool overhead = false;
  std::string periods = "1s,100ms,10ms,4ms,1ms";
  std::int64_t blocks = 10;
  OverheadMeter meter;
  std::vector<std::string> meter_options;  // KEY=VALUE of the log's format
  double meter_offset_s = 0;
};

void add_mode_options(CLI::App& command, ModeWords& words);

// "1%", "0.5 %". Errors: invalid.
Result<double> parse_percent(const std::string& text);
// "10m", "90s", "1.5h", "100ms". Errors: invalid.
Result<Duration> parse_duration(const std::string& text);

// The exit status. `caution` and reports go where print_text() puts them.
Result<int> run_until(const Paths& paths, const MeasureRequest& request, const ModeWords& words,
                      bool json, const Program& program);
Result<int> run_overhead(const Paths& paths, const MeasureRequest& request, const ModeWords& words,
                         bool json, const Program& program);

}  // namespace isojoule::cli
