// The table that a user of a controller would have: some noisy probes of the board, the rest filled
// in by the optimisers' model.
#pragma once

#include "app/govern/service_board.h"
#include "base/random.h"
#include "govern/controller.h"

namespace isojoule {

struct SurveyOptions {
  std::int64_t probes = 32;
  double noise = 0.01;  // relative standard deviation of a probe's time, energy and idle power
  std::uint64_t seed = 1;
};
OperatingTable survey(const ServiceBoard& board, const SurveyOptions& options);

}  // namespace isojoule
