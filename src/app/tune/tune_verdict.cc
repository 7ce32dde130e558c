#include "app/tune/tune_verdict.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace isojoule {
namespace {

Metrics geometric_mean(const std::vector<const Metrics*>& all) {
  Metrics mean;
  for (std::size_t m = 0; m < kMetrics; ++m) {
    double sum = 0;
    std::int64_t count = 0;
    // Degrees Celsius have no logarithm.
    const bool linear = static_cast<Metric>(m) == Metric::temperature;
    for (const Metrics* one : all)
      if ((*one)[m]) {
        sum += linear ? *(*one)[m] : std::log(*(*one)[m]);
        ++count;
      }
    if (count == 0) continue;
    const double middle = sum / static_cast<double>(count);
    mean[m] = linear ? middle : std::exp(middle);
  }
  return mean;
}

}  // namespace

TuneCandidate tune_candidate(const Goal& goal, Setting setting, std::string baseline,
                             const std::vector<CandidateRun>& runs) {
  TuneCandidate made;
  made.setting = std::move(setting);
  made.baseline = std::move(baseline);
  made.again = std::any_of(runs.begin(), runs.end(), [](const auto& run) { return run.block > 0; });
  std::vector<const Metrics*> counted;
  std::vector<double> logs;
  for (const CandidateRun& run : runs) {
    if (made.again && run.block == 0) continue;
    const auto cost = goal.cost.of(run.metrics);
    if (!cost) continue;
    counted.push_back(&run.metrics);
    if (!(*cost > 0)) continue;
    logs.push_back(std::log(*cost));
    if (made.again) made.log_costs[run.block] = logs.back();
  }
  made.runs = std::ssize(counted);
  made.mean = geometric_mean(counted);
  made.cost = goal.cost.of(made.mean);
  made.met = made.cost && goal.met(made.mean);
  if (logs.size() == counted.size() && !logs.empty())
    if (const auto bounds = student_interval(logs).bounds)
      made.cost_95 = Interval{std::exp(bounds->low), std::exp(bounds->high)};
  return made;
}

std::optional<TuneSaving> tune_saving(const TuneCandidate& best, const TuneCandidate& other) {
  if (!best.cost || !other.cost || !(*other.cost > 0)) return {};
  TuneSaving saving{1 - *best.cost / *other.cost, {}};
  std::vector<double> differences;
  for (const auto& [block, log] : best.log_costs)
    if (const auto found = other.log_costs.find(block); found != other.log_costs.end())
      differences.push_back(log - found->second);
  if (differences.empty()) return saving;
  saving.share = 1 - std::exp(mean_of(differences));
  if (const auto bounds = student_interval(differences).bounds)
    saving.share_95 = Interval{1 - std::exp(bounds->high), 1 - std::exp(bounds->low)};
  return saving;
}

Setting engine_part(const Setting& setting) {
  Setting part;
  for (const auto& [axis, value] : setting.values())
    if (is_engine_axis(axis)) part.set(axis, value);
  return part;
}

const TuneCandidate* governors_like(const TuneCandidate& best,
                                    const std::vector<TuneCandidate>& governors) {
  for (const TuneCandidate& one : governors)
    if (engine_part(one.setting) == engine_part(best.setting)) return &one;
  return nullptr;
}

std::optional<std::size_t> best_candidate(const Goal& goal,
                                          const std::vector<TuneCandidate>& candidates) {
  std::optional<std::size_t> best;
  std::tuple<double, double> least;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const TuneCandidate& one = candidates[i];
    const auto beyond = goal.beyond(one.mean);
    if (!one.cost || !beyond) continue;
    const std::tuple own(*beyond, *one.cost);
    if (best && !(own < least)) continue;
    best = i;
    least = own;
  }
  return best;
}

}  // namespace isojoule
