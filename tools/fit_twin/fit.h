// Fitting named constants of a twin to the published figures.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "twin/claims.h"

namespace isojoule::twin {

// A number that the fit may move, within bounds that make physical sense for this board.
struct Parameter {
  std::string key;  // of constant_fields(), or "alexnet.kernel_efficiency"
  double lower = 0, upper = 0;
  bool logarithmic = false;
};

double* parameter_of(Constants& constants, const std::string& key);

struct FitOptions {
  double seconds = 60;  // at most
  std::uint64_t seed = 1;
  bool global = true;  // CRS2 first, then Sbplx from the best point; otherwise Sbplx only
};

using Misfit = std::function<double(const Constants&)>;
// The constants with the least misfit that was found within the bounds; never worse than the given
// ones, moved into the bounds.
Constants fit(const Constants& start, const std::vector<Parameter>& parameters,
              const Misfit& misfit, const FitOptions& options);

}  // namespace isojoule::twin
