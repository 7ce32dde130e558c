#include "trace/budget.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace isojoule {
namespace {

constexpr std::array<CauseInfo, 8> kCauses = {{
    {"gain", "chip and shunt, data sheet", 'B', "rectangular"},
    {"offset", "chip, data sheet", 'B', "rectangular"},
    {"calibration", "compared with a meter", 'B', "normal"},
    {"quantisation", "one step of a reading", 'B', "rectangular"},
    {"sampling", "power between readings", 'A', "normal"},
    {"edges", "power's step at the edges", 'B', "rectangular"},
    {"gaps", "readings that are missing", 'B', "rectangular"},
    {kRepeats, "spread of the repeats", 'A', "Student's t"},
}};

std::size_t place_of(std::string_view name) {
  const auto found = std::find_if(kCauses.begin(), kCauses.end(),
                                  [name](const CauseInfo& info) { return info.name == name; });
  return static_cast<std::size_t>(found - kCauses.begin());
}

double percent(double part, double of) { return of == 0 ? 0 : 100 * part / std::abs(of); }

}  // namespace

CauseInfo info_of_cause(std::string_view name) {
  const std::size_t place = place_of(name);
  return place < kCauses.size() ? kCauses[place]
                                : CauseInfo{"", "not known to this version", 'B', "?"};
}

double Budget::relative_percent() const { return percent(expanded_j, energy_j); }

Budget budget_of(const PhaseEnergy& energy) {
  Budget budget;
  budget.phase = energy.phase;
  budget.energy_j = energy.gross.value.value_or(Joule(0)).value();
  budget.combined_j = energy.gross.uncertainty.value_or(Joule(0)).value();
  budget.expanded_j = budget.factor * budget.combined_j;
  for (const auto& [name, u] : energy.budget_j)
    budget.rows.push_back({name, info_of_cause(name), u, percent(u, budget.energy_j),
                           percent(u * u, budget.combined_j * budget.combined_j),
                           is_common_to_repeats(name)});
  std::stable_sort(
      budget.rows.begin(), budget.rows.end(),
      [](const BudgetRow& a, const BudgetRow& b) { return place_of(a.cause) < place_of(b.cause); });
  return budget;
}

Budget budget_of(const Joined& joined) {
  Budget budget = budget_of(joined.mean);
  budget.repeats = joined.count;
  if (!joined.mean.gross.value) return budget;
  budget.factor = joined.coverage_factor();
  budget.expanded_j = joined.expanded_j();
  return budget;
}

}  // namespace isojoule
