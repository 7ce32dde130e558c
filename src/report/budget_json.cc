#include "report/budget_json.h"

#include <cmath>
#include <map>
#include <tuple>

#include "report/export_parts.h"
#include "report/summary_json.h"

namespace isojoule {

using nlohmann::json;

std::vector<BudgetPoint> budget_points(const std::vector<Run>& runs) {
  std::map<std::tuple<std::string, std::string, Setting>, BudgetPoint> points;
  for (const Run& run : runs) {
    BudgetPoint& point = points[{run.network, run.baseline, run.setting}];
    point.network = run.network;
    point.baseline = run.baseline;
    point.setting = run.setting;
    const PhaseEnergy* energy = run.energy(PhaseKind::inference);
    if (run.state != RunState::complete) {
      if (point.why_absent.empty()) point.why_absent = "no run is complete";
      continue;
    }
    if (point.repeats.empty()) point.inferences = static_cast<double>(run.inferences);
    if (energy == nullptr) continue;
    // A program may have made another number in each run: as long as the first one's.
    const double scale = point.inferences > 0 && run.inferences > 0
                             ? static_cast<double>(run.inferences) / point.inferences
                             : 1;
    point.repeats.push_back(shared(*energy, scale));
  }
  std::vector<BudgetPoint> list;
  for (auto& [key, point] : points) list.push_back(std::move(point));
  return list;
}

Result<Run> run_with_id(StudyFile& study, std::int64_t id) {
  ISOJOULE_CHECK(chosen_runs(study, {id}));
  return study.run(id);
}

nlohmann::json budget_json(const Budget& budget) {
  json causes = json::array();
  for (const BudgetRow& row : budget.rows)
    causes.push_back({{"cause", row.cause},
                      {"source", row.info.source},
                      {"type", std::string(1, row.info.type)},
                      {"distribution", row.info.distribution},
                      {"u_j", row.u_j},
                      {"percent_of_energy", row.percent_of_energy},
                      {"percent_of_variance", row.percent_of_variance},
                      {"common_to_repeats", row.common}});
  return {{"phase", name_of(budget.phase)},    {"energy_j", budget.energy_j},
          {"repeats", budget.repeats},         {"causes", std::move(causes)},
          {"combined_u_j", budget.combined_j}, {"k", budget.factor},
          {"expanded_j", budget.expanded_j},   {"expanded_percent", budget.relative_percent()}};
}

nlohmann::json run_budgets_json(const Run& run) {
  json phases = json::array();
  for (const Phase& phase : run.phases) {
    const PhaseEnergy* energy = run.energy(phase.kind);
    if (energy != nullptr && energy->gross.value)
      phases.push_back(budget_json(budget_of(*energy)));
    else
      phases.push_back({{"phase", name_of(phase.kind)},
                        {"energy_j", nullptr},
                        {"why_absent", energy == nullptr ? "" : energy->gross.why_absent}});
  }
  return phases;
}

namespace {

json absent_budget(const std::string& why) {
  return {{"energy_j", nullptr},
          {"combined_u_j", nullptr},
          {"causes", json::array()},
          {"why_absent", why}};
}

}  // namespace

nlohmann::json point_budget_json(const BudgetPoint& point) {
  const Joined joined = join_repeats(point.repeats);
  const auto& gross = joined.mean.gross;
  if (gross.value && !std::isfinite(gross.value->value() + gross.uncertainty->value()))
    return absent_budget("an energy of its runs is no finite number");
  if (gross.value) {
    json budget = budget_json(budget_of(joined));
    budget["why_absent"] = "";
    return budget;
  }
  return absent_budget(point.repeats.empty() ? point.why_absent : gross.why_absent);
}

Result<nlohmann::json> study_budgets_json(StudyFile& study, std::optional<std::int64_t> run_id) {
  const bool simulated = study.info().simulated;
  if (run_id) {
    ISOJOULE_TRY(const Run run, run_with_id(study, *run_id));
    return json{{"simulated", simulated},
                {"run", run.id},
                {"network", run.network},
                {"baseline", run.baseline.empty() ? json(nullptr) : json(run.baseline)},
                {"setting", to_json(run.setting)},
                {"state", name_of(run.state)},
                {"failure", run.failure.empty() ? json(nullptr) : json(run.failure)},
                {"inferences", run.inferences},
                {"phases", run_budgets_json(run)}};
  }
  ISOJOULE_TRY(const std::vector<Run> runs, study.runs());
  json list = json::array();
  for (const BudgetPoint& point : budget_points(runs)) {
    json one = point_budget_json(point);
    one["network"] = point.network;
    one["baseline"] = point.baseline.empty() ? json(nullptr) : json(point.baseline);
    one["setting"] = to_json(point.setting);
    one["inferences"] = point.inferences;
    list.push_back(std::move(one));
  }
  return json{{"simulated", simulated}, {"points", std::move(list)}};
}

}  // namespace isojoule
