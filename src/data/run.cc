#include "data/run.h"

#include <algorithm>
#include <array>

namespace isojoule {
namespace {

constexpr std::array<std::pair<PhaseKind, std::string_view>, 11> kPhases = {{
    {PhaseKind::idle, "idle"},
    {PhaseKind::process_start, "process_start"},
    {PhaseKind::load, "load"},
    {PhaseKind::graph_initialisation, "graph_initialisation"},
    {PhaseKind::inputs, "inputs"},
    {PhaseKind::first_inference, "first_inference"},
    {PhaseKind::warm_up, "warm_up"},
    {PhaseKind::inference, "inference"},
    {PhaseKind::post_processing, "post_processing"},
    {PhaseKind::profiling, "profiling"},
    {PhaseKind::tear_down, "tear_down"},
}};

constexpr std::array<std::pair<RunState, std::string_view>, 3> kStates = {{
    {RunState::complete, "complete"},
    {RunState::failed, "failed"},
    {RunState::throttled, "throttled"},
}};

template <typename Table, typename Kind>
std::string_view name_in(const Table& table, Kind kind) {
  for (const auto& [value, name] : table)
    if (value == kind) return name;
  return "";
}

template <typename Table>
auto value_in(const Table& table, std::string_view name)
    -> std::optional<std::remove_cv_t<decltype(table[0].first)>> {
  for (const auto& [value, known] : table)
    if (known == name) return value;
  return std::nullopt;
}

}  // namespace

std::string_view name_of(PhaseKind kind) { return name_in(kPhases, kind); }
std::optional<PhaseKind> phase_named(std::string_view name) { return value_in(kPhases, name); }
std::string_view name_of(RunState state) { return name_in(kStates, state); }
std::optional<RunState> run_state_named(std::string_view name) { return value_in(kStates, name); }

const Phase* Run::phase(PhaseKind kind) const {
  const auto found = std::find_if(phases.begin(), phases.end(),
                                  [kind](const Phase& phase) { return phase.kind == kind; });
  return found == phases.end() ? nullptr : &*found;
}

const PhaseEnergy* Run::energy(PhaseKind kind, const std::string& rail) const {
  const auto found = std::find_if(energies.begin(), energies.end(), [&](const PhaseEnergy& energy) {
    return energy.phase == kind && energy.rail == rail;
  });
  return found == energies.end() ? nullptr : &*found;
}

}  // namespace isojoule
