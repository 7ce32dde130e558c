#include "app/monitor/terminal_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "app/monitor/terminal_text.h"

namespace isojoule {
namespace {

constexpr std::size_t kPast = 60;  // seconds of the sparkline
constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr const char* kAscii[] = {"_", ".", "-", "=", "+", "*", "%", "#"};

// Four figures, "-" where nothing is known.
std::string figures(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return "-";
  const double size = std::abs(*value);
  const int places = size < 10 ? 3 : size < 100 ? 2 : size < 1000 ? 1 : 0;
  return fmt::format("{:.{}f}", *value, places);
}

std::string energy_text(const std::optional<double>& joules) {
  if (!joules || !std::isfinite(*joules)) return "-";
  if (std::abs(*joules) < 1e5) return figures(joules) + " J";
  if (std::abs(*joules) < 1e8) return fmt::format("{:.1f} kJ", *joules / 1e3);
  return fmt::format("{:.1f} MJ", *joules / 1e6);
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  return fmt::format("{:02}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string watch_text(const LiveHead::WatchHead& watch, const std::optional<double>& value,
                       const TerminalSize& size) {
  std::string name = harmless(watch.name, size.utf8);
  const std::string degree = size.utf8 ? "°C" : "C";
  if (watch.kind == "clock") {
    if (name.ends_with("_frequency")) name.erase(name.size() - 10);
    if (!value) return name + " -";
    return *value >= 1e9 ? fmt::format("{} {:.2f} GHz", name, *value / 1e9)
                         : fmt::format("{} {:.1f} MHz", name, *value / 1e6);
  }
  if (watch.kind == "temperature") {
    if (name.starts_with("temperature_")) name.erase(0, 12);
    return value ? fmt::format("{} {:.1f} {}", name, *value, degree) : name + " -";
  }
  return value ? fmt::format("{} {:.6g}", name, *value) : name + " -";
}

// The past as blocks, least to most of what there is; a second without power is a gap.
std::string spark(const std::deque<std::optional<double>>& past, std::size_t width,
                  const TerminalSize& size) {
  double least = 0, most = 0;
  bool any = false;
  const std::size_t first = past.size() - std::min(past.size(), width);
  for (std::size_t i = first; i < past.size(); ++i)
    if (past[i]) {
      least = any ? std::min(least, *past[i]) : *past[i];
      most = any ? std::max(most, *past[i]) : *past[i];
      any = true;
    }
  std::string text;
  for (std::size_t i = first; i < past.size(); ++i) {
    if (!past[i]) {
      text += ' ';
      continue;
    }
    // Noise of a steady rail is not drawn as mountains: a tenth of its power is the whole height.
    const double span = std::max(most - least, std::abs(most) / 10);
    const double share = span > 0 ? (*past[i] - least) / span : 0;
    const auto step = static_cast<std::size_t>(std::clamp(share * 8, 0.0, 7.0));
    text += size.utf8 ? kBlocks[step] : kAscii[step];
  }
  return text;
}

// Words side by side, in as many lines as they need.
std::vector<std::string> flow(const std::vector<std::string>& words, int columns) {
  std::vector<std::string> lines;
  for (const std::string& word : words) {
    const bool fits = !lines.empty() && width_of(lines.back()) + 2 + width_of(word) <=
                                            static_cast<std::size_t>(columns);
    if (fits)
      lines.back() += "  " + word;
    else
      lines.push_back(cut_to(word, columns));
  }
  return lines;
}

std::string coloured(const std::string& text, const char* code, const TerminalSize& size) {
  return size.colour ? std::string("\x1b[") + code + "m" + text + "\x1b[0m" : text;
}

}  // namespace

std::string harmless_line(const std::string& text) { return harmless(text, false); }

void TerminalView::begin(const LiveHead& head) {
  head_ = head;
  now_ = {};
  now_.rails.resize(head.rails.size());
}

void TerminalView::take(const LiveFrame& frame) {
  const double since = now_.any ? frame.time_s - now_.frame.time_s : head_.frame_period_s;
  const auto second = static_cast<std::int64_t>(frame.time_s);
  for (std::size_t i = 0; i < std::min(now_.rails.size(), frame.rails.size()); ++i) {
    RailView& view = now_.rails[i];
    const LiveRail& rail = frame.rails[i];
    view.now_w = rail.power_w;
    view.energy_j = rail.energy_j;
    if (second != second_) {
      for (std::int64_t at = std::max(second_ + 1, second - 60); at <= second; ++at)
        view.past.push_back(std::nullopt);
      while (view.past.size() > kPast) view.past.pop_front();
      view.second_sum = 0;
      view.second_count = 0;
    }
    if (!rail.power_w) continue;
    view.least_w = std::min(view.least_w.value_or(*rail.least_w), *rail.least_w);
    view.most_w = std::max(view.most_w.value_or(*rail.most_w), *rail.most_w);
    view.sum_ws += *rail.power_w * since;
    view.seconds += since;
    view.second_sum += *rail.power_w;
    view.past.back() = view.second_sum / ++view.second_count;
  }
  second_ = second;
  now_.frame = frame;
  now_.any = true;
}

void TerminalView::begin_anew() {
  now_.zero_s = now_.frame.time_s;
  for (RailView& view : now_.rails) {
    view.least_w = view.most_w = std::nullopt;
    view.sum_ws = view.seconds = 0;
    view.zero_j = view.energy_j.value_or(0);
  }
  if (paused_) kept_ = now_;
}

void TerminalView::pause(bool paused) {
  if (paused && !paused_) kept_ = now_;
  paused_ = paused;
}

// Each rail behind the one that feeds it; the total at the end.
std::vector<std::pair<std::size_t, int>> TerminalView::order() const {
  std::vector<std::pair<std::size_t, int>> places;
  std::vector<bool> taken(head_.rails.size(), false);
  const std::function<void(std::size_t, int)> add = [&](std::size_t place, int depth) {
    if (taken[place]) return;
    taken[place] = true;
    places.emplace_back(place, depth);
    for (std::size_t i = 0; i < head_.rails.size(); ++i)
      if (head_.rails[i].parent == head_.rails[place].name) add(i, depth + 1);
  };
  const bool has_total = !head_.total.empty();
  const std::size_t rails = head_.rails.size() - (has_total ? 1 : 0);
  const auto is_root = [&](std::size_t place) {
    return std::none_of(head_.rails.begin(), head_.rails.end(),
                        [&](const auto& other) { return other.name == head_.rails[place].parent; });
  };
  for (std::size_t i = 0; i < rails; ++i)
    if (is_root(i)) add(i, 0);
  for (std::size_t i = 0; i < rails; ++i) add(i, 0);
  if (has_total) add(rails, 0);
  return places;
}

std::string TerminalView::head_line(const Picture& picture, const TerminalSize& size) const {
  std::string line = "isojoule  " + harmless(head_.board, size.utf8);
  if (!head_.release.empty()) line += " " + harmless(head_.release, size.utf8);
  if (head_.simulated) line += "  simulated";
  const std::string since = clock_text(picture.frame.time_s - picture.zero_s);
  std::string right = since + (paused_ ? " paused" : "");
  if (!picture.frame.phase.empty()) right = picture.frame.phase + "  " + right;
  const auto columns = static_cast<std::size_t>(size.columns);
  // Where there is no room for all, that it is simulated stays.
  if (width_of(line) + 2 + width_of(right) > columns && head_.simulated)
    line = "simulated " + harmless(head_.board, size.utf8);
  if (width_of(line) + 2 + width_of(right) > columns) return cut_to(line, size.columns);
  return line + std::string(columns - width_of(line) - width_of(right), ' ') + right;
}

std::vector<std::string> TerminalView::rail_lines(const Picture& picture, const TerminalSize& size,
                                                  std::size_t room) const {
  const bool is_wide = size.columns >= 72;
  std::size_t name_width = 4;
  const auto places = order();
  for (const auto& [place, depth] : places)
    name_width = std::max(name_width, 2 * static_cast<std::size_t>(depth) +
                                          width_of(harmless(head_.rails[place].name, size.utf8)));
  name_width = std::min<std::size_t>(name_width, is_wide ? 22 : 14);
  std::vector<std::string> lines;
  const auto line_of_cells = [&](const std::string& name, const std::string& now,
                                 const std::string& least, const std::string& mean,
                                 const std::string& most, const std::string& energy) {
    std::string line = fitted(name, name_width) + fitted(now, 8, true);
    if (is_wide) line += fitted(least, 8, true) + fitted(mean, 8, true) + fitted(most, 8, true);
    return line + fitted(energy, 11, true) + " ";
  };
  lines.push_back(cut_to(line_of_cells("rail", "now W", "least", "mean", "most", "energy") +
                             (size.columns >= 60 ? "last minute" : ""),
                         size.columns));
  lines.back().erase(lines.back().find_last_not_of(' ') + 1);
  for (const auto& [place, depth] : places) {
    if (lines.size() >= room && places.size() + 1 > room) {
      lines.back() = cut_to(fmt::format("+{} more rails: make the window higher",
                                        places.size() - (room < 2 ? 0 : room - 2)),
                            size.columns);
      break;
    }
    const RailView& view = picture.rails[place];
    const std::optional<double> mean =
        view.seconds > 0 ? std::optional(view.sum_ws / view.seconds) : std::nullopt;
    const std::optional<double> energy =
        view.energy_j ? std::optional(*view.energy_j - view.zero_j) : std::nullopt;
    std::string line = line_of_cells(std::string(2 * static_cast<std::size_t>(depth), ' ') +
                                         harmless(head_.rails[place].name, size.utf8),
                                     figures(view.now_w), figures(view.least_w), figures(mean),
                                     figures(view.most_w), energy_text(energy));
    const int left = size.columns - static_cast<int>(width_of(line));
    line = cut_to(line, size.columns);
    if (left >= 4)
      line += coloured(
          spark(view.past, std::min<std::size_t>(kPast, static_cast<std::size_t>(left)), size),
          "36", size);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> TerminalView::state_lines(const Picture& picture,
                                                   const TerminalSize& size) const {
  std::vector<std::string> words;
  const LiveFrame& frame = picture.frame;
  if (frame.throttled) words.push_back(*frame.throttled ? "THROTTLED" : "not throttled");
  for (std::size_t i = 0; i < std::min(head_.watches.size(), frame.watches.size()); ++i)
    words.push_back(watch_text(head_.watches[i], frame.watches[i], size));
  std::vector<std::string> lines = flow(words, size.columns);
  if (frame.throttled.value_or(false) && !lines.empty() && lines[0].starts_with("THROTTLED"))
    lines[0] = coloured("THROTTLED", "1;31", size) + lines[0].substr(9);
  std::vector<std::string> faults;
  for (const auto& [counter, times] : frame.counters)
    faults.push_back(fmt::format("{} {}", info_of(counter).name, times));
  if (frame.lost > 0) faults.push_back(fmt::format("lost records {}", frame.lost));
  faults.push_back(fmt::format("late {:.1f} ms", frame.late_s * 1e3));
  faults.push_back(fmt::format("own cost {:.1f} %", frame.cost_percent));
  for (std::string& line : flow(faults, size.columns)) lines.push_back(std::move(line));
  if (head_.rails.empty()) {
    std::vector<std::string> why = {"no power:"};
    why.insert(why.end(), head_.notes.begin(), head_.notes.end());
    for (std::string& word : why) word = harmless(word, size.utf8);
    const auto told = flow(why, size.columns);
    lines.insert(lines.begin(), told.begin(), told.end());
  }
  return lines;
}

std::vector<std::string> TerminalView::draw(const TerminalSize& size) const {
  const Picture& picture = shown();
  const auto rows = static_cast<std::size_t>(std::max(size.rows, 1));
  std::vector<std::string> lines = {coloured(head_line(picture, size), "1", size)};
  if (!picture.any) {
    lines.push_back(cut_to("waiting for the first readings", size.columns));
    lines.resize(std::min(lines.size(), rows));
    return lines;
  }
  std::vector<std::string> state = state_lines(picture, size);
  // The rails come first: of the rest at least two lines, and the keys where there is room.
  const std::size_t least_state = std::min<std::size_t>(state.size(), 2);
  const std::size_t room = rows > least_state + 1 ? rows - least_state - 1 : 1;
  if (!head_.rails.empty())
    for (std::string& line : rail_lines(picture, size, room)) lines.push_back(std::move(line));
  for (std::string& line : state)
    if (lines.size() < rows) lines.push_back(std::move(line));
  if (!footer_.empty() && lines.size() + 1 < rows) lines.push_back(cut_to(footer_, size.columns));
  for (const std::string& note : head_.notes)
    if (lines.size() + 1 < rows && !head_.rails.empty())
      lines.push_back(
          coloured(cut_to("note: " + harmless(note, size.utf8), size.columns), "2", size));
  if (lines.size() < rows)
    lines.push_back(coloured(cut_to("q quit  p pause  r count anew", size.columns), "2", size));
  lines.resize(std::min(lines.size(), rows));
  return lines;
}

std::string TerminalView::plain_line() const {
  const Picture& picture = now_;
  std::string line = fmt::format("{:.1f} s", picture.frame.time_s);
  if (head_.simulated) line += "  simulated";
  if (!picture.frame.phase.empty()) line += "  " + picture.frame.phase;
  const TerminalSize ascii{200, 1, false, false};
  for (const auto& [place, depth] : order()) {
    const RailView& view = picture.rails[place];
    line += fmt::format("  {} {} W {}", harmless(head_.rails[place].name, ascii.utf8),
                        figures(view.now_w), energy_text(view.energy_j));
  }
  if (head_.rails.empty()) line += "  no power source";
  for (std::size_t i = 0; i < std::min(head_.watches.size(), picture.frame.watches.size()); ++i)
    line += "  " + watch_text(head_.watches[i], picture.frame.watches[i], ascii);
  if (picture.frame.throttled.value_or(false)) line += "  THROTTLED";
  return line;
}

std::string TerminalView::totals() const {
  const LiveFrame& frame = now_.frame;
  std::string text = fmt::format("{}{}, {:.1f} s\n", head_.board,
                                 head_.simulated ? " (simulated)" : "", frame.time_s);
  const TerminalSize plain{200, 1, true, false};
  for (const auto& [place, depth] : order()) {
    const LiveRail& rail = frame.rails[place];
    const RailView& view = now_.rails[place];
    const std::optional<double> mean =
        view.seconds > 0 ? std::optional(view.sum_ws / view.seconds) : std::nullopt;
    text += fmt::format("  {:22} {:>12}  mean {} W  ({} readings)\n",
                        harmless(head_.rails[place].name, plain.utf8), energy_text(rail.energy_j),
                        figures(mean), rail.readings);
    for (const auto& [phase, joules] : frame.phase_energy_j)
      if (place < joules.size())
        text += fmt::format("    {:20} {:>12}\n", phase, energy_text(joules[place]));
  }
  if (head_.rails.empty()) {
    text += "  no power:";
    for (const std::string& note : head_.notes) text += " " + harmless(note, plain.utf8) + ";";
    text.back() = '\n';
  }
  for (const auto& [counter, times] : frame.counters)
    text += fmt::format("  {} {}\n", info_of(counter).name, times);
  return text;
}

}  // namespace isojoule
