#include "report/text/section.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "report/board_table.h"
#include "report/table.h"
#include "report/text/format.h"

namespace isojoule::text_report {
namespace {

constexpr const char* kCpu = "cpu_frequency";
constexpr const char* kGpu = "gpu_frequency";
constexpr std::size_t kMostPoints = 60;  // more are for --csv and --json

double batch_of(const Point& point) { return point.setting.number("batch").value_or(1); }

std::string label(const std::string& name, const std::string& value) {
  if (value.empty()) return "";
  const std::string wrapped_value = wrapped(value, 12);
  return name + std::string(12 - name.size(), ' ') + wrapped_value.substr(12);
}

// "4 (rack-1, rack-2, rack-3, rack-4)" of a fleet's study, "" of one board's.
std::string boards_text(const StudySummary& summary) {
  constexpr std::size_t kMostNames = 12;
  std::set<std::string> boards;
  if (summary.runs_read)
    for (const Run& run : *summary.runs_read)
      if (!run.on_board.empty()) boards.insert(run.on_board);
  if (boards.empty()) return "";
  std::string names;
  std::size_t count = 0;
  for (const std::string& board : boards)
    if (++count <= kMostNames) names += (names.empty() ? "" : ", ") + board;
  if (count > kMostNames) names += ", ...";
  return grouped(static_cast<std::int64_t>(count)) + " (" + names + ")";
}

std::string frequency(const Point& point, const char* axis) {
  const auto hertz = point.setting.number(axis);
  return hertz ? megahertz(*hertz) : point.setting.text(axis).value_or("-");
}

std::string value_of(const std::optional<Estimate>& estimate, double scale = 1) {
  return estimate ? significant(estimate->value * scale) : "-";
}

std::string energy_of(const Point& point) {
  return point.energy_j ? with_uncertainty(*point.energy_j) : "absent";
}

// Points in their order, without those whose energy is absent.
template <typename Keep>
std::vector<const Point*> measured(const StudySummary& summary, Keep keep) {
  std::vector<const Point*> result;
  for (const Point& point : summary.points)
    if (point.energy_j && keep(point)) result.push_back(&point);
  return result;
}

}  // namespace

std::string heading(const StudySummary& summary) {
  const StudyInfo& info = summary.info;
  std::string made = info.name;
  if (!info.created.empty()) made += ", begun " + info.created;
  if (!info.program_version.empty()) made += ", isojoule " + info.program_version;
  std::string board = info.board;
  if (!info.release.empty()) board += ", release " + info.release;
  if (info.simulated) board += ", SIMULATED: a twin's result, no evidence about a real board";
  std::string runs = grouped(summary.runs);
  if (info.planned_runs > 0) runs += " of " + grouped(info.planned_runs) + " planned";
  if (summary.failed > 0) runs += ", " + grouped(summary.failed) + " failed";
  if (summary.throttled > 0) runs += ", " + grouped(summary.throttled) + " throttled";
  if (summary.failed + summary.throttled > 0) runs += " (not averaged in)";
  return label("Study", made) + label("Board", board) + label("Boards", boards_text(summary)) +
         label("Engine", info.engine) + label("Runs", runs);
}

// With what was turned of the engine, where something was.
std::string name_of(const Minimum& minimum) {
  const std::string job = to_string(minimum.job);
  return job.empty() ? minimum.network : minimum.network + " " + job;
}

std::string minima(const StudySummary& summary) {
  if (summary.minima.empty()) return "";
  Table table;
  table.add_column("network", Table::Align::left);
  for (const char* header : {"batch", "CPU MHz", "GPU MHz", "energy J"}) table.add_column(header);
  table.add_column("against", Table::Align::left);
  for (const char* header : {"energy J", "saving %", "latency %"}) table.add_column(header);
  for (const Minimum& minimum : summary.minima) {
    std::vector<std::string> row = {name_of(minimum), fixed(minimum.batch, 0),
                                    frequency(minimum.best, kCpu), frequency(minimum.best, kGpu),
                                    energy_of(minimum.best)};
    if (minimum.comparisons.empty()) row.push_back("no baseline");
    for (const Comparison& other : minimum.comparisons) {
      row.resize(5);
      row.push_back(other.baseline);
      row.push_back(energy_of(other.point));
      row.push_back(fixed(other.saving_percent, 1) + " ±" +
                    fixed(other.saving_uncertainty_percent, 1));
      row.push_back(signed_percent(other.latency_change_percent));
      table.add_row(row);
      row.assign(5, "");
    }
    if (minimum.comparisons.empty()) table.add_row(row);
  }
  std::string text =
      "Least energy of the CPU x GPU grid, against the governors\n" + table.to_text();
  for (const Minimum& minimum : summary.minima)
    text += wrapped(name_of(minimum) + ", batch " + fixed(minimum.batch, 0) + ": " +
                        grouped(minimum.within_one_percent) + " of " +
                        grouped(minimum.grid_points) + " grid points lie within 1 % of the least.",
                    2);
  if (summary.runs_read && several_boards(*summary.runs_read))
    text += wrapped(
        "These are means over whichever boards measured a setting, and a board's own silicon is in "
        "them. Below, Boards compares within blocks, where it drops out.",
        2);
  return text;
}

std::string batches(const StudySummary& summary) {
  // A line of points that differ in the batch alone; of a whole grid, its minima make one line.
  std::map<std::pair<std::string, std::string>, std::map<double, const Point*>> lines;
  for (const Minimum& minimum : summary.minima)
    lines[{minimum.network, "least of the grid"}][minimum.batch] = &minimum.best;
  for (const Point* point : measured(
           summary, [](const Point& one) { return one.setting.number("batch").has_value(); })) {
    const std::string name =
        point->baseline.empty() ? in_words(point->setting, {"batch"}) : point->baseline;
    lines[{point->network, name}][batch_of(*point)] = point;
  }
  std::set<double> swept;  // batches that have a grid of their own: their points are in the least
  for (const Minimum& minimum : summary.minima) swept.insert(minimum.batch);
  Table table;
  table.add_column("network", Table::Align::left);
  table.add_column("setting", Table::Align::left);
  for (const char* header : {"batch", "energy J", "mJ/inference", "ms/inference"})
    table.add_column(header);
  for (const auto& [key, line] : lines) {
    const bool of_grid = line.begin()->second->baseline.empty() &&
                         key.second != "least of the grid" &&
                         std::all_of(line.begin(), line.end(),
                                     [&](const auto& one) { return swept.count(one.first) > 0; });
    if (line.size() < 2 || of_grid) continue;
    std::string network = key.first, name = key.second;
    for (const auto& [batch, point] : line) {
      const double scale = point->inferences > 0 ? 1e3 / point->inferences : 0;
      table.add_row({network, name, fixed(batch, 0), energy_of(*point),
                     scale > 0 ? value_of(point->energy_j, scale) : "-",
                     scale > 0 ? value_of(point->latency_s, scale) : "-"});
      network.clear();
      name.clear();
    }
  }
  return table.empty() ? "" : "Energy over batch size\n" + table.to_text();
}

namespace {

// The points through `best` along one axis, all else equal, by the axis's value.
std::map<double, const Point*> cut_along(const StudySummary& summary, const Point& best,
                                         const char* axis) {
  Setting rest = best.setting;
  rest.erase(axis);
  std::map<double, const Point*> cut;
  for (const Point* point : measured(summary, [&](const Point& one) {
         Setting other = one.setting;
         other.erase(axis);
         return one.network == best.network && one.baseline.empty() && other == rest;
       }))
    if (const auto value = point->setting.number(axis)) cut[*value] = point;
  return cut;
}

std::string cut_table(const std::map<double, const Point*>& cut, const Point& best,
                      const char* axis, const char* header) {
  Table table;
  for (const char* name : {header, "energy J", "power W", "latency s"}) table.add_column(name);
  table.add_column("", Table::Align::left);
  double most = 0;
  for (const auto& [value, point] : cut) most = std::max(most, point->energy_j->value);
  for (const auto& [value, point] : cut) {
    constexpr double kBar = 36;  // columns of the longest bar
    std::string bar;
    for (int i = 0; i < std::lround(kBar * point->energy_j->value / most); ++i) bar += "█";
    if (value == best.setting.number(axis)) bar += " least";
    table.add_row({megahertz(value), energy_of(*point), value_of(point->power_w),
                   value_of(point->latency_s), bar});
  }
  return table.to_text();
}

}  // namespace

std::string cuts(const StudySummary& summary) {
  std::string text;
  std::set<std::string> done;  // one batch a network: the others have the same shape, and --json
  for (const Minimum& minimum : summary.minima) {
    if (!done.insert(minimum.network).second) continue;
    for (const auto& [axis, other, header, name, at] :
         {std::tuple{kCpu, kGpu, "CPU MHz", "the CPU's clock", "GPU"},
          std::tuple{kGpu, kCpu, "GPU MHz", "the GPU's clock", "CPU"}}) {
      const auto cut = cut_along(summary, minimum.best, axis);
      if (cut.size() < 2) continue;
      if (!text.empty()) text += "\n";
      text += "Along " + std::string(name) + ": " + minimum.network + ", batch " +
              fixed(minimum.batch, 0) + ", " + at + " at " + frequency(minimum.best, other) +
              " MHz\n" + cut_table(cut, minimum.best, axis, header);
    }
  }
  return text;
}

std::string points(const StudySummary& summary) {
  std::string text;
  if (summary.minima.empty() && !summary.points.empty()) {
    Table table;
    table.add_column("network", Table::Align::left);
    table.add_column("setting", Table::Align::left);
    for (const char* header : {"energy J", "power W", "latency s", "runs"})
      table.add_column(header);
    for (std::size_t i = 0; i < std::min(kMostPoints, summary.points.size()); ++i) {
      const Point& point = summary.points[i];
      std::string setting = point.baseline.empty() ? "" : point.baseline + ": ";
      setting += in_words(point.setting);
      if (setting.size() > 48) setting = setting.substr(0, 45) + "...";
      table.add_row({point.network, setting, energy_of(point), value_of(point.power_w),
                     value_of(point.latency_s), grouped(point.runs)});
    }
    text = "Points\n" + table.to_text();
    if (summary.points.size() > kMostPoints)
      text += wrapped("... and " +
                          grouped(static_cast<std::int64_t>(summary.points.size() - kMostPoints)) +
                          " more: --csv and --json have them all.",
                      2);
  }
  std::map<std::string, std::int64_t> reasons;
  for (const Point& point : summary.points)
    if (!point.energy_j) reasons[point.why_absent] += 1;
  for (const auto& [why, count] : reasons)
    text += wrapped(
        "Energy is absent at " + grouped(count) + (count == 1 ? " point: " : " points: ") + why, 2);
  return text;
}

std::string too_short(const StudySummary& summary) {
  constexpr std::size_t kMost = 8;
  std::string text;
  std::size_t count = 0;
  for (const Point& point : summary.points) {
    if (!point.too_short || ++count > kMost) continue;
    const std::string baseline = point.baseline.empty() ? "" : point.baseline + ", ";
    text += wrapped(point.network + ", " + baseline + in_words(point.setting) + ": " +
                        words_of(*point.too_short, std::llround(point.inferences),
                                 std::llround(batch_of(point))) +
                        ".",
                    2);
  }
  if (count > kMost)
    text += "  ... and " + grouped(static_cast<std::int64_t>(count - kMost)) + " points more.\n";
  return text.empty() ? "" : "Too short for the power source\n" + text;
}

std::string counters(const StudySummary& summary) {
  if (!summary.counters.any()) return "";
  std::string text = "What the data lack\n";
  for (const CounterInfo& info : all_counters())
    if (const std::uint64_t count = summary.counters[info.counter]; count != 0)
      text += wrapped(grouped(static_cast<std::int64_t>(count)) + " x " + std::string(info.name) +
                          " (" + std::string(name_of(info.severity)) +
                          "): " + std::string(info.meaning) + ". " + std::string(info.remedy) + ".",
                      2);
  return text;
}

std::string method(const StudySummary& summary) {
  std::string text = "How it was measured\n";
  const auto protocol = nlohmann::json::parse(summary.info.protocol_json, nullptr, false);
  if (protocol.is_object() && !protocol.empty()) {
    std::string words;
    for (const auto& [key, value] : protocol.items())
      words += (words.empty() ? "" : ", ") + key + " " +
               (value.is_string() ? value.get<std::string>() : value.dump());
    text += wrapped("Protocol: " + words + ".", 2);
  }
  if (!summary.info.total.empty())
    text += wrapped("Energy: of the inference phase, gross, over " + summary.info.total +
                        " as the module's total, by the rule that fits its sensor.",
                    2);
  for (const auto& [rail, notes] : summary.calibrations)
    for (const std::string& note : notes) text += wrapped(rail + ": " + note + ".", 2);
  text += wrapped(
      "± is the standard uncertainty (k = 1) of the mean over the repeats; that of a saving leaves "
      "out "
      "the power chip's gain, which both energies share.",
      2);
  return text;
}

}  // namespace isojoule::text_report
