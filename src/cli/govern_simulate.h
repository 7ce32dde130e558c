// isojoule govern --simulate: a service on a twin, hours of it in seconds.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "cli/command.h"
#include "cli/govern_goal.h"

namespace isojoule::cli {

struct GovernSimulateWords {
  bool simulate = false;
  std::string trace = "all";
  std::uint64_t seed = 1;
  std::int64_t batch = 8, probes = 32;
  bool drift = true, others = true;
};

void add_govern_simulate_options(CLI::App& command, GovernSimulateWords& words);
Result<int> govern_simulate(const GovernGoalWords& goal, const GovernSimulateWords& words,
                            const Program& program);

}  // namespace isojoule::cli
