#include "app/govern/bandits.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace isojoule {
namespace {

constexpr double kLatePrice = 4;  // an epoch in which all are late costs so many times the energy
constexpr double kCostSd = 0.3;   // of an epoch's cost, relative
constexpr double kPriorSd = 1.0;  // of a setting's, before it was tried
constexpr double kGradientStep = 0.03, kLook = 0.12;  // of the gradient, in shares of an axis
constexpr double kPriceStep = 0.5, kMostPrice = 40;

// Energy a request over the first epochs' mean; nothing of an epoch that tells none.
class CostScale {
 public:
  std::optional<double> energy(const EpochReport& report) {
    if (!report.energy_j || report.served <= 0) return {};
    const double each = *report.energy_j / static_cast<double>(report.served);
    if (count_ < 20) mean_ += (each - mean_) / static_cast<double>(++count_);
    return each / mean_;
  }

 private:
  double mean_ = 0;
  int count_ = 0;
};
double late_part(const EpochReport& report) {
  return report.served > 0 ? static_cast<double>(report.late) / static_cast<double>(report.served)
                           : 0;
}

class FixedPolicy final : public ServicePolicy {
 public:
  explicit FixedPolicy(std::optional<GridPoint> point) : point_(point) {}

 private:
  Decision do_first() override { return {point_, false, ""}; }
  Decision do_decide(const EpochReport&, const ServiceView&) override {
    return {point_, false, ""};
  }
  std::optional<GridPoint> point_;
};

class ThompsonPolicy final : public ServicePolicy {
 public:
  ThompsonPolicy(const ServiceBoard& board, double late_share, bool unimodal, std::uint64_t seed)
      : board_(board),
        late_price_(kLatePrice * 0.01 / late_share),
        unimodal_(unimodal),
        random_(seed_for(seed, unimodal ? "unimodal bandit" : "bandit")),
        here_(board.highest),
        sums_(static_cast<std::size_t>(board.space->size()), 0.0),
        counts_(sums_.size(), 0.0) {}

 private:
  Decision do_first() override { return {here_, false, ""}; }
  Decision do_decide(const EpochReport& report, const ServiceView&) override {
    const auto energy = scale_.energy(report);
    const auto at = static_cast<std::size_t>(here_);
    if (energy && report.point == here_) {
      sums_[at] += *energy + late_price_ * late_part(report);
      ++counts_[at];
    }
    here_ = unimodal_ ? sampled(around_leader()) : sampled_of_all();
    return {here_, false, ""};
  }

  double mean(GridPoint p) const {  // of the belief, with a prior about 1
    const auto i = static_cast<std::size_t>(p);
    const double weight = kCostSd * kCostSd / (kPriorSd * kPriorSd);
    return (sums_[i] + weight) / (counts_[i] + weight);
  }
  double sd(GridPoint p) const {
    const double weight = kCostSd * kCostSd / (kPriorSd * kPriorSd);
    return kCostSd / std::sqrt(counts_[static_cast<std::size_t>(p)] + weight);
  }
  GridPoint sampled(const std::vector<GridPoint>& arms) {
    GridPoint best = arms.front();
    double least = 1e300;
    for (const GridPoint p : arms) {
      const double drawn = mean(p) + sd(p) * random_.normal();
      if (drawn >= least) continue;
      least = drawn;
      best = p;
    }
    return best;
  }
  GridPoint sampled_of_all() {
    std::vector<GridPoint> all(sums_.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<GridPoint>(i);
    return sampled(all);
  }
  std::vector<GridPoint> around_leader() const {
    GridPoint leader = here_;
    for (GridPoint p = 0; p < board_.space->size(); ++p)
      if (counts_[static_cast<std::size_t>(p)] > 0 && mean(p) < mean(leader)) leader = p;
    std::vector<GridPoint> arms = board_.space->neighbours(leader);
    arms.push_back(leader);
    return arms;
  }

  const ServiceBoard& board_;
  double late_price_;
  bool unimodal_;
  Random random_;
  CostScale scale_;
  GridPoint here_;
  std::vector<double> sums_, counts_;
};

class GradientPolicy final : public ServicePolicy {
 public:
  GradientPolicy(const ServiceBoard& board, double late_share, std::uint64_t seed)
      : board_(board),
        late_share_(late_share),
        random_(seed_for(seed, "gradient")),
        at_(board.space->axes().size(), 1 - kLook) {}

 private:
  Decision do_first() override {
    look();
    return decision();
  }
  Decision do_decide(const EpochReport& report, const ServiceView&) override {
    price_ = std::clamp(price_ + kPriceStep * (late_part(report) - late_share_), 0.0, kMostPrice);
    if (const auto energy = scale_.energy(report)) {
      const double cost = *energy + price_ * late_part(report) / late_share_ * 0.1;
      (plus_ ? above_ : below_) = cost;
      if (!plus_) descend();
    }
    plus_ = !plus_;
    if (plus_) look();
    return decision();
  }

  void look() {
    signs_.clear();
    for (std::size_t a = 0; a < at_.size(); ++a)
      signs_.push_back(random_.uniform() < 0.5 ? -1.0 : 1.0);
  }
  void descend() {
    for (std::size_t a = 0; a < at_.size(); ++a) {
      const double slope = (above_ - below_) / (2 * kLook) * signs_[a];
      at_[a] = std::clamp(at_[a] - std::clamp(kGradientStep * slope, -0.1, 0.1), 0.0, 1.0);
    }
  }
  Decision decision() const {
    std::vector<Level> levels;
    for (std::size_t a = 0; a < at_.size(); ++a) {
      const double share = std::clamp(at_[a] + (plus_ ? kLook : -kLook) * signs_[a], 0.0, 1.0);
      const auto last = static_cast<double>(board_.space->axes()[a].values.size() - 1);
      levels.push_back(static_cast<Level>(std::lround(share * last)));
    }
    return {board_.space->at(levels), false, ""};
  }

  const ServiceBoard& board_;
  double late_share_;
  Random random_;
  CostScale scale_;
  std::vector<double> at_, signs_;
  bool plus_ = true;
  double above_ = 0, below_ = 0, price_ = 1;
};

}  // namespace

std::unique_ptr<ServicePolicy> make_fixed_policy(std::optional<GridPoint> point) {
  return std::make_unique<FixedPolicy>(point);
}
std::unique_ptr<ServicePolicy> make_thompson_policy(const ServiceBoard& board, double late_share,
                                                    bool unimodal, std::uint64_t seed) {
  return std::make_unique<ThompsonPolicy>(board, late_share, unimodal, seed);
}
std::unique_ptr<ServicePolicy> make_gradient_policy(const ServiceBoard& board, double late_share,
                                                    std::uint64_t seed) {
  return std::make_unique<GradientPolicy>(board, late_share, seed);
}

}  // namespace isojoule
