#include "optimise/model_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace isojoule {

using Eigen::Index;
using Eigen::VectorXf;

namespace {

constexpr double kLeastNoise = 0.003;   // no board repeats itself better
constexpr std::size_t kRivalsFrom = 4;  // runs, before which left-out densities tell nothing
constexpr double kLeastWeight = 0.05;
constexpr double kMostOfOneRun = 5;  // nats that one run may speak for a model
constexpr float kElsewhere = 0.2F;   // of a run here, where another board's tells what runs
constexpr float kSure = 0.5F;        // of meeting the limits, to be recommended
// Of each clock's highest, where the least energy of other boards' networks was about.
constexpr double kAnchorCpu = 0.45, kAnchorGpu = 0.65, kAnchorCap = 0.6;

double anchor_share(AxisRole role) {
  switch (role) {
    case AxisRole::cpu_clock: return kAnchorCpu;
    case AxisRole::gpu_clock: return kAnchorGpu;
    case AxisRole::cap: return kAnchorCap;
    default: return 1;
  }
}

std::optional<double> log_of(const Probe& probe, Metric metric) {
  const auto& value = at(probe.metrics, metric);
  if (!value || !(*value > 0) || !std::isfinite(*value)) return {};
  return std::log(*value);
}

}  // namespace

ModelSearch::ModelSearch(const SearchSpace& space, const Goal& goal, const SearchOptions& options,
                         const ModelSearchOptions& model_options)
    : space_(space),
      goal_(goal),
      options_(options),
      choice_(model_options),
      log_(space_, goal_),
      runnable_(space),
      physics_(space),
      metrics_(goal.metrics()) {
  options_.noise = std::max(kLeastNoise, options.noise);
  make_models();
  for (const PriorProbe& known : options_.prior) {
    if (known.probe.failure.empty())
      runnable_.ran(known.probe.point, kElsewhere);
    else
      runnable_.failed(known.probe.point, kElsewhere);
  }
  for (const Probe& probe : options_.warm) tell(probe);
}

void ModelSearch::make_models() {
  if (choice_.physics && physics_.says_anything())
    models_.push_back(physics_search_model(space_, physics_, metrics_, options_.noise));
  if (choice_.pure || models_.empty())
    models_.push_back(pure_search_model(space_, metrics_, options_.noise));
  if (auto model = prior_search_model(space_, metrics_, options_.noise, options_.prior)) {
    models_.push_back(std::move(model));
    knows_beforehand_ = true;
  }
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
    if (sum > most) {
      most = sum;
      best = p;
    }
  }
  return best;
}

double ModelSearch::apart_from_anchor(GridPoint point) const {
  double apart = 0;
  const std::size_t axes = space_.axes().size();
  for (std::size_t a = 0; a < axes; ++a) {
    const AxisRole role = role_of(space_.axes()[a]);
    const double own = space_.coordinates()[static_cast<std::size_t>(point) * axes + a];
    if (role != AxisRole::words) apart += std::abs(own - std::log(anchor_share(role)));
  }
  return apart;
}

bool ModelSearch::bounds_latency() const {
  return std::any_of(goal_.limits.begin(), goal_.limits.end(), [](const Limit& limit) {
    return limit.metric == Metric::latency || limit.metric == Metric::latency_p95 ||
           limit.metric == Metric::latency_p99 || limit.metric == Metric::time;
  });
}

// One that was not tried and is not known to fail; nothing: there is none.
std::optional<Question> ModelSearch::draw() {
  std::vector<GridPoint> left;
  for (GridPoint p = 0; p < space_.size(); ++p)
    if (log_.may_run(p) && log_.count(p) == 0) left.push_back(p);
  if (left.empty()) return {};
  // Of the number of answers alone, so that a search whose answers are told again goes on alike.
  Random random(seed_for(options_.seed, fmt::format("draw {}", log_.probes().size())));
  return Question{left[random.below(left.size())], "drawn at random"};
}

// Before any run: where it is likely to be good; after failures also likely to run.
std::optional<Question> ModelSearch::first() {
  if (log_.probes().empty() && bounds_latency())
    return Question{highest(), "the fastest: does it keep the limit?"};
  const VectorXf runs = runnable_.probability().cwiseAbs2();
  std::optional<GridPoint> best;
  double most = 0;
  for (GridPoint p = 0; p < space_.size(); ++p) {
    if (!log_.may_run(p)) continue;
    const double score = double{runs[p]} * std::exp(-0.3 * apart_from_anchor(p));
    if (best && score <= most) continue;
    best = p;
    most = score;
  }
  if (!best) return {};
  return Question{*best, "where other boards have their least"};
}

VectorXf ModelSearch::gains(GridPoint incumbent) const {
  VectorXf score = VectorXf::Zero(space_.size());
  for (const Belief& belief : beliefs_) {
    VectorXf gain = expected_improvement(belief.cost, double{belief.cost.mean[incumbent]});
    // Less where a look would tell little beside its own noise (augmented: D. Huang et al., J.
    // Global Optim. 34, 2006): without it the best is asked again and again.
    const auto noise = static_cast<float>(options_.noise);
    gain.array() *= 1 - noise / (belief.cost.sd.array().square() + noise * noise).sqrt();
    // A broken limit is a probe lost, and on a service a deadline: more than in proportion.
    gain.array() *= belief.met.array().square().square();
    score += static_cast<float>(belief.weight) * gain;
  }
  return score.cwiseProduct(runnable_.probability().cwiseAbs2());
}

// While nothing that was measured meets the limits: how likely each setting is to, the cheaper
// first among the likely ones; where none has a chance, the nearest to the limits that was not
// tried.
VectorXf ModelSearch::chances() const {
  constexpr float kChance = 0.01F;
  const float cheaper = goal_.limits.empty() ? 10 : 0.2F;
  const VectorXf cost = blended_cost();
  const float lowest = cost.minCoeff(), width = std::max(1e-6F, cost.maxCoeff() - lowest);
  VectorXf score = blended_met();
  score.array() *= 1 + cheaper * (1 - (cost.array() - lowest) / width);
  if (score.maxCoeff() < kChance) {
    score.setZero();
    for (const Belief& belief : beliefs_)
      score +=
          static_cast<float>(belief.weight) * belief.inside.cwiseMax(-30).array().exp().matrix();
    for (const GridPoint point : log_.points()) score[point] *= 1e-6F;
  }
  return score.cwiseProduct(runnable_.probability().cwiseAbs2());
}

std::optional<Question> ModelSearch::do_ask() {
  if (open_) return open_;
  if (std::ssize(log_.probes()) < choice_.random_first) {
    open_ = draw();
    if (open_) return open_;
  }
  if (beliefs_.empty()) believe();
  if (beliefs_.empty()) {
    open_ = first();
    return open_;
  }
  const auto incumbent = best_measured();
  const bool met = incumbent && log_.meets(*incumbent);
  VectorXf score = met ? gains(*incumbent) : chances();
  for (GridPoint p = 0; p < space_.size(); ++p)
    if (!log_.may_run(p)) score[p] = -1;
  Index point = 0;
  const float most = score.maxCoeff(&point);
  if (most < 0) return {};  // nothing can run
  std::string why = met ? fmt::format("expected gain {:.2g} %", 100 * most)
                        : std::string("most likely to keep the limits");
  if (goal_.limits.empty() && !met) why = "the least that is foretold";
  open_ = Question{static_cast<GridPoint>(point), std::move(why)};
  return open_;
}

void ModelSearch::do_tell(const Probe& probe) {
  open_.reset();
  log_.add(probe);
  beliefs_.clear();
  if (!probe.failure.empty()) return runnable_.failed(probe.point);
  runnable_.ran(probe.point);
  ModelRun run{probe.point,
               {},
               log_of(probe, Metric::energy),
               log_of(probe, Metric::latency),
               log_of(probe, Metric::time)};
  for (const Metric metric : metrics_) {
    const auto log = log_of(probe, metric);
    if (!log) return;  // nothing that this goal can use
    run.logs.push_back(*log);
  }
  runs_.push_back(std::move(run));
  const bool anew = is_time_to_learn(runs_.size());
  for (const auto& model : models_) {
    if (anew)
      model->learn(runs_);
    else
      model->add(runs_);
  }
}

// Each model's share, from what it says of runs that it was not shown.
std::vector<double> ModelSearch::weights(std::size_t count) {
  if (count == 1 || runs_.size() < kRivalsFrom) {
    // With few runs what is known beforehand goes before what knows nothing.
    std::vector<double> first(count, 0);
    first[knows_beforehand_ ? count - 1 : 0] = 1;
    return first;
  }
  if (weights_.size() != count || is_time_to_learn(runs_.size())) weights_ = compared();
  return weights_;
}

std::vector<double> ModelSearch::compared() {
  const std::size_t count = models_.size();
  std::vector<double> densities(count, 0);
  const auto& of_cost = goal_.cost.metrics();
  for (std::size_t m = 0; m < metrics_.size(); ++m) {
    if (std::find(of_cost.begin(), of_cost.end(), metrics_[m]) == of_cost.end()) continue;
    std::vector<Eigen::VectorXd> own;
    for (std::size_t i = 0; i < count; ++i)
      if (auto found = models_[i]->left_out(m)) own.push_back(std::move(*found));
    if (own.size() < count) continue;
    for (std::size_t i = 0; i < count; ++i)
      densities[i] += (own[i] - own[0]).cwiseMin(kMostOfOneRun).cwiseMax(-kMostOfOneRun).sum();
  }
  const double most = *std::max_element(densities.begin(), densities.end());
  double sum = 0;
  for (double& density : densities)
    sum += density = std::max(kLeastWeight, std::exp(std::max(-30.0, density - most)));
  for (double& density : densities) density /= sum;
  return densities;
}

void ModelSearch::believe() {
  std::vector<MetricViews> views;
  std::vector<std::size_t> who;
  for (std::size_t i = 0; i < models_.size(); ++i)
    if (auto own = models_[i]->views()) {
      views.push_back(std::move(*own));
      who.push_back(i);
    }
  const std::vector<double> shares =
      views.size() == models_.size()
          ? weights(views.size())
          : std::vector<double>(views.size(),
                                1.0 / static_cast<double>(std::max<std::size_t>(1, views.size())));
  for (std::size_t i = 0; i < views.size(); ++i)
    if (shares[i] > 0)
      beliefs_.push_back({shares[i], cost_view(goal_, views[i]), probability_met(goal_, views[i]),
                          margin_inside(goal_, views[i])});
}

VectorXf ModelSearch::blended_cost() const {
  VectorXf cost = VectorXf::Zero(space_.size());
  for (const Belief& belief : beliefs_)
    cost += static_cast<float>(belief.weight) * belief.cost.mean;
  return cost;
}

VectorXf ModelSearch::blended_met() const {
  VectorXf met = VectorXf::Zero(space_.size());
  for (const Belief& belief : beliefs_) met += static_cast<float>(belief.weight) * belief.met;
  return met;
}

// By what the models make of all measurements together: one lucky reading does not win. Of those
// that were seen to meet the limits, first those that the models believe to.
std::optional<GridPoint> ModelSearch::best_measured() const {
  if (beliefs_.empty()) return log_.best();
  const VectorXf cost = blended_cost(), met = blended_met();
  std::optional<GridPoint> best;
  bool best_sure = false;
  for (const GridPoint point : log_.points()) {
    if (!log_.meets(point) || !log_.cost(point) || log_.is_out(point)) continue;
    const bool sure = met[point] >= kSure;
    if (best && (sure < best_sure || (sure == best_sure && cost[point] >= cost[*best]))) continue;
    best = point;
    best_sure = sure;
  }
  return best ? best : log_.best();
}

std::optional<Answer> ModelSearch::do_recommend() {
  if (beliefs_.empty()) believe();
  const auto best = best_measured();
  if (!best) return {};
  Answer answer;
  answer.point = *best;
  answer.certain = log_.meets(*best);
  answer.cost = log_.cost(*best).value_or(0);
  if (beliefs_.empty()) return answer;
  answer.cost = std::exp(double{blended_cost()[*best]});
  double sd = 0, gain = 0;
  for (const Belief& belief : beliefs_) {
    sd += belief.weight * double{belief.cost.sd[*best]};
    VectorXf own = expected_improvement(belief.cost, double{belief.cost.mean[*best]});
    own.array() *= belief.met.array();
    for (const GridPoint point : log_.points()) own[point] = 0;
    gain += belief.weight * double{own.maxCoeff()};
  }
  answer.log_sd = sd;
  answer.expected_gain = gain;
  return answer;
}

}  // namespace isojoule
