// isojoule govern --simulate: a service on a twin, hours of it in seconds.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace isojoule::cli {

// What a service that runs has, too, as it was typed.
struct GovernGoalWords {
  std::string board, network, late = "1%";
  std::vector<std::string> limits;
  std::optional<double> epoch_s, for_s;
  bool json = false;
};

struct GovernSimulateWords {
  bool simulate = false;
  std::string trace = "all";
  std::uint64_t seed = 1;
  std::int64_t batch = 8, probes = 32;
  bool drift = true, others = true;
};

void add_govern_simulate_options(CLI::App& command, GovernSimulateWords& words);
Result<int> govern_simulate(const GovernGoalWords& goal, const GovernSimulateWords& words);

}  // namespace isojoule::cli
