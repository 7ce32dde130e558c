// An uncertainty as a table: one row a cause, as JCGM 100:2008 (GUM), annex H, sets them out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "trace/combine.h"

namespace isojoule {

// What is known of a cause beforehand.
struct CauseInfo {
  std::string_view name;          // as in budget_j
  std::string_view source;        // where it comes from, for people
  char type = 'B';                // A: from statistics of readings, B: from other knowledge
  std::string_view distribution;  // that its standard uncertainty stands for
};
// A cause that is not known is told as such.
CauseInfo info_of_cause(std::string_view name);

struct BudgetRow {
  std::string cause;
  CauseInfo info;  // its views are of static texts, but for the name of an unknown cause
  double u_j = 0;  // standard uncertainty, k = 1
  double percent_of_energy = 0;  // 0 where the energy is
  double percent_of_variance = 0;
  bool common = false;  // repeats do not lessen it
};

struct Budget {
  PhaseKind phase = PhaseKind::inference;
  double energy_j = 0;
  std::vector<BudgetRow> rows;  // in the order of the known causes; those that are 0 as well
  double combined_j = 0;        // k = 1
  double factor = 2;            // k of the next
  double expanded_j = 0;
  std::int64_t repeats = 1;
  double relative_percent() const;  // the expanded one; 0 where the energy is
};

// Of an energy that has a value.
Budget budget_of(const PhaseEnergy& energy);
Budget budget_of(const Joined& joined);

}  // namespace isojoule
