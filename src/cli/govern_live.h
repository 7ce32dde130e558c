// isojoule govern for a service that runs: its options, and what it prints.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/target.h"
#include "base/error.h"
#include "cli/command.h"

namespace isojoule::cli {

struct GovernLiveWords {
  TargetOptions target;
  std::string study, network, late = "1%", metrics, socket, group;
  std::vector<std::string> limits, where;
  double epoch_s = 1;
  double period_s = 0.1;
  std::optional<double> for_s;
  bool explore = true;
  bool quiet = false;
  bool json = false;
};

// Those options that the simulated service has no use for: study, socket, metrics and the like.
void add_govern_live_options(CLI::App& command, GovernLiveWords& words);
// Those that it has, too: --network, --limit, --late, --epoch, --json, the target's.
void add_govern_goal_options(CLI::App& command, GovernLiveWords& words);

// Runs until the program behind the dashes ends, the time is over or somebody interrupts.
Result<int> govern_live(const GovernLiveWords& words, const Program& program);

}  // namespace isojoule::cli
