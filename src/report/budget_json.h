// Uncertainty budgets of one run's phases, and of a study's points with their repeats joined
// (trace/combine.h), as JSON. report/text/budget.h has them for people.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/study_file.h"
#include "trace/budget.h"

namespace isojoule {

// {"phase", "energy_j", "repeats", "causes": [{"cause", "source", "type", "distribution", "u_j",
// "percent_of_energy", "percent_of_variance", "common_to_repeats"}], "combined_u_j", "k",
// "expanded_j", "expanded_percent"}
nlohmann::json budget_json(const Budget& budget);
// Of every phase; of one without energy why.
nlohmann::json run_budgets_json(const Run& run);
// Of the inference phase of every point, over its complete runs; with `run_id`, of all phases of
// that run. Errors: not_found (no such run), those of reading.
Result<nlohmann::json> study_budgets_json(StudyFile& study, std::optional<std::int64_t> run_id);

// What both forms are made of: a point of a study with the energies of its complete runs.
struct BudgetPoint {
  std::string network, baseline;
  Setting setting;
  double inferences = 0;             // of one run
  std::vector<PhaseEnergy> repeats;  // each as of so many inferences
  std::string why_absent;            // where there are none
};
// In the order of the summary's points.
std::vector<BudgetPoint> budget_points(const std::vector<Run>& runs);
// As budget_json(), or {"energy_j": null, "combined_u_j": null, "causes": [], "why_absent"}.
nlohmann::json point_budget_json(const BudgetPoint& point);
// Errors: not_found (with those that there are), those of reading.
Result<Run> run_with_id(StudyFile& study, std::int64_t id);

}  // namespace isojoule
