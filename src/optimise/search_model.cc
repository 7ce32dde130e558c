#include "optimise/search_model.h"

#include <cmath>

namespace isojoule {
namespace {

std::vector<GridPoint> points_of(const std::vector<ModelRun>& runs) {
  std::vector<GridPoint> points;
  points.reserve(runs.size());
  for (const ModelRun& run : runs) points.push_back(run.point);
  return points;
}

// `before`: what is expected of each point by metric; empty: nothing.
class PureSearchModel final : public SearchModel {
 public:
  PureSearchModel(const SearchSpace& space, std::size_t metrics, double noise,
                  MetricViews before = {})
      : before_(std::move(before)) {
    for (std::size_t m = 0; m < metrics; ++m) models_.emplace_back(space, noise);
  }

 private:
  double expected(std::size_t metric, GridPoint point) const {
    return before_.empty() ? 0.0 : double{before_[metric].mean[point]};
  }
  void do_learn(const std::vector<ModelRun>& runs) override {
    const auto points = points_of(runs);
    for (std::size_t m = 0; m < models_.size(); ++m) {
      std::vector<double> logs;
      for (const ModelRun& run : runs) logs.push_back(run.logs[m] - expected(m, run.point));
      models_[m].learn(points, logs);
    }
    learnt_ = !runs.empty();
  }
  void do_add(const std::vector<ModelRun>& runs) override {
    const ModelRun& last = runs.back();
    for (std::size_t m = 0; m < models_.size(); ++m)
      models_[m].add(last.point, last.logs[m] - expected(m, last.point));
  }
  std::optional<MetricViews> do_views() override {
    if (!learnt_) return before_.empty() ? std::nullopt : std::optional(before_);
    MetricViews views;
    for (std::size_t m = 0; m < models_.size(); ++m) {
      views.push_back(models_[m].view());
      if (!before_.empty()) views.back().mean += before_[m].mean;
    }
    return views;
  }
  std::optional<Eigen::VectorXd> do_left_out(std::size_t metric) override {
    if (!learnt_) return {};
    return models_[metric].left_out();
  }

  MetricViews before_;
  std::vector<PureModel> models_;
  bool learnt_ = false;
};

// How the measured latency and energy are counted where a space has an axis of batches: a table of
// somebody else's need not say.
struct BatchSense {
  double latency = 1;  // latency = time of an inference x batch^latency
  double energy = 0;
};
constexpr std::array kBatchSenses = {BatchSense{1, 0}, BatchSense{0, 0}, BatchSense{1, 1}};
// Until then the sense is asked of the data, if it has to be.
constexpr std::size_t kSenseKnown = 24;

class PhysicsSearchModel final : public SearchModel {
 public:
  PhysicsSearchModel(const SearchSpace& space, const Physics& physics,
                     const std::vector<Metric>& metrics, double noise)
      : physics_(physics),
        metrics_(metrics),
        prior_(extended(usual_physics(), physics.words())),
        model_(space, physics, prior_, {.noise = noise}) {
    for (const Metric metric : metrics)
      if (metric == Metric::memory || metric == Metric::temperature) others_ = true;
    if (others_) pure_ = std::make_unique<PureSearchModel>(space, metrics.size(), noise);
  }

 private:
  std::vector<PhysicalRun> runs_in(const std::vector<ModelRun>& runs,
                                   const BatchSense& sense) const {
    std::vector<PhysicalRun> found;
    for (const ModelRun& run : runs) {
      if (!run.log_energy || (!run.log_latency && !run.log_time)) continue;
      const double log_batch = physics_.log_batch(run.point);
      found.push_back({run.point,
                       run.log_time ? *run.log_time : *run.log_latency - sense.latency * log_batch,
                       *run.log_energy - sense.energy * log_batch});
    }
    return found;
  }

  // The sense that makes the runs most probable.
  void choose_sense(const std::vector<ModelRun>& runs) {
    const bool told = runs.back().log_time.has_value();
    if (!physics_.has_batches() || told || runs.size() > kSenseKnown) return;
    double least = 0;
    for (const BatchSense& sense : kBatchSenses) {
      const auto own = runs_in(runs, sense);
      if (own.empty()) return;
      const double misfit = fit_physics(physics_, prior_, own, 0.02, prior_.mean).objective;
      // Another than the usual one has to be a good deal better.
      const double handicap = &sense == &kBatchSenses.front() ? 0 : 4;
      if (&sense != &kBatchSenses.front() && misfit + handicap >= least) continue;
      least = misfit + handicap;
      sense_ = sense;
    }
  }

  void do_learn(const std::vector<ModelRun>& runs) override {
    choose_sense(runs);
    const auto own = runs_in(runs, sense_);
    complete_ = own.size() == runs.size();
    if (!own.empty()) model_.learn(own);
    learn_ratios(runs);
    if (pure_) pure_->learn(runs);
  }
  void do_add(const std::vector<ModelRun>& runs) override {
    const auto own = runs_in({runs.back()}, sense_);
    complete_ = complete_ && !own.empty();
    if (!own.empty() && model_.count() > 0) model_.add(own.front());
    learn_ratios(runs);
    if (pure_) pure_->add(runs);
  }

  // Of a metric over the one that physics has: a percentile over the mean.
  void learn_ratios(const std::vector<ModelRun>& runs) {
    ratios_.assign(metrics_.size(), {});
    for (std::size_t m = 0; m < metrics_.size(); ++m) {
      const bool percentile =
          metrics_[m] == Metric::latency_p95 || metrics_[m] == Metric::latency_p99;
      double sum = 0, squares = 0, count = 0;
      for (const ModelRun& run : runs) {
        if (!percentile || !run.log_latency) continue;
        const double ratio = run.logs[m] - *run.log_latency;
        sum += ratio;
        squares += ratio * ratio;
        ++count;
      }
      if (count == 0) continue;
      ratios_[m].mean = sum / count;
      ratios_[m].variance = std::max(0.0, squares / count - ratios_[m].mean * ratios_[m].mean);
    }
  }

  LogView view_of(std::size_t m, const LogView& energy, const LogView& time) const {
    const auto with_batches = [&](LogView view, double power) {
      if (physics_.has_batches() && power != 0)
        for (Eigen::Index p = 0; p < view.mean.size(); ++p)
          view.mean[p] += static_cast<float>(power * physics_.log_batch(static_cast<GridPoint>(p)));
      return view;
    };
    switch (metrics_[m]) {
      case Metric::energy: return with_batches(energy, sense_.energy);
      case Metric::time: return time;
      case Metric::power: {
        LogView view{energy.mean - time.mean, {}};
        view.sd = (energy.sd.array().square() + time.sd.array().square()).sqrt();
        return view;
      }
      default: break;
    }
    LogView view = with_batches(time, sense_.latency);
    view.mean.array() += static_cast<float>(ratios_[m].mean);
    view.sd = (view.sd.array().square() + static_cast<float>(ratios_[m].variance)).sqrt();
    return view;
  }

  std::optional<MetricViews> do_views() override {
    if (model_.count() == 0) return {};
    const LogView energy = model_.energy(), time = model_.time();
    std::optional<MetricViews> others = pure_ ? pure_->views() : std::nullopt;
    MetricViews views;
    for (std::size_t m = 0; m < metrics_.size(); ++m) {
      const bool other = metrics_[m] == Metric::memory || metrics_[m] == Metric::temperature;
      if (other && !others) return {};
      views.push_back(other ? (*others)[m] : view_of(m, energy, time));
    }
    return views;
  }

  std::optional<Eigen::VectorXd> do_left_out(std::size_t metric) override {
    if (!complete_ || model_.count() == 0) return {};
    if (metrics_[metric] == Metric::energy) return model_.left_out_energy();
    if (metrics_[metric] == Metric::latency || metrics_[metric] == Metric::time)
      return model_.left_out_time();
    return {};
  }

  struct Ratio {
    double mean = 0, variance = 0;
  };
  const Physics& physics_;
  std::vector<Metric> metrics_;
  PhysicalPrior prior_;
  PhysicsModel model_;
  BatchSense sense_;
  bool others_ = false, complete_ = true;
  std::vector<Ratio> ratios_;
  std::unique_ptr<PureSearchModel> pure_;
};

}  // namespace

std::unique_ptr<SearchModel> pure_search_model(const SearchSpace& space,
                                               const std::vector<Metric>& metrics, double noise) {
  return std::make_unique<PureSearchModel>(space, metrics.size(), noise);
}

std::unique_ptr<SearchModel> physics_search_model(const SearchSpace& space, const Physics& physics,
                                                  const std::vector<Metric>& metrics,
                                                  double noise) {
  return std::make_unique<PhysicsSearchModel>(space, physics, metrics, noise);
}

std::unique_ptr<SearchModel> prior_search_model(const SearchSpace& space,
                                                const std::vector<Metric>& metrics, double noise,
                                                const std::vector<PriorProbe>& prior) {
  MetricViews before;
  for (const Metric metric : metrics) {
    std::vector<GridPoint> points;
    std::vector<double> logs;
    double variance = 0;
    for (const PriorProbe& known : prior) {
      const auto& value = at(known.probe.metrics, metric);
      if (!known.probe.failure.empty() || !value || !(*value > 0)) continue;
      points.push_back(known.probe.point);
      logs.push_back(std::log(*value));
      variance += known.log_sd * known.log_sd;
    }
    if (points.empty()) return nullptr;
    const double doubt = std::sqrt(variance / static_cast<double>(points.size()));
    // What is known may be a whole map: a process takes a few hundred points of it.
    constexpr std::size_t kMost = 300;
    const std::size_t stride = (points.size() + kMost - 1) / kMost;
    std::vector<GridPoint> some;
    std::vector<double> some_logs;
    for (std::size_t i = 0; i < points.size(); i += stride) {
      some.push_back(points[i]);
      some_logs.push_back(logs[i]);
    }
    PureModel model(space, std::max(0.003, noise));
    model.learn(some, some_logs);
    LogView view = model.view();
    view.sd = (view.sd.array().square() + static_cast<float>(doubt * doubt)).sqrt();
    before.push_back(std::move(view));
  }
  return std::make_unique<PureSearchModel>(space, metrics.size(), noise, std::move(before));
}

}  // namespace isojoule
