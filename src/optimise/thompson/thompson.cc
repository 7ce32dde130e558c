// Thompson sampling over independent arms: a cost is drawn for every setting from what is believed
// of it (normal-inverse-gamma, on the logarithm of the cost), and the least is tried. Nothing is
// learnt of a setting from its neighbours, so a first pass over all of them comes before the rest.
#include "optimise/arm_posterior.h"
#include "optimise/plain_search.h"

namespace isojoule {
namespace {

constexpr double kLeastSpread = 0.2, kLeastNoise = 0.003;

class ThompsonSearch final : public PlainSearch {
 public:
  ThompsonSearch(const SearchSpace& space, const Goal& goal, const SearchOptions& options)
      : PlainSearch(space, goal, options), arms_(static_cast<std::size_t>(space.size())) {}

 private:
  std::optional<Question> do_next() override {
    const ArmPrior prior = prior_of(arms_, std::max(kLeastNoise, options().noise), kLeastSpread);
    Random random = random_now("thompson");
    std::optional<GridPoint> best;
    double least = 0;
    for (GridPoint p = 0; p < space().size(); ++p) {
      const double drawn = arms_[static_cast<std::size_t>(p)].draw(prior, random);
      if (!log().may_run(p) || (best && drawn >= least)) continue;
      best = p;
      least = drawn;
    }
    if (!best) return {};
    const bool tried = arms_[static_cast<std::size_t>(*best)].count() > 0;
    return Question{*best, tried ? "the least that was drawn, once more" : "the least drawn"};
  }

  void do_learn(const Probe& probe) override {
    if (!probe.failure.empty()) return;
    if (const auto own = loss_of(probe.metrics))
      arms_[static_cast<std::size_t>(probe.point)].add(*own);
  }

  std::vector<ArmRewards> arms_;  // by point
};

}  // namespace

const OptimiserKind& optimiser_kind_thompson() {
  static const OptimiserKind kind = {
      "thompson", "Thompson sampling, every setting an arm of its own",
      "W. R. Thompson, Biometrika 25 (1933) 285; J. Honda, A. Takemura, AISTATS 2014",
      make_plain<ThompsonSearch>};
  return kind;
}

}  // namespace isojoule
