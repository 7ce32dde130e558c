// One energy a window: a window is what phase_energies() calls a phase.
#include "trace/window_energies.h"

#include "trace/integrate.h"

namespace isojoule {
namespace {

// Any kind but idle and inference, whose gaps are counted as a loss.
constexpr PhaseKind kAsPhase = PhaseKind::post_processing;

bool is_covered(const Trace& trace, const Window& window) {
  for (const Channel& channel : trace.channels)
    if (!channel.time_ns.empty() && window.begin.ns <= channel.time_ns.back() &&
        window.end.ns >= channel.time_ns.front())
      return true;
  return trace.channels.empty();
}

bool is_short(const Trace& trace, const Window& window) {
  for (const Channel& channel : trace.channels)
    if (window.duration() < channel.info.window) return true;
  return false;
}

}  // namespace

std::vector<WindowEnergy> window_energies(const Trace& trace, const std::vector<Window>& windows,
                                          const std::vector<Phase>& phases, Counters& counters) {
  std::vector<WindowEnergy> energies;
  for (const Window& window : windows) {
    if (window.end <= window.begin) continue;
    if (!is_covered(trace, window)) counters.add(Counter::marker_outside);
    if (is_short(trace, window)) counters.add(Counter::window_shorter_than_sensor);
  }
  if (windows.size() > kSingleWindows) return energies;
  std::vector<Phase> asked;
  for (const Phase& phase : phases)
    if (phase.kind == PhaseKind::idle) asked.push_back(phase);
  const std::size_t idles = asked.size();
  std::vector<std::int64_t> places;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    if (windows[i].end <= windows[i].begin) continue;
    asked.push_back({kAsPhase, windows[i].begin, windows[i].end});
    places.push_back(static_cast<std::int64_t>(i));
  }
  if (places.empty()) return energies;
  Counters of_phases;  // what they raise is said of the run's phases already
  std::vector<PhaseEnergy> found = phase_energies(trace, asked, of_phases);
  const std::size_t rows = found.size() / asked.size();
  for (std::size_t i = 0; i < places.size(); ++i)
    for (std::size_t k = 0; k < rows; ++k) {
      PhaseEnergy& row = found[(idles + i) * rows + k];
      energies.push_back({places[i], std::move(row.rail), std::move(row.gross), std::move(row.net),
                          std::move(row.budget_j)});
    }
  return energies;
}

}  // namespace isojoule
