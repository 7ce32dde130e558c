#include "optimise/model_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace isojoule {

using Eigen::Index;
using Eigen::VectorXf;

namespace {

constexpr double kLeastNoise = 0.003;   // no board repeats itself better
constexpr std::int64_t kRivalFrom = 4;  // runs, before which left-out densities tell nothing
constexpr double kLeastWeight = 0.05;
// Of each clock's highest, where the least energy of other boards' networks was about.
constexpr double kAnchorCpu = 0.45, kAnchorGpu = 0.65;

}  // namespace

ModelSearch::ModelSearch(const SearchSpace& space, const Goal& goal, const SearchOptions& options,
                         const ModelSearchOptions& model_options)
    : space_(space),
      goal_(goal),
      options_(options),
      models_(model_options),
      log_(space_, goal_),
      random_(seed_for(options.seed, "model search")),
      physics_(space),
      metrics_(goal.metrics()) {
  options_.noise = std::max(kLeastNoise, options.noise);
  models_.physics = models_.physics && physics_.says_anything();
  models_.pure = models_.pure || !models_.physics;
  for (std::size_t m = 0; m < metrics_.size(); ++m)
    pure_models_.emplace_back(space, options_.noise);
  logs_.resize(metrics_.size());
  if (models_.physics)
    physics_model_.emplace(space, physics_, extended(usual_physics(), physics_.words()),
                           PhysicsModel::Options{.noise = options_.noise});
  for (const Probe& probe : options_.warm) tell(probe);
}

GridPoint ModelSearch::highest() const {
  GridPoint best = 0;
  float most = -1e30F;
  const std::size_t axes = space_.axes().size();
  for (GridPoint p = 0; p < space_.size(); ++p) {
    float sum = 0;
    for (std::size_t a = 0; a < axes; ++a) {
      const AxisRole role = role_of(space_.axes()[a]);
      const float own = space_.coordinates()[static_cast<std::size_t>(p) * axes + a];
      // A latency is shortest with the smallest batch and everything else at its most.
      sum += role == AxisRole::batch ? -own : role == AxisRole::words ? 0 : own;
    }
    if (sum > most && !log_.is_out(p)) {
      most = sum;
      best = p;
    }
  }
  return best;
}

GridPoint ModelSearch::anchor() const {
  GridPoint best = 0;
  double least = 1e30;
  const std::size_t axes = space_.axes().size();
  for (GridPoint p = 0; p < space_.size(); ++p) {
    double apart = 0;
    for (std::size_t a = 0; a < axes; ++a) {
      const AxisRole role = role_of(space_.axes()[a]);
      const double own = space_.coordinates()[static_cast<std::size_t>(p) * axes + a];
      const double share = role == AxisRole::cpu_clock   ? kAnchorCpu
                           : role == AxisRole::gpu_clock ? kAnchorGpu
                           : role == AxisRole::cap       ? 0.6
                                                         : 1;
      if (role != AxisRole::words) apart += std::abs(own - std::log(share));
    }
    if (apart < least && !log_.is_out(p)) {
      least = apart;
      best = p;
    }
  }
  return best;
}

Question ModelSearch::first() const {
  const bool bounded =
      std::any_of(goal_.limits.begin(), goal_.limits.end(), [](const Limit& limit) {
        return limit.metric == Metric::latency || limit.metric == Metric::latency_p95 ||
               limit.metric == Metric::latency_p99 || limit.metric == Metric::time;
      });
  if (bounded) return {highest(), "the fastest: does it keep the limit?"};
  return {anchor(), "where other boards have their least"};
}

std::optional<Question> ModelSearch::do_ask() {
  if (open_) return open_;
  const auto tried = std::ssize(log_.probes());
  if (tried < models_.random_first) {
    const auto point = static_cast<GridPoint>(random_.below(static_cast<std::uint64_t>(space_.size())));
    open_ = Question{point, "drawn at random"};
    return open_;
  }
  if (points_.empty()) {
    open_ = first();
    return open_;
  }
  if (beliefs_.empty()) believe();
  const VectorXf cost = blended_cost();
  const auto incumbent = best_measured(cost);
  VectorXf score = VectorXf::Zero(space_.size());
  for (const Belief& belief : beliefs_) {
    VectorXf gain = incumbent && log_.meets(*incumbent)
                        ? expected_improvement(belief.cost, double{belief.cost.mean[*incumbent]})
                        : VectorXf::Constant(space_.size(), 1.0F);
    gain.array() *= belief.met.array().square();  // a broken limit is a probe lost, and a deadline
    score += static_cast<float>(belief.weight) * gain;
  }
  for (GridPoint p = 0; p < space_.size(); ++p)
    if (log_.is_out(p)) score[p] = -1;
  Index point = 0;
  const float most = score.maxCoeff(&point);
  if (most < 0) return {};  // nothing can run
  open_ = Question{static_cast<GridPoint>(point),
                   incumbent ? fmt::format("expected gain {:.2g} %", 100 * most)
                             : "most likely to keep the limits"};
  return open_;
}

void ModelSearch::do_tell(const Probe& probe) {
  open_.reset();
  log_.add(probe);
  beliefs_.clear();
  if (!probe.failure.empty()) return;
  std::vector<double> logs;
  for (const Metric metric : metrics_) {
    const auto& value = at(probe.metrics, metric);
    if (!value || !(*value > 0)) return;  // nothing that this goal can use
    logs.push_back(std::log(*value));
  }
  points_.push_back(probe.point);
  for (std::size_t m = 0; m < metrics_.size(); ++m) logs_[m].push_back(logs[m]);
  const bool anew = is_time_to_learn(points_.size());
  for (std::size_t m = 0; m < metrics_.size() && models_.pure; ++m) {
    if (anew)
      pure_models_[m].learn(points_, logs_[m]);
    else
      pure_models_[m].add(probe.point, logs[m]);
  }
  const auto &energy = at(probe.metrics, Metric::energy),
             &latency = at(probe.metrics, Metric::latency);
  if (!physics_model_ || !energy || !latency || !(*energy > 0) || !(*latency > 0)) return;
  runs_.push_back(
      {probe.point, std::log(*latency) - physics_.log_batch(probe.point), std::log(*energy)});
  if (anew || physics_model_->count() == 0)
    physics_model_->learn(runs_);
  else
    physics_model_->add(runs_.back());
}

MetricViews ModelSearch::pure_views() {
  MetricViews views;
  for (const PureModel& model : pure_models_) views.push_back(model.view());
  return views;
}

// Energy and latency from physics; what else is asked for as it is beside them in the runs.
MetricViews ModelSearch::physics_views() {
  const LogView energy = physics_model_->energy(), time = physics_model_->time();
  MetricViews views;
  for (std::size_t m = 0; m < metrics_.size(); ++m) {
    const Metric metric = metrics_[m];
    LogView view = time;
    if (metric == Metric::energy) view = energy;
    if (metric == Metric::power) {
      view.mean = energy.mean - time.mean;
      view.sd = (energy.sd.array().square() + time.sd.array().square()).sqrt();
    }
    const bool of_batch =
        metric == Metric::latency || metric == Metric::latency_p95 || metric == Metric::latency_p99;
    if (of_batch)
      for (GridPoint p = 0; p < space_.size(); ++p)
        view.mean[p] += static_cast<float>(physics_.log_batch(p));
    if (metric == Metric::memory || metric == Metric::temperature) view = pure_models_[m].view();
    views.push_back(std::move(view));
  }
  return views;
}

// The pure model's share, from what each says of runs that it was not shown.
double ModelSearch::rival_weight() const {
  if (std::ssize(runs_) != std::ssize(points_) || std::ssize(runs_) < kRivalFrom) return 0;
  double difference = 0;
  for (std::size_t m = 0; m < metrics_.size(); ++m) {
    const bool of_cost = std::find(goal_.cost.metrics().begin(), goal_.cost.metrics().end(),
                                   metrics_[m]) != goal_.cost.metrics().end();
    if (!of_cost || (metrics_[m] != Metric::energy && metrics_[m] != Metric::latency)) continue;
    const Eigen::VectorXd pure = pure_models_[m].left_out();
    const Eigen::VectorXd own = metrics_[m] == Metric::energy ? physics_model_->left_out_energy()
                                                              : physics_model_->left_out_time();
    difference += (pure - own).cwiseMin(5).cwiseMax(-5).sum();
  }
  return std::clamp(1 / (1 + std::exp(-std::clamp(difference, -30.0, 30.0))), kLeastWeight,
                    1 - kLeastWeight);
}

void ModelSearch::believe() {
  beliefs_.clear();
  const double rival = !models_.physics || runs_.empty() ? 1 : models_.pure ? rival_weight() : 0;
  if (rival < 1) {
    const MetricViews views = physics_views();
    beliefs_.push_back({1 - rival, cost_view(goal_, views), probability_met(goal_, views)});
  }
  if (rival > 0) {
    const MetricViews views = pure_views();
    beliefs_.push_back({rival, cost_view(goal_, views), probability_met(goal_, views)});
  }
}

VectorXf ModelSearch::blended_cost() const {
  VectorXf cost = VectorXf::Zero(space_.size());
  for (const Belief& belief : beliefs_)
    cost += static_cast<float>(belief.weight) * belief.cost.mean;
  return cost;
}

// By what the models make of all measurements together: one lucky reading does not win.
std::optional<GridPoint> ModelSearch::best_measured(const VectorXf& cost) const {
  std::optional<GridPoint> best;
  for (const GridPoint point : log_.points()) {
    if (!log_.meets(point)) continue;
    if (!best || cost[point] < cost[*best]) best = point;
  }
  return best ? best : log_.best();
}

std::optional<Answer> ModelSearch::do_recommend() {
  if (points_.empty()) return {};
  if (beliefs_.empty()) believe();
  const VectorXf cost = blended_cost();
  const auto best = best_measured(cost);
  if (!best) return {};
  Answer answer;
  answer.point = *best;
  answer.cost = std::exp(double{cost[*best]});
  answer.certain = log_.meets(*best);
  double sd = 0, gain = 0;
  for (const Belief& belief : beliefs_) {
    sd += belief.weight * belief.cost.sd[*best];
    VectorXf own = expected_improvement(belief.cost, double{belief.cost.mean[*best]});
    own.array() *= belief.met.array();
    for (const GridPoint point : log_.points()) own[point] = 0;
    gain += belief.weight * own.maxCoeff();
  }
  answer.log_sd = sd;
  answer.expected_gain = gain;
  return answer;
}

}  // namespace isojoule
