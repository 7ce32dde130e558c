// Thompson sampling of Gaussian processes: each metric that the goal needs is a process of its own
// on the metric's logarithm; one function of each is drawn, and the setting is tried whose cost is
// least in this draw among those that meet the limits in it, or which is least beyond them
// (W. R. Thompson 1933; constrained: D. Eriksson, M. Poloczek, AISTATS 2021).
//
// A setting that was measured kLooks times is not tried again: probes of grids are nearly exact,
// and a draw about a known best would ask for it for ever. First kFirst settings are drawn at
// random.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "optimise/plain_search.h"
#include "optimise/process_draw.h"

namespace isojoule {
namespace {

constexpr std::size_t kFirst = 3;
constexpr std::int64_t kLooks = 2;
constexpr double kLength = 1;  // in SearchSpace::coordinates(): a factor of e
constexpr double kLeastNoise = 0.003;
constexpr std::size_t kCandidates = 128;  // in a space with holes

// Kernels are worth finding anew often at first, then at 16, 24, 32, 48, 64, 96, ... runs.
bool is_time_for_kernels(std::size_t runs) {
  if (runs <= 8) return true;
  std::size_t power = 8;
  while (2 * power <= runs) power *= 2;
  return runs == power || runs == power + power / 2 || (runs < 16 && runs % 2 == 0);
}

struct DrawnMetric {
  std::vector<double> logs;
  double middle = 0;
  std::optional<PointKernel> kernel;
  std::optional<ProcessDraw> process;
};

class GpThompsonSearch final : public PlainSearch {
 public:
  GpThompsonSearch(const SearchSpace& space, const Goal& goal, const SearchOptions& options)
      : PlainSearch(space, goal, options),
        metrics_(this->goal().metrics()),
        models_(metrics_.size()),
        noise_(std::max(kLeastNoise, options.noise)) {
    if (!is_full_grid(space)) return;
    all_.resize(static_cast<std::size_t>(space.size()));
    std::iota(all_.begin(), all_.end(), 0);
  }

 private:
  std::optional<Question> do_next() override {
    if (points_.empty() && log().may_run(start()) && !is_measured(start()))
      return Question{start(), "where the search begins"};
    if (points_.size() < kFirst) {
      if (const auto point = fresh()) return Question{*point, "drawn at random"};
      if (points_.empty()) return {};
    }
    Random random = random_now("gp_thompson");
    const std::vector<GridPoint> points = all_.empty() ? candidates(random) : all_;
    if (const auto best = best_of_draw(points, random))
      return Question{*best, "the least of a draw of the model"};
    if (const auto point = fresh()) return Question{*point, "drawn at random"};
    if (const auto point = revisit()) return Question{*point, "everything was seen: once more"};
    return {};
  }

  std::optional<GridPoint> best_of_draw(const std::vector<GridPoint>& points,
                                        Random& random) const {
    std::vector<Eigen::VectorXf> draws;
    for (const DrawnMetric& model : models_)
      draws.push_back(model.process->draw(points, random).array() +
                      static_cast<float>(model.middle));
    std::optional<GridPoint> best;
    double least_beyond = 0, least_cost = 0;
    Metrics metrics;
    for (std::size_t i = 0; i < points.size(); ++i) {
      for (std::size_t m = 0; m < metrics_.size(); ++m)
        at(metrics, metrics_[m]) = std::exp(double{draws[m][static_cast<Eigen::Index>(i)]});
      const auto beyond = goal().beyond(metrics), cost = goal().cost.of(metrics);
      if (!beyond || !cost) continue;
      const bool better =
          !best || *beyond < least_beyond || (*beyond == least_beyond && *cost < least_cost);
      if (!better || !log().may_run(points[i]) || log().count(points[i]) >= kLooks) continue;
      best = points[i];
      least_beyond = *beyond;
      least_cost = *cost;
    }
    return best;
  }

  // Some at random, the best and what is about it.
  std::vector<GridPoint> candidates(Random& random) const {
    std::vector<GridPoint> points;
    if (const auto best = log().best()) {
      points = space().neighbours(*best);
      points.push_back(*best);
    }
    const auto size = static_cast<std::uint64_t>(space().size());
    for (std::size_t i = 0; i < kCandidates; ++i)
      points.push_back(static_cast<GridPoint>(random.below(size)));
    std::sort(points.begin(), points.end());
    points.erase(std::unique(points.begin(), points.end()), points.end());
    return points;
  }

  void do_learn(const Probe& probe) override {
    if (!probe.failure.empty()) return;
    std::vector<double> logs;
    for (const Metric metric : metrics_) {
      const auto& value = at(probe.metrics, metric);
      if (!value || !(*value > 0) || !std::isfinite(*value)) return;  // the log counts it
      logs.push_back(std::log(*value));
    }
    points_.push_back(probe.point);
    for (std::size_t m = 0; m < models_.size(); ++m) {
      models_[m].logs.push_back(logs[m]);
      if (is_time_for_kernels(points_.size()))
        learn(models_[m]);
      else
        models_[m].process->add(probe.point, logs[m] - models_[m].middle);
    }
  }

  void learn(DrawnMetric& model) {
    const auto count = std::ssize(model.logs);
    model.middle =
        std::accumulate(model.logs.begin(), model.logs.end(), 0.0) / static_cast<double>(count);
    const Eigen::VectorXd values =
        Eigen::Map<const Eigen::VectorXd>(model.logs.data(), count).array() - model.middle;
    if (!model.kernel)
      model.kernel = PointKernel{0.5, std::vector<double>(space().axes().size(), kLength)};
    model.kernel = learn_kernel(space(), *model.kernel, noise_, points_, values, kLength);
    model.process.emplace(space(), *model.kernel, noise_);
    for (std::size_t i = 0; i < points_.size(); ++i)
      model.process->add(points_[i], values[static_cast<Eigen::Index>(i)]);
  }

  // By the processes' means, so that one lucky reading does not win.
  std::optional<Answer> do_recommend() override {
    auto answer = best_measured();
    if (!answer || !answer->certain || points_.empty()) return answer;
    auto least = believed(answer->point);
    for (const GridPoint point : log().points()) {
      if (log().is_out(point) || !log().meets(point) || !is_measured(point)) continue;
      const auto cost = believed(point);
      if (!cost || (least && *cost >= *least)) continue;
      answer->point = point;
      least = cost;
    }
    if (least) answer->cost = *least;
    answer->log_sd = deviation(answer->point);
    return answer;
  }

  Metrics means(GridPoint point) const {
    Metrics metrics;
    for (std::size_t m = 0; m < metrics_.size(); ++m)
      at(metrics, metrics_[m]) = std::exp(models_[m].process->mean(point) + models_[m].middle);
    return metrics;
  }
  std::optional<double> believed(GridPoint point) const { return goal().cost.of(means(point)); }

  // Of the cost's logarithm, to first order in the metrics'.
  double deviation(GridPoint point) const {
    const Metrics middle = means(point);
    const auto own = goal().cost.of(middle);
    double square = 0;
    for (std::size_t m = 0; m < metrics_.size() && own; ++m) {
      const double sd = models_[m].process->deviation(point);
      Metrics moved = middle;
      at(moved, metrics_[m]) = *at(middle, metrics_[m]) * std::exp(sd);
      if (const auto cost = goal().cost.of(moved)) square += std::pow(std::log(*cost / *own), 2);
    }
    return std::sqrt(square);
  }

  std::vector<Metric> metrics_;
  std::vector<DrawnMetric> models_;  // one a metric
  double noise_;
  std::vector<GridPoint> all_;     // empty: a space with holes
  std::vector<GridPoint> points_;  // of all runs that had what the goal needs
};

}  // namespace

const OptimiserKind& optimiser_kind_gp_thompson() {
  static const OptimiserKind kind = {
      "gp_thompson", "Thompson sampling of Gaussian processes over all settings",
      "J. T. Wilson et al., ICML 2020; D. Eriksson, M. Poloczek, AISTATS 2021",
      make_plain<GpThompsonSearch>};
  return kind;
}

}  // namespace isojoule
