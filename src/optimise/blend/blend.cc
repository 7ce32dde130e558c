#include "optimise/model_search.h"

namespace isojoule {
namespace {

Result<std::unique_ptr<Optimiser>> make(const SearchSpace& space, const Goal& goal,
                                        const SearchOptions& options) {
  return std::make_unique<ModelSearch>(space, goal, options, ModelSearchOptions{});
}

}  // namespace

const OptimiserKind& optimiser_kind_blend() {
  static const OptimiserKind kind = {
      "blend", "physics with a Gaussian process on its errors, averaged with one that knows none",
      "docs/optimisers.md", make};
  return kind;
}

}  // namespace isojoule
