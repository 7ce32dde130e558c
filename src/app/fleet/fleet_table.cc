#include "app/fleet/fleet_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "app/monitor/terminal_text.h"
#include "base/text.h"

namespace isojoule {
namespace {

constexpr const char* kNobody = "no board has announced itself: start isojoule agent on one";
constexpr int kWide = 100;  // from so many columns on there is room for release and last seen

// "5 s", "12 min", "3 h", "2 days"
std::string age_text(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", std::max(0.0, seconds));
  if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 129'600) return fmt::format("{:.0f} h", seconds / 3600);
  return fmt::format("{:.0f} days", seconds / 86'400);
}

std::string type_text(const FleetBoard& board, bool is_wide) {
  if (board.card.board.empty()) return "?";
  if (!board.card.simulated) return board.card.board;
  return is_wide ? board.card.board + ", simulated" : "sim. " + board.card.board;
}

// "orin-night 5/12 runs block 17 resnet-18 cpu_frequency_hz=..."
std::string doing_text(const FleetPicture& picture, const FleetBoard& board) {
  if (!board.alive || !board.pulse || board.pulse->study.empty()) return "";
  const fleet::Pulse& pulse = *board.pulse;
  const SeenStudy* study = study_of(picture, board);
  std::string text = study != nullptr && !study->record.name.empty() ? study->record.name
                                                                     : pulse.study.substr(0, 8);
  if (pulse.block_runs > 0) text += fmt::format(" {}/{} runs", pulse.block_done, pulse.block_runs);
  if (pulse.block >= 0) text += fmt::format(" block {}", pulse.block);
  if (!pulse.network.empty()) text += " " + pulse.network;
  if (!pulse.setting.empty()) text += " " + pulse.setting;
  return text;
}

std::string health_text(const FleetPicture& picture, const FleetBoard& board, bool is_wide) {
  std::vector<std::string> words;
  if (!board.alive && !is_wide) words.push_back(since_text(board, picture.server_ns, ""));
  for (std::string& trouble : troubles_of(board)) words.push_back(std::move(trouble));
  if (board.order.drain && !board.order.why.empty()) words.push_back(board.order.why);
  if (const auto hottest = hottest_c(board)) words.push_back(fmt::format("{:.0f} C", *hottest));
  if (board.alive && board.pulse && board.pulse->power_w)
    words.push_back(fmt::format("{:.1f} W", *board.pulse->power_w));
  std::erase(words, "");
  return join(words, "; ");
}

std::string seen_text(const FleetPicture& picture, const FleetBoard& board) {
  if (!board.alive) return since_text(board, picture.server_ns);
  if (board.seen_ns == 0 || picture.server_ns == 0) return "";
  return age_text(static_cast<double>(picture.server_ns - board.seen_ns) * 1e-9);
}

struct FleetColumn {
  std::string head;
  std::size_t most;  // wider than that only where there is room at the end
  bool to_the_right = false;
  std::size_t width = 0;
};

// Columns beside each other; what is left of the line is shared by those that want more, in halves.
std::vector<std::string> set_in_columns(std::vector<FleetColumn> columns,
                                        const std::vector<std::vector<std::string>>& rows,
                                        int width) {
  std::vector<std::size_t> wanted;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::size_t want = width_of(columns[i].head);
    for (const auto& row : rows) want = std::max(want, width_of(row[i]));
    wanted.push_back(want);
    columns[i].width = std::min(want, columns[i].most);
    taken += columns[i].width + (i > 0 ? 2 : 0);
  }
  const auto all = static_cast<std::size_t>(std::max(width, 1));
  for (bool any = true; any && taken < all;) {
    any = false;
    for (std::size_t i = 0; i < columns.size() && taken < all; ++i) {
      if (columns[i].width >= wanted[i]) continue;
      ++columns[i].width;
      ++taken;
      any = true;
    }
  }
  const auto line_of = [&](const auto& cell_of) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i)
      line += (i > 0 ? "  " : "") + fitted(cell_of(i), columns[i].width, columns[i].to_the_right);
    line = cut_to(line, width);
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  };
  std::vector<std::string> lines;
  lines.push_back(line_of([&](std::size_t i) { return columns[i].head; }));
  for (const auto& row : rows) lines.push_back(line_of([&](std::size_t i) { return row[i]; }));
  return lines;
}

std::vector<std::string> row_of(const FleetPicture& picture, const FleetBoard& board, bool is_wide,
                                bool utf8) {
  const std::string runs =
      board.pulse ? std::to_string(board.pulse->runs) : std::string();  // nobody counted others
  std::vector<std::string> row = {board.name, type_text(board, is_wide)};
  if (is_wide) row.push_back(board.card.release);
  row.insert(row.end(), {std::string(state_of(board)), doing_text(picture, board), runs,
                         health_text(picture, board, is_wide)});
  if (is_wide) row.push_back(seen_text(picture, board));
  for (std::string& cell : row) cell = harmless(cell, utf8);
  return row;
}

std::string per_cent(std::int64_t part, std::int64_t whole) {
  return whole <= 0 ? ""
                    : fmt::format(" ({:.1f} %)",
                                  100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string study_line(const SeenStudy& study) {
  const fleet::StudyRecord& record = study.record;
  std::uint64_t waiting = 0, claimed = 0, again = 0;
  bool any = false;
  for (const FleetLane& lane : study.lanes) {
    if (!lane.queue) continue;
    any = true;
    waiting += lane.queue->waiting;
    claimed += lane.queue->claimed;
    again += lane.queue->again;
  }
  std::string text =
      fmt::format("{}{}{}: {} of {} runs{}", record.name, record.simulated ? " (simulated)" : "",
                  record.closed ? ", closed" : "", study.stored, record.runs,
                  per_cent(study.stored, record.runs));
  if (study.left_s) text += ", " + age_text(*study.left_s) + " left";
  text += any ? fmt::format(", blocks {} waiting, {} claimed", waiting, claimed) : ", no queue";
  if (again > 0) text += fmt::format(", {} handed out again", again);
  return text;
}

// Words in lines, each beginning with `indent`; a single word that is too long is cut.
void add_wrapped(std::vector<std::string>& lines, const std::string& head,
                 const std::vector<std::string>& words, int columns, bool utf8) {
  const std::string indent(4, ' ');
  std::string line = head;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string word = " " + harmless(words[i], utf8) + (i + 1 < words.size() ? "," : "");
    if (width_of(line) + width_of(word) > static_cast<std::size_t>(columns) &&
        line.find_first_not_of(' ') != std::string::npos) {
      lines.push_back(cut_to(line, columns));
      line = indent.substr(1);
    }
    line += word;
  }
  lines.push_back(cut_to(line, columns));
}

void add_study(std::vector<std::string>& lines, const SeenStudy& study, int columns, bool utf8) {
  const fleet::StudyRecord& record = study.record;
  lines.push_back(cut_to(harmless(study_line(study), utf8), columns));
  std::vector<std::string> about = {
      record.board, fmt::format("{} {}", record.lanes, record.lanes == 1 ? "lane" : "lanes"),
      "engine " + record.engine};
  if (record.needs_command) about.emplace_back("runs a program of the plan");
  if (!record.created.empty()) about.push_back("made " + record.created);
  add_wrapped(lines, "  " + harmless(record.study, utf8) + ":", about, columns, utf8);
  for (const FleetLane& lane : study.lanes) {
    std::string head = fmt::format("  lane {}", lane.lane);
    if (lane.queue)
      head += fmt::format(" ({} waiting, {} claimed)", lane.queue->waiting, lane.queue->claimed);
    if (lane.boards.empty())
      lines.push_back(head + ": no board");
    else
      add_wrapped(lines, head + ":", lane.boards, columns, utf8);
  }
  std::map<std::string, std::vector<std::string>> reasons;
  for (const FleetRefusal& refusal : study.refused)
    reasons[refusal.reason].push_back(refusal.board);
  for (const auto& [reason, boards] : reasons) {
    add_wrapped(lines, "  refused by", boards, columns, utf8);
    lines.push_back(cut_to("    " + harmless(reason, utf8), columns));
  }
  if (study.deadly > 0)
    lines.push_back(fmt::format("  {} {} during which an agent died", study.deadly,
                                study.deadly == 1 ? "run" : "runs"));
}

std::string in_colour_of(const FleetBoard& board, const std::string& line,
                         const TerminalSize& size) {
  const int rank = rank_of(board);
  if (!size.colour || rank == 3) return line;
  return fmt::format("\x1b[{}m{}\x1b[0m", rank == 0 ? 31 : 33, line);
}

}  // namespace

std::string since_text(const FleetBoard& board, std::int64_t server_ns, std::string_view since) {
  if (board.seen_ns == 0) return "";
  const std::string seen = server_time_text(board.seen_ns);
  const bool is_today =
      server_ns > 0 && server_time_text(server_ns).substr(0, 10) == seen.substr(0, 10);
  return std::string(since) + (is_today ? "" : seen.substr(0, 10) + " ") + seen.substr(11, 8) +
         " UTC";
}

std::string boards_line(const FleetPicture& picture) {
  std::map<std::string_view, int> states;
  int simulated = 0;
  for (const FleetBoard& board : picture.boards) {
    ++states[state_of(board)];
    simulated += board.card.simulated ? 1 : 0;
  }
  const std::size_t count = picture.boards.size();
  std::vector<std::string> parts;
  for (const std::string_view state : {"measuring", "idle", "draining", "drained", "out", "lost"})
    if (states[state] > 0) parts.push_back(fmt::format("{} {}", states[state], state));
  std::string line = fmt::format("{} {}", count, count == 1 ? "board" : "boards");
  if (!parts.empty()) line += ": " + join(parts, ", ");
  if (simulated > 0) line += fmt::format(" ({} simulated)", simulated);
  return line;
}

std::vector<std::string> boards_table(const FleetPicture& picture, const TerminalSize& size) {
  if (picture.boards.empty()) return {cut_to(kNobody, size.columns)};
  const bool is_wide = size.columns >= kWide;
  std::vector<const FleetBoard*> boards;
  for (const FleetBoard& board : picture.boards) boards.push_back(&board);
  std::string more;
  if (size.rows > 0 && static_cast<std::size_t>(size.rows) < boards.size() + 2) {
    std::stable_sort(boards.begin(), boards.end(), [](const FleetBoard* a, const FleetBoard* b) {
      return rank_of(*a) < rank_of(*b);
    });
    const auto shown = static_cast<std::size_t>(std::max(size.rows - 3, 0));
    more = fmt::format("+{} more boards: make the window higher", boards.size() - shown);
    boards.resize(shown);
  }
  std::vector<FleetColumn> heads = {{"board", 16}, {"type", is_wide ? 26U : 18U}};
  if (is_wide) heads.push_back({"release", 8});
  heads.insert(heads.end(), {{"state", 9}, {"doing", 8}, {"runs", 6, true}, {"health", 8}});
  if (is_wide) heads.push_back({"seen", 18});
  std::vector<std::vector<std::string>> cells;
  for (const FleetBoard* board : boards)
    cells.push_back(row_of(picture, *board, is_wide, size.utf8));
  const std::vector<std::string> table = set_in_columns(heads, cells, size.columns);
  std::vector<std::string> lines = {cut_to(boards_line(picture), size.columns), table[0]};
  for (std::size_t i = 0; i < boards.size(); ++i)
    lines.push_back(in_colour_of(*boards[i], table[i + 1], size));
  if (!more.empty()) lines.push_back(cut_to(more, size.columns));
  return lines;
}

std::vector<std::string> studies_table(const FleetPicture& picture, int columns, bool utf8) {
  if (picture.studies.empty())
    return {
        cut_to("no study was published: isojoule sweep PLAN --fleet URL -o FILE.study", columns)};
  std::vector<std::string> lines;
  for (const SeenStudy& study : picture.studies) add_study(lines, study, columns, utf8);
  return lines;
}

std::vector<std::string> fleet_screen(const FleetPicture& picture, const TerminalSize& size) {
  std::vector<std::string> lines;
  const std::string time =
      picture.server_ns > 0 ? server_time_text(picture.server_ns).substr(11, 8) + " UTC" : "";
  const std::string head = "isojoule fleet  " + harmless(picture.server, size.utf8) + "  " + time;
  lines.push_back(cut_to(head, size.columns));
  if (!picture.reachable && !picture.trouble.empty()) {
    const std::string lost =
        cut_to("NOT REACHABLE, what is below is old: " + harmless(picture.trouble, size.utf8),
               size.columns);
    lines.push_back(size.colour ? "\x1b[1;31m" + lost + "\x1b[0m" : lost);
  }
  std::vector<std::string> studies;
  for (const SeenStudy& study : picture.studies)
    if (!study.record.closed)
      studies.push_back(cut_to(harmless(study_line(study), size.utf8), size.columns));
  // Boards come first: of the studies those for which a third of the screen is left.
  const auto rows = static_cast<std::size_t>(std::max(size.rows, 4));
  if (studies.size() > rows / 3) studies.resize(rows / 3);
  const std::size_t used = lines.size() + studies.size() + 1;
  TerminalSize room = size;
  room.rows = static_cast<int>(rows > used + 3 ? rows - used : 3);
  for (std::string& line : boards_table(picture, room)) lines.push_back(std::move(line));
  lines.insert(lines.end(), studies.begin(), studies.end());
  if (lines.size() < rows) lines.push_back(cut_to("q quit", size.columns));
  lines.resize(std::min(lines.size(), rows));
  return lines;
}

}  // namespace isojoule
