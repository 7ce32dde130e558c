#include "app/tune/recorded_search.h"

#include <fmt/format.h>

#include <chrono>

#include "app/tune/tune_goal.h"
#include "optimise/probe_log.h"

namespace isojoule {
namespace {

using WallClock = std::chrono::steady_clock;

// Knows how long it was asked for, so that the rest of the time is the optimiser's; gives the cost
// its reference before the optimiser sees the first run.
class ReferringEvaluator final : public Evaluator {
 public:
  ReferringEvaluator(Evaluator& inner, CostFunction& cost) : inner_(inner), cost_(cost) {}
  WallClock::duration spent() const { return spent_; }

 private:
  Result<Probe> do_measure(GridPoint point) override {
    const auto before = WallClock::now();
    auto probe = inner_.measure(point);
    if (probe && probe->failure.empty() && !referred_) {
      cost_.set_reference(probe->metrics);
      referred_ = true;
    }
    spent_ += WallClock::now() - before;
    return probe;
  }

  Evaluator& inner_;
  CostFunction& cost_;
  bool referred_ = false;
  WallClock::duration spent_{};
};

Status check_metrics(const Goal& goal, const RecordedGrid& board) {
  Metrics there;
  for (const Metrics& metrics : board.grid.truth)
    for (std::size_t m = 0; m < kMetrics; ++m)
      if (metrics[m]) there[m] = metrics[m];
  for (const Metric metric : goal.metrics()) {
    if (at(there, metric)) continue;
    const bool nameable =
        metric == Metric::energy || metric == Metric::latency || metric == Metric::power;
    return fail(
        ErrorKind::not_found,
        fmt::format("the goal is about {}, which was not taken from the table", name_of(metric)),
        nameable ? fmt::format("Name its column: --{} COLUMN", name_of(metric))
                 : "Of a table there are energy, latency and power");
  }
  return {};
}

void describe(const RecordedSearchRequest& request, RecordedSearch& search) {
  const SearchSpace& space = search.board.grid.space;
  search.notes = search.board.notes;
  if (request.noise == 0)
    search.notes.emplace_back("without noise: every look at a setting reads the same (--noise 2%)");
  const auto axes = std::ssize(space.axes());
  if (request.budget <= axes)
    search.notes.push_back(
        fmt::format("{} probes cannot show what each of {} axes does: what is recommended rests on "
                    "what other boards did",
                    request.budget, axes));
  if (search.exhausted && std::ssize(search.steps) < request.budget)
    search.notes.push_back(
        fmt::format("the optimiser had nothing more to ask after {} probes", search.steps.size()));
  if (!search.true_minimum)
    search.notes.emplace_back("no setting of the table keeps the limits: the nearest is named");
}

}  // namespace

Result<RecordedSearch> search_recorded(const RecordedSearchRequest& request) {
  ISOJOULE_TRY(Goal goal, tune_goal(request.minimise, request.limits));
  ISOJOULE_TRY(const OptimiserKind* kind, find_optimiser(request.optimiser));
  ISOJOULE_TRY(RecordedGrid board, recorded_grid(request.table));
  ISOJOULE_CHECK(check_metrics(goal, board));
  RecordedSearch search{std::move(board), std::move(goal)};
  const TruthGrid& grid = search.board.grid;
  SearchOptions options;
  options.seed = request.seed;
  options.budget = request.budget;
  options.noise = request.noise;
  const auto begin = WallClock::now();
  ISOJOULE_TRY(const auto optimiser, kind->make(grid.space, search.goal, options));
  GridEvaluator evaluator(grid, {request.noise, request.noise}, request.seed);
  ReferringEvaluator referring(evaluator, search.goal.cost);
  ISOJOULE_TRY(SearchEnd end, run_search(*optimiser, referring, request.budget));
  search.decide_s =
      std::chrono::duration<double>(WallClock::now() - begin - referring.spent()).count();
  search.steps = std::move(end.steps);
  search.exhausted = end.exhausted;
  // After the search: "weighted:" has its reference from the first run on.
  search.true_minimum = least_cost(grid, search.goal);
  ProbeLog log(grid.space, search.goal);
  for (const SearchStep& step : search.steps) {
    log.add(step.probe);
    search.regrets.push_back(step.answer ? regret(grid, search.goal, step.answer->point)
                                         : std::nullopt);
    search.answer = step.answer;
  }
  if (!search.answer)
    return fail(ErrorKind::no_data, fmt::format("none of {} probes ran", search.steps.size()),
                "Allow more of them: --budget 60");
  if (const Metrics* mean = log.mean(search.answer->point)) search.seen = *mean;
  search.met = search.goal.met(search.seen);
  describe(request, search);
  return search;
}

}  // namespace isojoule
