// What is wanted of a service, as it was typed: the same words for one that runs and one that is
// simulated.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "govern/controller.h"

namespace isojoule::cli {

struct GovernGoalWords {
  std::string board, network;
  std::optional<std::string> late;  // absent: what the limit says, else 1%
  std::vector<std::string> limits;
  std::optional<double> epoch_s, for_s;
  bool json = false;
};

// latency_limit_s is 0 where no limit of the latency was given. latency_p95 and latency_p99 say how
// many may be late, too. Errors: invalid (a share or a limit that is none; two that contradict each
// other), unsupported (a limit that a service does not have).
Result<ServiceGoal> service_goal(const GovernGoalWords& words);

}  // namespace isojoule::cli
