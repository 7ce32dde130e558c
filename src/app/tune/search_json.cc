#include "app/tune/search_json.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/tune/run_probe.h"
#include "app/tune/tune.h"
#include "app/tune/tune_json.h"
#include "report/summary_json.h"

namespace isojoule {
namespace {

using nlohmann::json;

class SearchStory {
 public:
  SearchStory(Goal goal, SearchSpace space) : goal_(std::move(goal)), space_(std::move(space)) {}

  Status add(const Run& run) {
    ISOJOULE_TRY(const TuneNotes notes, notes_of(run));
    const auto point = space_.find(run.setting);
    if (!run.baseline.empty() || !point) return {};
    const Probe probe = probe_of(run, notes, *point);
    if (probe.failure.empty() && !has_reference_) {
      goal_.cost.set_reference(probe.metrics);
      has_reference_ = true;
    }
    const auto cost = goal_.cost.of(probe.metrics);
    if (cost) runs_.push_back({run.id, run.setting, *cost});
    if (notes.role == TuneRole::search) tell(run, notes, probe, cost);
    return {};
  }

  json take_probes() { return std::move(probes_); }
  const Goal& goal() const { return goal_; }

  // The run at this setting whose cost is nearest.
  json run_like(const Setting& setting, std::optional<double> cost) const {
    json id = nullptr;
    double least = std::numeric_limits<double>::infinity();
    for (const Known& known : runs_) {
      if (!(known.setting == setting)) continue;
      const double distance = cost ? std::abs(known.cost - *cost) : 0;
      if (distance >= least) continue;
      least = distance;
      id = known.run;
    }
    return id;
  }

 private:
  struct Known {
    std::int64_t run;
    Setting setting;
    double cost;
  };

  void tell(const Run& run, const TuneNotes& notes, const Probe& probe,
            std::optional<double> cost) {
    const bool has_run = probe.failure.empty();
    const bool met = has_run && goal_.met(probe.metrics);
    if (met && cost && (!least_ || *cost < *least_)) least_ = cost;
    probes_.push_back({{"run", run.id},
                       {"setting", to_json(run.setting)},
                       {"cost", json_of_optional(cost)},
                       {"energy_j", json_of_optional(at(probe.metrics, Metric::energy))},
                       {"latency_s", json_of_optional(at(probe.metrics, Metric::time))},
                       {"batch_latency_s", json_of_optional(at(probe.metrics, Metric::latency))},
                       {"least", json_of_optional(least_)},
                       {"within_limits", has_run ? json(met) : json(nullptr)},
                       {"why", notes.why},
                       {"failure", probe.failure}});
  }

  Goal goal_;
  SearchSpace space_;
  bool has_reference_ = false;
  std::optional<double> least_;
  std::vector<Known> runs_;
  json probes_ = json::array();
};

json governors_json(const TuneResult& result) {
  json governors = json::array();
  for (const TuneCandidate& one : result.governors) {
    const std::string part = to_string(engine_part(one.setting));
    const bool is_alone = result.governors.size() == 1 || part.empty();
    governors.push_back({{"name", is_alone ? one.baseline : one.baseline + ", " + part},
                         {"cost", json_of_optional(one.cost)}});
  }
  return governors;
}

json percent_or_null(const std::optional<Interval>& share, bool low) {
  return share ? json(100 * (low ? share->low : share->high)) : json(nullptr);
}

json best_json(const TuneCandidate& best, const SearchStory& story) {
  return {{"setting", to_json(best.setting)},
          {"cost", json_of_optional(best.cost)},
          {"cost_low", best.cost_95 ? json(best.cost_95->low) : json(nullptr)},
          {"cost_high", best.cost_95 ? json(best.cost_95->high) : json(nullptr)},
          {"within_limits", best.met},
          {"runs", best.runs},
          {"latency_s", json_of_optional(at(best.mean, Metric::time))},
          {"run", story.run_like(best.setting, best.cost)}};
}

// Of the best over the governors with its batch and the like.
json saving_json(const TuneResult& result) {
  if (!result.saving || result.winner() == nullptr) return nullptr;
  const TuneCandidate* other = governors_like(*result.winner(), result.governors);
  if (other == nullptr) return nullptr;
  const TuneSaving& saving = *result.saving;
  return {{"against", other->baseline},
          {"percent", 100 * saving.share},
          {"percent_low", percent_or_null(saving.share_95, true)},
          {"percent_high", percent_or_null(saving.share_95, false)},
          {"latency_s", json_of_optional(at(other->mean, Metric::time))}};
}

}  // namespace

bool is_search_study(const StudyInfo& info) { return tune_memory(info, "").has_value(); }

Result<nlohmann::json> search_json(StudyFile& study, const std::string& path) {
  ISOJOULE_TRY(const TuneMemory memory, tune_memory(study.info(), path));
  ISOJOULE_TRY(Goal goal, tune_goal(memory.minimise, memory.limits));
  ISOJOULE_TRY(SearchSpace space, SearchSpace::grid(memory.axes, memory.fixed));
  ISOJOULE_TRY(const std::vector<Run> runs, study.runs(true));
  SearchStory story(std::move(goal), std::move(space));
  for (const Run& run : runs) ISOJOULE_CHECK(story.add(run));
  json search = {{"minimise", memory.minimise},
                 {"unit", story.goal().cost.unit()},
                 {"limits", memory.limits},
                 {"optimiser", memory.optimiser},
                 {"probes", story.take_probes()},
                 {"governors", json::array()},
                 {"best", nullptr}};
  // The verdict is that of `isojoule tune FILE.study`.
  const auto result = rerank({path, {}, {}, {}});
  if (!result) {
    if (result.error().kind == ErrorKind::no_data) return search;  // nothing ran: no best
    return tl::unexpected<Error>(result.error());
  }
  search["governors"] = governors_json(*result);
  if (const TuneCandidate* best = result->winner()) search["best"] = best_json(*best, story);
  search["saving"] = saving_json(*result);
  return search;
}

}  // namespace isojoule
