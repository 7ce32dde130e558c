// What a fleet's study says of its boards: how far they lie apart, whose best setting is another,
// how many boards it takes, which are unlike the others.
#include <fmt/format.h>

#include <cmath>

#include "report/board_effects.h"
#include "report/table.h"
#include "report/text/format.h"
#include "report/text/section.h"

namespace isojoule::text_report {
namespace {

constexpr std::size_t kMostGroups = 6;
constexpr std::size_t kMostBoards = 20;

double percent_of(double log_ratio) { return 100 * std::expm1(log_ratio); }
std::string short_percent(double log_ratio) { return significant(percent_of(log_ratio), 2); }
std::string with_number(std::int64_t count, const char* one, const char* many) {
  return grouped(count) + " " + (count == 1 ? one : many);
}
std::string with_number(std::size_t count, const char* one, const char* many) {
  return with_number(static_cast<std::int64_t>(count), one, many);
}
std::string boards_or_more(const std::optional<std::int64_t>& boards) {
  return boards ? grouped(*boards) : "-";
}

std::string title_of(const BoardEffects& effects) {
  const BoardTable& table = effects.table;
  std::string title = "  " + table.network;
  if (const std::string job = in_words(table.job); !job.empty()) title += ", " + job;
  title += ", batch " + fixed(table.batch, 0) + ": " +
           with_number(table.boards.size(), "board", "boards") + ", " +
           with_number(table.settings.size(), "setting", "settings") + ", " +
           with_number(table.readings.size(), "run", "runs");
  if (table.left_out > 0)
    title += " (" + grouped(table.left_out) + " left out: " + table.why_left_out + ")";
  return wrapped(title.substr(2), 2);
}

void add_part(Table& table, const char* name, const BoardComponent& part) {
  if (!part.deviation) {
    table.add_row({name, "-", "-", ""});
    return;
  }
  std::string interval = "-";
  if (part.interval)
    interval = short_percent(part.interval->low) + " to " +
               (std::isfinite(part.interval->high) ? short_percent(part.interval->high) : "?");
  table.add_row({name, short_percent(*part.deviation), interval});
}

std::string parts_of(const BoardEffects& effects) {
  const BoardFit& fit = effects.fit;
  Table table;
  table.add_column("energy of an inference differs", Table::Align::left);
  table.add_column("by %");
  table.add_column("95 %");
  add_part(table, "from board to board", fit.board);
  add_part(table, "by setting x board", fit.interaction);
  add_part(table, "from block to block on a board", fit.block);
  add_part(table, "from run to run", fit.error);
  std::string text = table.to_text(4);
  for (const BoardComponent* part : {&fit.board, &fit.interaction, &fit.block, &fit.error})
    if (!part->note.empty() && part->note != fit.why_absent)
      text += wrapped((part == &fit.board         ? "Boards: "
                       : part == &fit.interaction ? "Setting x board: "
                       : part == &fit.block       ? "Blocks: "
                                                  : "Runs: ") +
                          part->note + ".",
                      4);
  if (effects.gain_percent > 0)
    text += wrapped(fmt::format("A board's power chip may be off by {} % (k = 1, from the budget): "
                                "that is in the boards' part, and not in savings.",
                                significant(effects.gain_percent, 2)),
                    4);
  return text;
}

std::string test_text(const BoardFit& fit) {
  if (!fit.test.f) return "Whether settings act differently on boards: " + fit.test.note + ".";
  return fmt::format("Settings {} differently on the boards (F = {} of {:.0f} and {:.0f}, p {}).",
                     fit.test.p < 0.05 ? "act" : "were not shown to act",
                     significant(*fit.test.f, 3), fit.test.freedom, fit.test.error_freedom,
                     fit.test.p < 0.0001 ? "< 0.0001" : "= " + significant(fit.test.p, 2));
}

std::string best_text(const BoardEffects& effects) {
  const BestOfBoards& best = effects.best;
  if (!best.why_absent.empty()) return "Each board's own best: " + best.why_absent + ".";
  const auto whole = [](double share) { return fixed(100 * share, 0); };
  std::string text =
      "The fleet's best: " + in_words(effects.table.settings[best.fleet_best].setting, {"batch"});
  if (best.rivals > 0)
    text += fmt::format(" ({} not told from it)", with_number(best.rivals, "other", "others"));
  text += fmt::format(
      ". It is the best of {} % of the boards (95 %: {} to {}), and costs at most 1 % more than "
      "their best on {} % ({} to {}). Loss by using it: {} % in the middle, {} % for one in ten.",
      whole(best.share_best), whole(best.share_best_interval.low),
      whole(best.share_best_interval.high), whole(best.share_within),
      whole(best.share_within_interval.low), whole(best.share_within_interval.high),
      significant(best.loss_median_percent, 2), significant(best.loss_90_percent, 2));
  return text;
}

std::string saving_text(const SavingOfBoards& saving) {
  std::string text = fmt::format("Saving there against '{}', block by block: {} %", saving.baseline,
                                 fixed(saving.mean_percent, 1));
  if (saving.interval_percent)
    text += fmt::format(" (95 % of boards' mean: {} to {})", fixed(saving.interval_percent->low, 1),
                        fixed(saving.interval_percent->high, 1));
  text += fmt::format("; boards from {} to {} %", fixed(saving.least_percent, 1),
                      fixed(saving.most_percent, 1));
  if (saving.spread_percent)
    text += fmt::format(", a standard deviation of {} without the runs' scatter",
                        significant(*saving.spread_percent, 2));
  return text + ".";
}

std::string needed_text(const BoardsNeeded& needed) {
  Table table;
  table.add_column("boards needed for 95 %", Table::Align::left);
  for (const char* header : {"energy", "difference", "saving"}) table.add_column(header);
  for (const BoardsFor& one : needed.for_width)
    table.add_row({fmt::format("within {:.0f} %", one.half_width_percent),
                   boards_or_more(one.energy), boards_or_more(one.difference),
                   boards_or_more(one.saving)});
  std::string best;
  if (!needed.best_note.empty())
    best = "For the best setting: " + needed.best_note + ".";
  else if (needed.for_best)
    best = fmt::format(
        "The best on the mean of {} costs a new board at most 1 % more than its own best, in 9 of "
        "10 cases.",
        with_number(*needed.for_best, "board", "boards"));
  else
    best = fmt::format(
        "No number of boards finds a setting within 1 % of a new board's own best in 9 of 10 "
        "cases: the boards differ by themselves (it holds in {:.0f} of 100).",
        100 * needed.reach);
  return table.to_text(4) + wrapped(best + fmt::format(" With {} runs of each setting on a board.",
                                                       significant(needed.repeats, 2)),
                                    4);
}

std::string boards_of(const BoardEffects& effects) {
  Table table;
  table.add_column("board", Table::Align::left);
  for (const char* header : {"runs", "settings", "from the fleet %"}) table.add_column(header);
  table.add_column("its best", Table::Align::left);
  for (const char* header : {"sure %", "loss %"}) table.add_column(header);
  const std::size_t shown = std::min(effects.table.boards.size(), kMostBoards);
  for (std::size_t board = 0; board < shown; ++board) {
    const auto j = static_cast<Eigen::Index>(board);
    const auto runs = effects.within.runs.col(j).array();
    std::vector<std::string> row{effects.table.boards[board].substr(0, 20),
                                 grouped(std::llround(runs.sum())), grouped((runs > 0).count()),
                                 fmt::format("{:+.1f} ±{}", percent_of(effects.fit.board_effect(j)),
                                             fixed(2 * percent_of(effects.fit.board_u(j)), 1))};
    if (board < effects.best.boards.size()) {
      const OwnBest& own = effects.best.boards[board];
      row.push_back(own.setting == effects.best.fleet_best
                        ? "the fleet's"
                        : in_words(effects.table.settings[own.setting].setting, {"batch"}));
      row.push_back(fixed(100 * own.probability, 0));
      row.push_back(fixed(own.loss_percent, 2));
    }
    table.add_row(std::move(row));
  }
  std::string text = table.to_text(4);
  if (shown < effects.table.boards.size())
    text += wrapped(grouped(static_cast<std::int64_t>(effects.table.boards.size() - shown)) +
                        " more: --json has all.",
                    4);
  return text;
}

std::string of_one(const BoardEffects& effects) {
  std::string text = title_of(effects);
  if (!effects.fit.why_absent.empty())
    return text + wrapped("Nothing can be said: " + effects.fit.why_absent + ".", 4);
  text += parts_of(effects) + wrapped(test_text(effects.fit), 4) + wrapped(best_text(effects), 4);
  if (!effects.savings.empty()) text += wrapped(saving_text(effects.savings.front()), 4);
  text += boards_of(effects) + needed_text(effects.needed);
  for (const OutlierBoard& outlier : effects.outliers)
    text += wrapped("Outlier: " + outlier.sentence, 4);
  if (effects.outliers.empty())
    text += wrapped(effects.table.boards.size() < 3 ? "Outliers: too few boards to tell."
                                                    : "No board is an outlier.",
                    4);
  return text;
}

}  // namespace

std::string boards(const StudySummary& summary) {
  if (!summary.runs_read || !several_boards(*summary.runs_read)) return "";
  const std::vector<BoardEffects> all = board_effects(*summary.runs_read);
  if (all.empty()) return "";
  std::string text = summary.info.simulated ? "Boards (SIMULATED: twins)\n" : "Boards\n";
  const std::size_t shown = std::min(all.size(), kMostGroups);
  for (std::size_t i = 0; i < shown; ++i) text += of_one(all[i]);
  if (shown < all.size())
    text += wrapped(grouped(static_cast<std::int64_t>(all.size() - shown)) +
                        " more networks or batch sizes: --json has all.",
                    2);
  return text;
}

}  // namespace isojoule::text_report
