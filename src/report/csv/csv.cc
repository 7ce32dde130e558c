// One row a run, for spreadsheets and data frames: settings, state, duration and energy of every
// phase and rail, of the windows of each name together, temperatures, counters. Units are in the
// header; an absent value is an empty field and why_absent says why. RFC 4180 quoting, lines end
// with LF.
#include <algorithm>
#include <set>

#include "report/export_parts.h"
#include "report/report.h"
#include "report/window_json.h"

namespace isojoule {
namespace {

std::string number(double value) { return to_string(Value(value)); }
std::string number(const std::optional<Joule>& value) {
  return value ? number(value->value()) : "";
}
std::string text_of(const Value* value) { return value == nullptr ? "" : to_string(*value); }

// Columns in order: a header, and what a run has there.
class Columns {
 public:
  using Field = std::function<std::string(const Run&)>;
  void add(std::string header, Field field) {
    headers_.push_back(std::move(header));
    fields_.push_back(std::move(field));
  }
  std::string header() const {
    return row([this](std::size_t i) { return headers_[i]; });
  }
  std::string row_of(const Run& run) const {
    return row([&](std::size_t i) { return fields_[i](run); });
  }

 private:
  template <typename Text>
  std::string row(Text text) const {
    std::string line;
    for (std::size_t i = 0; i < headers_.size(); ++i)
      line += (i == 0 ? "" : ",") + csv_quoted(text(i));
    return line + "\n";
  }
  std::vector<std::string> headers_;
  std::vector<Field> fields_;
};

void add_settings(Columns& columns, const std::vector<Run>& runs) {
  std::set<std::string> axes, knobs;
  for (const Run& run : runs) {
    for (const auto& [axis, value] : run.setting.values()) axes.insert(axis);
    for (const KnobResult& knob : run.knobs) knobs.insert(knob.axis);
  }
  for (const std::string& axis : axes)
    columns.add(key_with_unit(axis),
                [axis](const Run& run) { return text_of(run.setting.find(axis)); });
  for (const std::string& axis : knobs)
    columns.add("achieved_" + key_with_unit(axis), [axis](const Run& run) {
      for (const KnobResult& knob : run.knobs)
        if (knob.axis == axis) return to_string(knob.achieved);
      return std::string();
    });
}

using Take = std::string (*)(const PhaseEnergy&);

void add_energy(Columns& columns, PhaseKind phase, const std::string& rail, const char* suffix,
                Take take) {
  columns.add(std::string(name_of(phase)) + "_" + rail + suffix, [=](const Run& run) {
    const PhaseEnergy* energy = run.energy(phase, rail);
    return energy == nullptr ? std::string() : take(*energy);
  });
}

void add_energies(Columns& columns, const std::vector<Run>& runs) {
  std::set<PhaseKind> phases;
  std::set<std::pair<PhaseKind, std::string>> rails;
  for (const Run& run : runs) {
    for (const Phase& phase : run.phases) phases.insert(phase.kind);
    for (const PhaseEnergy& energy : run.energies) rails.insert({energy.phase, energy.rail});
  }
  for (const PhaseKind kind : phases)
    columns.add(std::string(name_of(kind)) + "_s", [kind](const Run& run) {
      const Phase* phase = run.phase(kind);
      return phase == nullptr ? std::string()
                              : number(static_cast<double>((phase->end - phase->begin).ns) / 1e9);
    });
  for (const auto& [kind, rail] : rails) {
    add_energy(columns, kind, rail, "_energy_j",
               [](const PhaseEnergy& energy) { return number(energy.gross.value); });
    add_energy(columns, kind, rail, "_energy_u_j",
               [](const PhaseEnergy& energy) { return number(energy.gross.uncertainty); });
    if (kind == PhaseKind::idle) continue;
    add_energy(columns, kind, rail, "_net_energy_j",
               [](const PhaseEnergy& energy) { return number(energy.net.value); });
    add_energy(columns, kind, rail, "_net_energy_u_j",
               [](const PhaseEnergy& energy) { return number(energy.net.uncertainty); });
  }
  columns.add("why_absent", [](const Run& run) {
    const PhaseEnergy* energy = run.energy(PhaseKind::inference);
    return energy == nullptr ? std::string("the run has no energy of its inference phase")
                             : energy->gross.why_absent;
  });
}

void add_temperatures(Columns& columns, const std::vector<Run>& runs, const char* suffix,
                      std::map<std::string, double> Run::*member) {
  std::set<std::string> zones;
  for (const Run& run : runs)
    for (const auto& [zone, celsius] : run.*member) zones.insert(zone);
  for (const std::string& zone : zones)
    columns.add(zone + suffix, [zone, member](const Run& run) {
      const auto found = (run.*member).find(zone);
      return found == (run.*member).end() ? std::string() : number(found->second);
    });
}

void add_counters(Columns& columns, const std::vector<Run>& runs) {
  Counters all;
  for (const Run& run : runs) all += run.counters;
  for (const CounterInfo& info : all_counters())
    if (all[info.counter] != 0)
      columns.add(std::string(info.name), [counter = info.counter](const Run& run) {
        return std::to_string(run.counters[counter]);
      });
}

// By run, then by name.
using WindowsByRun = std::map<std::int64_t, std::map<std::string, NamedWindows>>;

Result<WindowsByRun> windows_by_run(StudyFile& study, const std::vector<Run>& runs) {
  WindowsByRun by_run;
  for (const Run& run : runs) {
    if (run.windows.empty()) continue;
    ISOJOULE_TRY(std::vector<NamedWindows> named, named_windows_of(study, run));
    for (NamedWindows& one : named) by_run[run.id].emplace(one.name, std::move(one));
  }
  return by_run;
}

// A program may make up a name for each window: no table can hold these.
constexpr std::size_t kMostNames = 64;

// `all` must outlive the columns.
void add_windows(Columns& columns, const WindowsByRun& all) {
  std::set<std::string> names;
  for (const auto& [run, by_name] : all)
    for (const auto& [name, windows] : by_name) names.insert(name);
  const bool too_many = names.size() > kMostNames;
  if (too_many) names.erase(std::next(names.begin(), kMostNames), names.end());
  const auto add = [&](const std::string& name, const char* suffix, auto take) {
    columns.add("window_" + name + suffix, [&all, name, take](const Run& run) {
      const auto of_run = all.find(run.id);
      if (of_run == all.end()) return std::string();
      const auto found = of_run->second.find(name);
      return found == of_run->second.end() ? std::string() : take(found->second);
    });
  };
  using Energy = MeasuredEnergy RailEnergy::*;
  const auto energy = [](Energy which, std::optional<Joule> MeasuredEnergy::*part) {
    return [which, part](const NamedWindows& windows) {
      const RailEnergy* total = windows.energy();
      return total == nullptr ? std::string() : number((total->*which).*part);
    };
  };
  for (const std::string& name : names) {
    add(name, "_count", [](const NamedWindows& windows) {
      return std::to_string(windows.count + windows.moments);
    });
    add(name, "_s", [](const NamedWindows& windows) { return number(windows.duration.value()); });
    add(name, "_energy_j", energy(&RailEnergy::gross, &MeasuredEnergy::value));
    add(name, "_energy_u_j", energy(&RailEnergy::gross, &MeasuredEnergy::uncertainty));
    add(name, "_net_energy_j", energy(&RailEnergy::net, &MeasuredEnergy::value));
    add(name, "_net_energy_u_j", energy(&RailEnergy::net, &MeasuredEnergy::uncertainty));
  }
  if (!too_many) return;
  columns.add("windows_left_out", [&all, names](const Run& run) {
    std::int64_t left_out = 0;
    if (const auto of_run = all.find(run.id); of_run != all.end())
      for (const auto& [name, windows] : of_run->second)
        left_out += names.count(name) > 0 ? 0 : windows.count + windows.moments;
    return std::to_string(left_out);
  });
}

Result<std::string> render(const StudySummary& summary, StudyFile& study, const ReportOptions&) {
  ISOJOULE_TRY(const auto read, runs_of(summary, study));
  const std::vector<Run>& runs = *read;
  Columns columns;
  columns.add("run", [](const Run& run) { return std::to_string(run.id); });
  columns.add("sequence", [](const Run& run) { return std::to_string(run.sequence); });
  columns.add("block", [](const Run& run) { return std::to_string(run.block); });
  columns.add("repeat", [](const Run& run) { return std::to_string(run.repeat); });
  const std::string simulated = summary.info.simulated ? "1" : "0";
  columns.add("simulated", [simulated](const Run&) { return simulated; });
  if (std::any_of(runs.begin(), runs.end(), [](const Run& run) { return !run.on_board.empty(); }))
    columns.add("on_board", [](const Run& run) { return run.on_board; });
  columns.add("network", [](const Run& run) { return run.network; });
  columns.add("baseline", [](const Run& run) { return run.baseline; });
  add_settings(columns, runs);
  columns.add("state", [](const Run& run) { return std::string(name_of(run.state)); });
  columns.add("failure", [](const Run& run) { return run.failure; });
  columns.add("inferences", [](const Run& run) { return std::to_string(run.inferences); });
  columns.add("wall_time", [](const Run& run) { return run.wall_time; });
  add_energies(columns, runs);
  ISOJOULE_TRY(const WindowsByRun windows, windows_by_run(study, runs));
  add_windows(columns, windows);
  add_temperatures(columns, runs, "_start_c", &Run::temperature_start_c);
  add_temperatures(columns, runs, "_end_c", &Run::temperature_end_c);
  add_counters(columns, runs);
  std::string text = columns.header();
  for (const Run& run : runs) text += columns.row_of(run);
  return text;
}

}  // namespace

const ReportKind& report_kind_csv() {
  static const ReportKind kind = {"csv", ".csv", "one row a run, with units in the header", render};
  return kind;
}

}  // namespace isojoule
