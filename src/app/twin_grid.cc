#include "app/twin_grid.h"

#include <map>

#include "app/engines.h"
#include "app/target.h"
#include "experiment/experiment.h"

namespace isojoule {
namespace {

// What a probe in the field takes beside the inference itself is the run's: all of it counts.
constexpr std::int64_t kProbeBatches = 100;

struct TrueRun {
  double joules = 0;       // of the whole run
  double inference_s = 0;  // of its inference phase
  double whole_s = 0;
};

class TwinTruth {
 public:
  TwinTruth(Target& target, const EngineUse& use, const TwinGridRequest& request,
            const std::atomic<bool>& interrupted, std::vector<std::string> rails)
      : target_(target),
        use_(use),
        request_(request),
        interrupted_(interrupted),
        rails_(std::move(rails)) {
    protocol_.warmup_batches = 2;
    protocol_.sampling_period = Duration::milliseconds(100);
    protocol_.settle = Duration::milliseconds(200);
    protocol_.idle = Duration::milliseconds(500);
  }

  // Nothing: the setting cannot run.
  Result<Metrics> metrics(PlannedRun planned, double& probe_s) {
    const auto batch = static_cast<std::int64_t>(planned.setting.number("batch").value_or(1));
    Metrics none;
    ISOJOULE_TRY(const auto once, run(planned, request_.batches * batch));
    if (!once) return none;
    ISOJOULE_TRY(const auto twice, run(planned, 2 * request_.batches * batch));
    if (!twice) return none;
    const auto batches = static_cast<double>(request_.batches);
    const double batch_s = (twice->inference_s - once->inference_s) / batches;
    const double batch_j = (twice->joules - once->joules) / batches;
    probe_s = once->whole_s - once->inference_s + static_cast<double>(kProbeBatches) * batch_s;
    Metrics found;
    at(found, Metric::energy) = batch_j / static_cast<double>(batch);
    at(found, Metric::time) = batch_s / static_cast<double>(batch);
    for (const Metric metric : {Metric::latency, Metric::latency_p95, Metric::latency_p99})
      at(found, metric) = batch_s;
    at(found, Metric::power) = batch_j / batch_s;
    return found;
  }

 private:
  Result<double> joules_now() const {
    double sum = 0;
    for (const std::string& rail : rails_) {
      ISOJOULE_TRY(const Joule energy, target_.twin->true_energy(rail));
      sum += energy.value();
    }
    return sum;
  }

  // Runs of one setting have one sequence, so they begin from the same state of the board.
  Result<std::optional<TrueRun>> run(PlannedRun& planned, std::int64_t inferences) {
    planned.inferences = inferences;
    const Instant begin = target_.twin->clock().now();
    ISOJOULE_TRY(const MeasuredRun measured,
                 measure(target_.board, *use_.engine, job_of(planned, protocol_, use_), protocol_,
                         planned, interrupted_));
    if (measured.run.state == RunState::failed) return std::optional<TrueRun>{};
    const Phase* const phase = measured.run.phase(PhaseKind::inference);
    if (phase == nullptr)
      return fail(ErrorKind::no_data, "a twin's run has no inference phase",
                  "This is a fault of isojoule: report it");
    ISOJOULE_TRY(const double joules, joules_now());
    const Duration whole = target_.twin->clock().now() - begin;
    return std::optional(TrueRun{joules, phase->duration().value(), whole.seconds().value()});
  }

  Target& target_;
  const EngineUse& use_;
  const TwinGridRequest& request_;
  const std::atomic<bool>& interrupted_;
  std::vector<std::string> rails_;
  Protocol protocol_;
};

Plan plan_of(const TwinGridRequest& request) {
  Plan plan;
  plan.name = "truth";
  plan.board = request.board;
  plan.protocol.repeats = 1;
  plan.grids.push_back({"map", request.networks, request.axes, request.fixed, {}, 0});
  return plan;
}

Result<TruthGrid> empty_grid(const std::string& board, const std::string& network,
                             const std::vector<PlannedRun>& planned) {
  std::vector<Setting> settings;
  for (const PlannedRun& run : planned)
    if (run.network == network) settings.push_back(run.setting);
  ISOJOULE_TRY(SearchSpace space, SearchSpace::of(settings));
  const auto size = static_cast<std::size_t>(space.size());
  return TruthGrid{board + "/" + network, "simulated: twin of " + board, std::move(space),
                   std::vector<Metrics>(size), std::vector<double>(size)};
}

}  // namespace

Result<std::vector<TruthGrid>> twin_grids(
    const Paths& paths, const TwinGridRequest& request, const std::atomic<bool>& interrupted,
    const std::function<void(std::size_t, std::size_t)>& progress) {
  TargetOptions options;
  options.board = std::string(kTwinPrefix) + request.board;
  options.noise = false;
  options.calibrated = false;
  ISOJOULE_TRY(const auto target, open_target(paths, options));
  ISOJOULE_TRY(const auto planned, order_runs(plan_of(request), target->board));
  ISOJOULE_TRY(const OpenedEngines engines,
               open_engines(*target, paths, planned, "onnxruntime", {}));
  ISOJOULE_TRY(auto rails, rails_of_total(target->board.file.total));
  TwinTruth truth(*target, engines.uses.begin()->second, request, interrupted, std::move(rails));
  std::vector<TruthGrid> grids;
  std::size_t done = 0;
  for (const std::string& network : request.networks) {
    ISOJOULE_TRY(TruthGrid grid, empty_grid(request.board, network, planned));
    for (const PlannedRun& run : planned) {
      if (run.network != network) continue;
      const auto point = static_cast<std::size_t>(*grid.space.find(run.setting));
      ISOJOULE_TRY(grid.truth[point], truth.metrics(run, grid.seconds[point]));
      if (progress) progress(++done, planned.size());
    }
    grids.push_back(std::move(grid));
  }
  return grids;
}

}  // namespace isojoule
