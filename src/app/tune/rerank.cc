// The probes of a study by another cost.
#include <algorithm>

#include "app/tune/run_probe.h"
#include "app/tune/tune.h"
#include "app/tune/tune_tale.h"

namespace isojoule {

Result<TuneResult> rerank(const RerankRequest& request) {
  ISOJOULE_TRY(const auto study, StudyFile::open(request.study_path, StudyFile::Mode::read));
  ISOJOULE_TRY(TuneMemory memory, tune_memory(study->info(), request.study_path));
  memory.minimise = request.minimise.value_or(memory.minimise);
  memory.limits = request.limits.value_or(memory.limits);
  memory.optimiser = request.optimiser.value_or(memory.optimiser);
  ISOJOULE_TRY(Goal goal, tune_goal(memory.minimise, memory.limits));
  ISOJOULE_TRY(SearchSpace space, SearchSpace::grid(memory.axes, memory.fixed));
  ISOJOULE_TRY(std::vector<Run> runs, study->runs(true));
  TuneResult result{std::move(memory), std::move(goal), std::move(space), study->info(),
                    request.study_path};
  SearchOptions options;
  options.seed = static_cast<std::uint64_t>(result.asked.seed);
  ISOJOULE_TRY(const auto tale,
               TuneTale::make(result.space, result.goal, result.asked.optimiser, options));
  for (const Run& run : runs) {
    ISOJOULE_TRY(const TuneNotes notes, notes_of(run));
    const auto point = result.space.find(run.setting);
    const Probe probe = probe_of(run, notes, point.value_or(0));
    result.search_s += probe.seconds;
    result.search_j += probe.joules;
    if (!run.baseline.empty() && run.baseline != kTuneSizing && probe.failure.empty())
      tale->tell_governors(run.setting, run.baseline, run.block, probe.metrics);
    if (!run.baseline.empty() || !point) continue;
    if (notes.role == TuneRole::search)
      tale->tell({*point, notes.why}, probe);
    else
      tale->tell_again(probe, run.block);
  }
  result.steps = tale->steps();
  // The blocks were of another cost's finalists: all that ran is a candidate here.
  result.candidates = tale->candidates(3);
  for (TuneCandidate& one : tale->best_of_all(3)) {
    const auto same = [&](const auto& other) { return other.setting == one.setting; };
    if (std::none_of(result.candidates.begin(), result.candidates.end(), same))
      result.candidates.push_back(std::move(one));
  }
  result.governors = tale->governors();
  result.judge();
  if (!result.best)
    return fail(ErrorKind::no_data,
                request.study_path + ": no run in it has what this goal is about",
                "Goals are about what was measured: energy, latency, power, temperature");
  result.answer = tale->recommend();
  result.runs = result.already_there = std::ssize(runs);
  result.decide_s = tale->decide_s();
  result.measured = false;
  return result;
}

}  // namespace isojoule
