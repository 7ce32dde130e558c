#include "report/text/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/budget_json.h"
#include "report/table.h"
#include "report/text/format.h"

namespace isojoule {
namespace {

using text_report::significant;

constexpr std::size_t kMostPoints = 60;  // more are for --json
constexpr const char* kFootnote =
    "* the same in every repeat and phase: does not average out. Standard uncertainties (k = 1) "
    "after JCGM 100:2008; docs/uncertainty.md.";

// What divides a run's inference phase; 0 where nobody knows.
double inferences_of(const Run& run) {
  return run.batches.empty() && run.inferences <= 1 ? 0 : static_cast<double>(run.inferences);
}

// Of a point or a run.
template <typename Made>
std::string title_of(const Made& made) {
  std::string title = made.network;
  if (!made.baseline.empty()) title += ", " + made.baseline;
  const std::string words = text_report::in_words(made.setting);
  return words.empty() ? title : title + ", " + words;
}

void add_sum(Table& table, const std::string& name, double joules, const Budget& budget,
             double inferences) {
  std::vector<std::string> row = {name, "", "", significant(joules, 3)};
  if (inferences > 0) row.push_back(significant(joules / inferences * 1e3, 3));
  row.push_back(budget.energy_j == 0 ? "-"
                                     : significant(100 * joules / std::abs(budget.energy_j), 2));
  table.add_row(std::move(row));
}

}  // namespace

std::string budget_text(const Budget& budget, const std::string& title, double inferences) {
  std::string head = fmt::format("{}: {} J ± {} J ({} %, k = {:.2f}", title,
                                 significant(budget.energy_j, 5), significant(budget.expanded_j, 3),
                                 significant(budget.relative_percent(), 2), budget.factor);
  if (budget.repeats > 1) head += fmt::format(", {} repeats", budget.repeats);
  if (inferences > 0)
    head += fmt::format("); an inference {} mJ ± {} mJ",
                        significant(budget.energy_j / inferences * 1e3, 5),
                        significant(budget.expanded_j / inferences * 1e3, 3));
  else
    head += ")";
  Table table;
  table.add_column("cause", Table::Align::left);
  table.add_column("type", Table::Align::left);
  table.add_column("distribution", Table::Align::left);
  table.add_column("u J");
  if (inferences > 0) table.add_column("mJ/inf.");
  for (const char* header : {"% energy", "% var."}) table.add_column(header);
  table.add_column("source", Table::Align::left);
  for (const BudgetRow& row : budget.rows) {
    std::vector<std::string> cells = {row.cause + (row.common ? " *" : ""),
                                      std::string(1, row.info.type),
                                      std::string(row.info.distribution), significant(row.u_j, 3)};
    if (inferences > 0) cells.push_back(significant(row.u_j / inferences * 1e3, 3));
    cells.push_back(significant(row.percent_of_energy, 2));
    cells.push_back(text_report::fixed(row.percent_of_variance, 1));
    cells.emplace_back(row.info.source);
    table.add_row(std::move(cells));
  }
  add_sum(table, "combined", budget.combined_j, budget, inferences);
  add_sum(table, "expanded", budget.expanded_j, budget, inferences);
  return wrapped(head, 0) + table.to_text(0);
}

std::string run_budgets_text(const Run& run) {
  std::string text;
  for (const Phase& phase : run.phases) {
    const PhaseEnergy* energy = run.energy(phase.kind);
    const std::string name(name_of(phase.kind));
    if (energy == nullptr || !energy->gross.value) {
      const std::string why = energy == nullptr ? "" : energy->gross.why_absent;
      text += wrapped(name + ": energy absent" + (why.empty() ? "" : ": " + why), 0);
    } else {
      text += budget_text(budget_of(*energy), name,
                          phase.kind == PhaseKind::inference ? inferences_of(run) : 0);
    }
    text += "\n";
  }
  return text + wrapped(kFootnote, 0);
}

Result<std::string> study_budgets_text(StudyFile& study, std::optional<std::int64_t> run_id) {
  if (run_id) {
    ISOJOULE_TRY(const Run run, run_with_id(study, *run_id));
    const char* const caution = run.state == RunState::throttled ? "; it was throttled" : "";
    return wrapped(fmt::format("Run {}: {}{}", run.id, title_of(run), caution), 0) + "\n" +
           (run.state == RunState::failed ? "it failed: " + run.failure + "\n"
                                          : run_budgets_text(run));
  }
  ISOJOULE_TRY(const std::vector<Run> runs, study.runs());
  const auto points = budget_points(runs);
  std::string text;
  for (std::size_t i = 0; i < std::min(kMostPoints, points.size()); ++i) {
    // Of a program that said no number it is 1, and of one inference the energy stands there.
    const double inferences = points[i].inferences > 1 ? points[i].inferences : 0;
    const Joined joined = join_repeats(points[i].repeats);
    text += joined.mean.gross.value
                ? budget_text(budget_of(joined), title_of(points[i]), inferences)
                : wrapped(title_of(points[i]) + ": energy absent: " +
                              (points[i].repeats.empty() ? points[i].why_absent
                                                         : joined.mean.gross.why_absent),
                          0);
    text += "\n";
  }
  if (points.size() > kMostPoints)
    text += fmt::format("... and {} points more: --json has them all.\n\n",
                        points.size() - kMostPoints);
  return text + wrapped(kFootnote, 0);
}

}  // namespace isojoule
