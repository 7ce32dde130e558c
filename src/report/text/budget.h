// Uncertainty budgets as tables, after JCGM 100:2008 (GUM), annex H. report/budget_json.h has them
// as JSON.
#pragma once

#include <optional>
#include <string>

#include "data/study_file.h"
#include "trace/budget.h"

namespace isojoule {

// A heading with the energy and its expanded uncertainty, then a row a cause, at most 100 columns
// wide. `inferences`: what the energy is shared by in a column of its own; 0: there is none.
std::string budget_text(const Budget& budget, const std::string& title, double inferences);
// Every phase of a run with an energy of the total; those without say why.
std::string run_budgets_text(const Run& run);
// Of the inference phase of every point, over its complete runs; with `run_id`, of all phases of
// that run. Errors: not_found (no such run), those of reading.
Result<std::string> study_budgets_text(StudyFile& study, std::optional<std::int64_t> run_id);

}  // namespace isojoule
