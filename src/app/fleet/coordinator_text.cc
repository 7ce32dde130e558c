#include "app/fleet/coordinator_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/monitor/terminal_view.h"

namespace isojoule {
namespace {

// "12,000"
std::string grouped(std::int64_t count) {
  std::string text = std::to_string(count);
  for (auto place = static_cast<std::ptrdiff_t>(text.size()) - 3; place > 0; place -= 3)
    text.insert(static_cast<std::size_t>(place), ",");
  return text;
}

std::string cut_to(std::string text, std::size_t width) {
  text = harmless_line(text);
  if (text.size() > width) text = width > 3 ? text.substr(0, width - 3) + "..." : "";
  return text;
}

double share_of(const FleetProgress& progress) {
  return static_cast<double>(progress.done) /
         static_cast<double>(std::max<std::int64_t>(1, progress.total));
}

std::string bar_line(const FleetProgress& progress, std::size_t columns) {
  const std::string words =
      fmt::format(" {:>3.0f} %  {} of {} runs, {} left", std::floor(100 * share_of(progress)),
                  grouped(progress.done), grouped(progress.total), duration_text(progress.left));
  if (columns < words.size() + 5) return cut_to(words, columns);
  const std::size_t width = columns - words.size() - 2;
  const auto full = static_cast<std::size_t>(static_cast<double>(width) * share_of(progress));
  return '[' + std::string(full, '#') + std::string(width - full, ' ') + ']' + words;
}

std::string blocks_line(const FleetProgress& progress) {
  return fmt::format(
      "{} gone, {} blocks wait, {} in boards' hands{}", duration_text(progress.elapsed),
      grouped(progress.blocks_waiting), grouped(progress.blocks_claimed),
      progress.failed > 0 ? fmt::format(", {} runs failed", grouped(progress.failed)) : "");
}

std::string board_line(const FleetBoardProgress& board, std::size_t name_width) {
  return fmt::format("{:<{}}  {:<9}  {:>8}  {}", harmless_line(board.name), name_width, board.state,
                     grouped(board.runs), board.trouble.empty() ? board.doing : board.trouble);
}

// Boards in trouble first, and then by name.
std::vector<FleetBoardProgress> by_need(std::vector<FleetBoardProgress> boards) {
  std::stable_sort(boards.begin(), boards.end(), [](const auto& a, const auto& b) {
    return !a.trouble.empty() && b.trouble.empty();
  });
  return boards;
}

void add_boards(const FleetProgress& progress, std::size_t columns, std::size_t rows,
                std::vector<std::string>& lines) {
  if (progress.boards.empty() || lines.size() + 2 > rows) return;
  std::size_t name_width = 5;
  for (const FleetBoardProgress& board : progress.boards)
    name_width = std::max(name_width, board.name.size());
  lines.push_back(
      cut_to(fmt::format("{:<{}}  {:<9}  {:>8}  {}", "board", name_width, "state", "runs", "doing"),
             columns));
  const std::size_t space = rows - lines.size();
  const bool all = progress.boards.size() <= space;
  const auto boards = all ? progress.boards : by_need(progress.boards);
  const std::size_t shown = all ? boards.size() : space - 1;
  for (std::size_t i = 0; i < shown; ++i)
    lines.push_back(cut_to(board_line(boards[i], name_width), columns));
  if (!all) lines.push_back(fmt::format("and {} more boards", boards.size() - shown));
}

}  // namespace

std::string duration_text(Second duration) {
  if (!std::isfinite(duration.value())) return "?";
  const auto total = static_cast<long>(std::lround(duration.value()));
  if (total < 60) return fmt::format("{} s", total);
  if (total < 3600) return fmt::format("{} min {:02} s", total / 60, total % 60);
  return fmt::format("{} h {:02} min", total / 3600, total % 3600 / 60);
}

std::vector<std::string> fleet_progress_lines(const FleetProgress& progress, int columns,
                                              int rows) {
  const auto width = static_cast<std::size_t>(std::max(columns, 20));
  const auto height = static_cast<std::size_t>(std::max(rows, 2));
  std::vector<std::string> lines = {bar_line(progress, width),
                                    cut_to(blocks_line(progress), width)};
  // Troubles take at most half of what is left.
  const std::size_t most = (height - lines.size()) / 2;
  for (std::size_t i = 0; i < progress.troubles.size() && i < most; ++i)
    lines.push_back(cut_to("! " + progress.troubles[i], width));
  add_boards(progress, width, height, lines);
  return lines;
}

std::string fleet_progress_line(const FleetProgress& progress) {
  std::int64_t measuring = 0;
  for (const FleetBoardProgress& board : progress.boards) measuring += board.doing.empty() ? 0 : 1;
  std::string line = fmt::format("{} of {} runs, {} of {} boards at work, {} gone, {} left",
                                 grouped(progress.done), grouped(progress.total), measuring,
                                 progress.boards.size(), duration_text(progress.elapsed),
                                 duration_text(progress.left));
  for (const std::string& trouble : progress.troubles) line += "; " + harmless_line(trouble);
  return line;
}

namespace {

std::string remarks_of(const FleetSweepResult& result) {
  std::string text;
  if (result.failed > 0) text += fmt::format(", {} failed", grouped(result.failed));
  if (result.twice > 0) text += fmt::format(", {} came twice", grouped(result.twice));
  if (result.refused > 0) text += fmt::format(", {} refused", grouped(result.refused));
  if (result.damaged > 0) text += fmt::format(", {} could not be read", grouped(result.damaged));
  return text;
}

std::string next_step(const FleetSweepResult& result, const std::string& file, bool waited,
                      bool complete) {
  if (complete) return fmt::format("next: isojoule show {0}, isojoule report {0}\n", file);
  if (result.interrupted)
    return "interrupted; the boards go on; the same command, here or elsewhere, collects\n";
  if (!waited) return "the boards go on; the same command, here or elsewhere, collects\n";
  return fmt::format("{} blocks stay incomplete; the same command tries them again\n",
                     result.given_up);
}

}  // namespace

std::string fleet_summary(const FleetSweepResult& result, const std::string& file, bool waited) {
  const std::int64_t there = result.already_there + result.collected;
  std::string text = fmt::format("{}: {} of {} runs there, {} collected now, {} {}{}{}\n", file,
                                 grouped(there), grouped(result.planned), grouped(result.collected),
                                 result.boards, result.simulated ? "simulated " : "",
                                 result.boards == 1 ? "board" : "boards", remarks_of(result));
  for (const std::string& line : result.left_out) text += "left out: " + harmless_line(line) + '\n';
  const bool complete = there == result.planned;
  for (const std::string& line : result.troubles)
    text += "attention: " + harmless_line(line) + '\n';
  return text + next_step(result, file, waited, complete);
}

}  // namespace isojoule
