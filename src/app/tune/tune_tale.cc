#include "app/tune/tune_tale.h"

#include <algorithm>
#include <chrono>
#include <tuple>

namespace isojoule {
namespace {

// Adds the time until it goes.
class Stopwatch {
 public:
  explicit Stopwatch(double& sum) : sum_(sum) {}
  ~Stopwatch() {
    sum_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& sum_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

bool was_measured_again(const std::vector<CandidateRun>& runs) {
  return std::any_of(runs.begin(), runs.end(), [](const auto& run) { return run.block > 0; });
}

}  // namespace

Result<std::unique_ptr<TuneTale>> TuneTale::make(const SearchSpace& space, Goal& goal,
                                                 const std::string& optimiser,
                                                 const SearchOptions& options) {
  ISOJOULE_TRY(const OptimiserKind* kind, find_optimiser(optimiser));
  std::unique_ptr<TuneTale> tale(new TuneTale(space, goal));
  for (const Probe& probe : options.warm)
    if (probe.failure.empty() && !tale->referred_) {
      goal.cost.set_reference(probe.metrics);
      tale->referred_ = true;
    }
  // What was known before counts like a probe of this search: it may be what is recommended.
  for (const Probe& probe : options.warm) tale->remember(probe, 0);
  Stopwatch watch(tale->decide_s_);
  ISOJOULE_TRY(tale->optimiser_, kind->make(space, goal, options));
  return tale;
}

std::optional<Question> TuneTale::ask() {
  const Stopwatch watch(decide_s_);
  return optimiser_->ask();
}

void TuneTale::take(const Probe& probe, std::int64_t block) {
  if (probe.failure.empty() && !referred_) {
    goal_.cost.set_reference(probe.metrics);
    referred_ = true;
  }
  remember(probe, block);
  const Stopwatch watch(decide_s_);
  optimiser_->tell(probe);
}

void TuneTale::remember(const Probe& probe, std::int64_t block) {
  log_.add(probe);
  if (probe.failure.empty()) runs_[probe.point].push_back({block, probe.metrics});
}

const SearchStep& TuneTale::tell(Question question, const Probe& probe) {
  take(probe, 0);
  steps_.push_back({std::move(question), probe, recommend()});
  return steps_.back();
}

void TuneTale::tell_out(GridPoint point, const std::string& why) {
  Probe probe;
  probe.point = point;
  probe.failure = why;
  probe.definite = true;
  take(probe, 0);
}

void TuneTale::tell_again(const Probe& probe, std::int64_t block) { take(probe, block); }

void TuneTale::tell_governors(const Setting& setting, const std::string& baseline,
                              std::int64_t block, const Metrics& metrics) {
  governors_[{baseline, setting}].push_back({block, metrics});
}

std::optional<Answer> TuneTale::recommend() {
  const Stopwatch watch(decide_s_);
  return optimiser_->recommend();
}

std::vector<GridPoint> TuneTale::finalists(std::size_t most) {
  std::vector<std::tuple<double, double, GridPoint>> order;
  for (const GridPoint point : log_.points()) {
    const auto beyond = goal_.beyond(*log_.mean(point));
    const auto cost = log_.cost(point);
    if (beyond && cost) order.emplace_back(*beyond, *cost, point);
  }
  std::sort(order.begin(), order.end());
  std::vector<GridPoint> points;
  if (const auto answer = recommend()) points.push_back(answer->point);
  for (const auto& [beyond, cost, point] : order)
    if (points.size() < most && std::find(points.begin(), points.end(), point) == points.end())
      points.push_back(point);
  if (points.size() > most) points.resize(most);
  return points;
}

std::vector<TuneCandidate> TuneTale::candidates(std::size_t most) {
  std::vector<TuneCandidate> made;
  for (const auto& [point, runs] : runs_)
    if (was_measured_again(runs))
      made.push_back(tune_candidate(goal_, space_.setting(point), "", runs));
  return made.empty() ? best_of_all(std::max<std::size_t>(1, most)) : made;
}

std::vector<TuneCandidate> TuneTale::best_of_all(std::size_t most) {
  std::vector<TuneCandidate> made;
  for (const GridPoint point : finalists(most))
    made.push_back(tune_candidate(goal_, space_.setting(point), "", runs_[point]));
  return made;
}

std::vector<TuneCandidate> TuneTale::governors() const {
  std::vector<TuneCandidate> again, once;
  for (const auto& [key, runs] : governors_) {
    const auto& [baseline, setting] = key;
    (was_measured_again(runs) ? again : once)
        .push_back(tune_candidate(goal_, setting, baseline, runs));
  }
  again.insert(again.end(), once.begin(), once.end());
  return again;
}

}  // namespace isojoule
