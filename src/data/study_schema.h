// The tables of the study file, and what tells that a SQLite database is one. A person reads them
// with plain SQL: units stand in the columns' names, `unit` beside a value of any axis.
#pragma once

#include <string_view>

namespace isojoule {

// "IsoJ" in `PRAGMA application_id`, which file(1) shows (SQLite file format, section 1.3.14).
inline constexpr int kStudyApplicationId = 0x49736f4a;

std::string_view study_schema_sql();
// What leads from this schema to the next one; a study that is opened for writing takes these
// steps.
std::string_view study_migration_sql(int version);

// The causes of uncertainty that have a column of their own in `energies`, in the columns' order.
// A further cause is kept as text in `further_budget`.
inline constexpr std::string_view kBudgetCauses[] = {"gain", "offset", "quantisation", "sampling",
                                                     "edges"};

}  // namespace isojoule
