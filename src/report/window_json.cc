#include "report/window_json.h"

#include <map>

#include "report/export_parts.h"

namespace isojoule {
namespace {

using nlohmann::json;

json energy_json(const MeasuredEnergy& gross, const MeasuredEnergy& net,
                 const std::map<std::string, double>& budget) {
  json object = {{"energy_j", json_of(gross.value)},
                 {"energy_u_j", json_of(gross.uncertainty)},
                 {"net_energy_j", json_of(net.value)},
                 {"net_energy_u_j", json_of(net.uncertainty)}};
  if (!budget.empty()) object["budget_j"] = budget;
  if (!gross.value) object["why_absent"] = gross.why_absent;
  return object;
}

json named_json(const NamedWindows& named) {
  json object = {{"name", named.name},
                 {"count", named.count},
                 {"moments", named.moments},
                 {"overlapping", named.overlapping},
                 {"known_together_only", named.together},
                 {"duration_s", named.duration.value()},
                 {"shortest_s", named.shortest.value()},
                 {"longest_s", named.longest.value()}};
  json rails = json::object();
  for (const RailEnergy& energy : named.energies) {
    json one = energy_json(energy.gross, energy.net, energy.budget_j);
    if (energy.rail == "total")
      object.update(one);
    else
      rails[energy.rail] = std::move(one);
  }
  if (!rails.empty()) object["rails"] = std::move(rails);
  if (named.energies.empty())
    object.update(
        energy_json({std::nullopt, std::nullopt, "they are moments, without length"}, {}, {}));
  return object;
}

}  // namespace

json json_of(const std::optional<Joule>& energy) {
  return energy ? json(energy->value()) : json(nullptr);
}

json json_of(const Counters& counters) {
  json object = json::object();
  for (const CounterInfo& info : all_counters())
    if (counters[info.counter] > 0) object[std::string(info.name)] = counters[info.counter];
  return object;
}

void add_windows_json(json& root, const std::vector<NamedWindows>& named,
                      const std::vector<Window>& windows, const std::vector<WindowEnergy>& energies,
                      Instant zero) {
  if (named.empty()) return;
  json names = json::array(), each = json::array();
  for (const NamedWindows& one : named) names.push_back(named_json(one));
  std::map<std::int64_t, std::vector<const WindowEnergy*>> by_window;
  for (const WindowEnergy& energy : energies) by_window[energy.window].push_back(&energy);
  const std::size_t shown = std::min(windows.size(), kWindowsInJson);
  for (std::size_t i = 0; i < shown; ++i) {
    const Window& window = windows[i];
    json object = {{"name", window.name},
                   {"begin_s", (window.begin - zero).seconds().value()},
                   {"duration_s", window.duration().value()}};
    json rails = json::object();
    for (const WindowEnergy* energy : by_window[static_cast<std::int64_t>(i)]) {
      json one = energy_json(energy->gross, energy->net, {});
      if (energy->rail == "total")
        object.update(one);
      else
        rails[energy->rail] = std::move(one);
    }
    if (!rails.empty()) object["rails"] = std::move(rails);
    each.push_back(std::move(object));
  }
  root["windows"] = std::move(names);
  root["each_window"] = std::move(each);
  if (windows.size() > shown) root["windows_left_out"] = windows.size() - shown;
}

Instant zero_of(const Run& run) {
  for (const Phase& phase : run.phases)
    if (phase.kind != PhaseKind::idle) return phase.begin;
  return run.windows.empty() ? Instant{} : run.windows.front().begin;
}

Result<std::vector<NamedWindows>> named_windows_of(StudyFile& study, const Run& run) {
  if (run.windows.empty()) return std::vector<NamedWindows>{};
  ISOJOULE_TRY(const std::optional<Trace> trace, kept_trace(study, run.id));
  std::vector<NamedWindows> named = named_windows(trace.value_or(Trace{}), run.windows, run.phases);
  if (trace) return named;
  const MeasuredEnergy absent = {std::nullopt, std::nullopt, "the study keeps no trace of the run"};
  for (NamedWindows& one : named)
    if (one.count > 0) one.energies = {{"total", absent, absent, {}}};
  return named;
}

}  // namespace isojoule
