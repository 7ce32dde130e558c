#include "optimise/model_search.h"

namespace isojoule {
namespace {

constexpr std::int64_t kFirst = 5;

Result<std::unique_ptr<Optimiser>> make(const SearchSpace& space, const Goal& goal,
                                        const SearchOptions& options) {
  return std::make_unique<ModelSearch>(
      space, goal, options,
      ModelSearchOptions{.pure = true, .physics = false, .random_first = kFirst});
}

}  // namespace

const OptimiserKind& optimiser_kind_gp_ei() {
  static const OptimiserKind kind = {
      "gp_ei", "Gaussian processes alone, where the expected improvement is largest",
      "D. R. Jones, M. Schonlau, W. J. Welch, J. Global Optimization 13 (1998) 455", make};
  return kind;
}

}  // namespace isojoule
