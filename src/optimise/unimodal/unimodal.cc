// Thompson sampling among neighbours, for costs that fall towards one least setting along every
// way: the leader, the best so far, and its neighbours alone are drawn from, and as often as there
// are of these, the leader itself is tried (Unimodal Thompson Sampling: S. Paladino, F. Trovo, M.
// Restelli, N. Gatti, AAAI 2017; OSUB: R. Combes, A. Proutiere, ICML 2014).
//
// Beyond the paper: arms are normal-inverse-gamma on the logarithm of the cost; a neighbour that
// was not tried is believed to be about as good as the leader; and once all about the leader were
// seen kSettled times, a setting elsewhere is drawn, for a cost need not have one valley.
#include "optimise/arm_posterior.h"
#include "optimise/plain_search.h"

namespace isojoule {
namespace {

constexpr double kStep = 0.05;  // between neighbours' logarithms of cost
constexpr double kLeastNoise = 0.003;
constexpr std::int64_t kSettled = 3;

class UnimodalSearch final : public PlainSearch {
 public:
  UnimodalSearch(const SearchSpace& space, const Goal& goal, const SearchOptions& options)
      : PlainSearch(space, goal, options), arms_(static_cast<std::size_t>(space.size())) {}

 private:
  std::optional<Question> do_next() override {
    const auto leader = log().best();
    if (!leader) return before_the_first();
    std::vector<GridPoint> about = {*leader};
    for (const GridPoint point : space().neighbours(*leader))
      if (log().may_run(point)) about.push_back(point);
    bool settled = true;
    for (const GridPoint point : about) settled = settled && arm(point).count() >= kSettled;
    if (settled)
      if (const auto point = fresh()) return Question{*point, "all about the best is known"};
    const std::int64_t times = leads_[static_cast<std::size_t>(*leader)];
    if (log().may_run(*leader) && times % std::ssize(about) == 0)
      return Question{*leader, "the best once more"};
    return drawn(about);
  }

  std::optional<Question> before_the_first() {
    if (log().may_run(start())) return Question{start(), "where the search begins"};
    if (const auto point = fresh()) return Question{*point, "nothing ran yet: drawn at random"};
    return {};
  }

  std::optional<Question> drawn(const std::vector<GridPoint>& about) {
    const double noise = std::max(kLeastNoise, options().noise);
    const ArmPrior prior = {arm(about.front()).mean(), std::max(kStep, noise), noise};
    Random random = random_now("unimodal");
    std::optional<GridPoint> best;
    double least = 0;
    for (const GridPoint point : about) {
      const double value = arm(point).draw(prior, random);
      if (!log().may_run(point) || (best && value >= least)) continue;
      best = point;
      least = value;
    }
    if (!best) best = fresh();
    if (!best) return {};
    return Question{*best, "the least drawn about the best"};
  }

  void do_learn(const Probe& probe) override {
    if (probe.failure.empty())
      if (const auto own = loss_of(probe.metrics))
        arms_[static_cast<std::size_t>(probe.point)].add(*own);
    if (const auto leader = log().best()) ++leads_[static_cast<std::size_t>(*leader)];
  }

  const ArmRewards& arm(GridPoint point) const { return arms_[static_cast<std::size_t>(point)]; }

  std::vector<ArmRewards> arms_;  // by point
  std::vector<std::int64_t> leads_ =
      std::vector<std::int64_t>(arms_.size());  // probes after which a point led
};

}  // namespace

const OptimiserKind& optimiser_kind_unimodal() {
  static const OptimiserKind kind = {
      "unimodal", "Thompson sampling among the neighbours of the best",
      "S. Paladino et al., AAAI 2017; R. Combes, A. Proutiere, ICML 2014",
      make_plain<UnimodalSearch>};
  return kind;
}

}  // namespace isojoule
