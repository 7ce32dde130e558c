#include "optimise/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <mutex>
#include <thread>

#include "optimise/search.h"

namespace isojoule {
namespace {

struct Job {
  const OptimiserKind* kind;
  const TruthGrid* grid;
  const Goal* goal;
  double least;  // cost
  std::uint64_t seed;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

float regret_of(const Job& job, const std::optional<Answer>& answer) {
  constexpr float none = std::numeric_limits<float>::infinity();
  if (!answer) return none;
  const Metrics& truth = job.grid->truth[static_cast<std::size_t>(answer->point)];
  const auto cost = job.goal->cost.of(truth);
  if (!cost || !job.goal->met(truth)) return none;
  return static_cast<float>(*cost / job.least - 1);
}

std::int64_t probes_to_stay(const std::vector<float>& regrets, double most) {
  auto last_above = std::find_if(regrets.rbegin(), regrets.rend(), [&](float regret) {
    return !(regret <= static_cast<float>(most));
  });
  const std::int64_t first = std::distance(last_above, regrets.rend()) + 1;
  return first > std::ssize(regrets) ? 0 : first;
}

void count_probe(const Job& job, const Probe& probe, SearchScore& score) {
  ++score.made;
  score.seconds += probe.seconds;
  score.joules += probe.joules;
  if (!probe.failure.empty()) ++score.failed;
  // By the truth: a probe that noise alone puts beyond the limit is not the optimiser's fault.
  else if (!job.goal->met(job.grid->truth[static_cast<std::size_t>(probe.point)]))
    ++score.beyond;
}

Result<SearchScore> search_once(const Job& job, const JudgeOptions& options) {
  SearchScore score{
      std::string(job.kind->name), job.grid->name, job.seed, {}, {}, 0, 0, 0, 0, 0, 0};
  GridEvaluator evaluator(*job.grid, options.noise, job.seed);
  SearchOptions own;
  own.seed = job.seed;
  own.budget = options.budget;
  own.noise = options.noise.energy;
  auto begin = std::chrono::steady_clock::now();
  ISOJOULE_TRY(const auto optimiser, job.kind->make(job.grid->space, *job.goal, own));
  while (score.made < options.budget) {
    const auto question = optimiser->ask();
    score.decide_s += seconds_since(begin);
    if (!question) break;
    ISOJOULE_TRY(const Probe probe, evaluator.measure(question->point));
    count_probe(job, probe, score);
    begin = std::chrono::steady_clock::now();
    optimiser->tell(probe);
    score.regrets.push_back(regret_of(job, optimiser->recommend()));
  }
  for (std::size_t i = 0; i < kRegrets.size(); ++i)
    score.probes[i] = probes_to_stay(score.regrets, kRegrets[i]);
  return score;
}

// Threads take jobs in turn; each has a goal of its own, as a cost expression is one thread's.
class Judgement {
 public:
  Judgement(const std::vector<Job>& jobs, const JudgeOptions& options,
            const std::atomic<bool>& interrupted,
            const std::function<void(std::size_t, std::size_t)>& progress)
      : jobs_(jobs),
        options_(options),
        interrupted_(interrupted),
        progress_(progress),
        scores_(jobs.size()) {}

  Result<std::vector<SearchScore>> run() {
    std::vector<std::thread> threads;
    for (int t = 0; t < std::max(1, options_.threads); ++t)
      threads.emplace_back([this] { work(); });
    for (std::thread& thread : threads) thread.join();
    if (error_) return tl::unexpected(*error_);
    if (interrupted_.load())
      return fail(ErrorKind::interrupted, "stopped before the last search", "Start it again");
    return std::move(scores_);
  }

 private:
  void work() {
    for (std::size_t i = next_++; i < jobs_.size() && !interrupted_.load(); i = next_++) {
      Job job = jobs_[i];
      auto goal = goal_of(*job.grid, options_);
      if (!goal) return stop(goal.error());
      job.goal = &*goal;
      auto score = search_once(job, options_);
      if (!score) return stop(score.error());
      scores_[i] = std::move(*score);
      const std::lock_guard lock(mutex_);
      ++done_;
      if (progress_) progress_(done_, jobs_.size());
    }
  }

  void stop(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
    next_ = jobs_.size();
  }

  const std::vector<Job>& jobs_;
  const JudgeOptions& options_;
  const std::atomic<bool>& interrupted_;
  const std::function<void(std::size_t, std::size_t)>& progress_;
  std::vector<SearchScore> scores_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::size_t done_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<Goal> goal_of(const TruthGrid& grid, const JudgeOptions& options) {
  ISOJOULE_TRY(CostFunction cost, CostFunction::parse(options.cost));
  Goal goal{std::move(cost), {}};
  // One for all searches of a grid, whatever they ask first.
  for (const Metrics& metrics : grid.truth)
    if (goal.cost.needs_reference()) goal.cost.set_reference(metrics);
  if (options.allowed_share >= 1) return goal;
  std::vector<double> latencies;
  for (const Metrics& metrics : grid.truth)
    if (const auto& latency = at(metrics, Metric::latency)) latencies.push_back(*latency);
  if (latencies.empty())
    return fail(ErrorKind::invalid, grid.name + " has no latencies to limit",
                "Judge it without a limit");
  std::sort(latencies.begin(), latencies.end());
  const auto allowed = std::max<std::size_t>(
      1, static_cast<std::size_t>(
             std::floor(options.allowed_share * static_cast<double>(latencies.size()))));
  const double most = latencies[std::min(allowed, latencies.size()) - 1] * (1 + 1e-9);
  goal.limits.push_back({Metric::latency, most, fmt::format("latency<{:.4g}s", most)});
  return goal;
}

Result<std::vector<SearchScore>> judge(
    const std::vector<const OptimiserKind*>& kinds, const std::vector<TruthGrid>& grids,
    const JudgeOptions& options, const std::atomic<bool>& interrupted,
    const std::function<void(std::size_t, std::size_t)>& progress) {
  std::vector<Job> jobs;
  for (const OptimiserKind* kind : kinds)
    for (const TruthGrid& grid : grids) {
      ISOJOULE_TRY(const Goal goal, goal_of(grid, options));
      const auto least = least_cost(grid, goal);
      if (!least)
        return fail(ErrorKind::invalid, "no setting of " + grid.name + " meets the limits",
                    "Judge it under wider ones");
      for (std::int64_t seed = 1; seed <= options.seeds; ++seed)
        jobs.push_back({kind, &grid, nullptr, *least, static_cast<std::uint64_t>(seed)});
    }
  return Judgement(jobs, options, interrupted, progress).run();
}

std::optional<std::int64_t> probes_quantile(const std::vector<SearchScore>& scores,
                                            std::size_t regret, double q) {
  constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  std::vector<std::int64_t> counts;
  for (const SearchScore& score : scores)
    counts.push_back(score.probes[regret] == 0 ? never : score.probes[regret]);
  if (counts.empty()) return {};
  std::sort(counts.begin(), counts.end());
  // The smallest count that at least the share q of the searches keep.
  const auto place = static_cast<std::size_t>(std::ceil(q * static_cast<double>(counts.size())));
  const std::int64_t count = counts[std::clamp<std::size_t>(place, 1, counts.size()) - 1];
  if (count == never) return {};
  return count;
}

}  // namespace isojoule
