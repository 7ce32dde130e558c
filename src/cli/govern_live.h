// isojoule govern for a service that runs: its options, and what it prints.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "app/target.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/govern_goal.h"

namespace isojoule::cli {

struct GovernLiveWords {
  TargetOptions target;
  std::string study, metrics, socket, group;
  std::vector<std::string> where;
  double period_s = 0.1;
  bool explore = true;
  bool quiet = false;
};

// "100ms", "2h": in seconds.
CLI::AsNumberWithUnit govern_times();
// Those that a simulated service has no use for.
void add_govern_live_options(CLI::App& command, GovernLiveWords& words);

// Runs until the program behind the dashes ends, the time is over or somebody interrupts.
Result<int> govern_live(const GovernGoalWords& goal, const GovernLiveWords& words,
                        const Program& program);

}  // namespace isojoule::cli
