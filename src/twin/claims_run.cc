#include "twin/claims_run.h"

#include <algorithm>

namespace isojoule::twin {

const PhaseFigures& RunFigures::of(PhaseKind kind) const {
  static const PhaseFigures none;
  const auto found = phases.find(kind);
  return found == phases.end() ? none : found->second;
}

double RunFigures::joules_until_end() const {
  double sum = 0;
  for (const auto& [kind, figures] : phases)
    if (kind <= PhaseKind::inference) sum += figures.joules;
  return sum;
}

double RunFigures::loading_joules() const {
  return of(PhaseKind::load).joules + of(PhaseKind::graph_initialisation).joules;
}

RunFigures simulated_run(const Constants& constants, const SimulatedJob& job, std::size_t rails,
                         const std::function<void(Simulation&)>& prepare) {
  Simulation simulation(constants, 1, false);
  prepare(simulation);
  // What an idle board does by itself (governors, the GPU's power switch) has happened.
  simulation.advance_to(simulation.now() + Duration::milliseconds(2000));
  const auto joules_at = [&](Instant t) {
    double sum = 0;
    for (std::size_t rail = 0; rail < rails; ++rail) sum += simulation.rail_energy(rail, t).value();
    return sum;
  };
  RunFigures out;
  double begun = 0;
  simulation.start(job);
  while (simulation.running()) {
    // An estimate holds for the present clocks only; what is long ago is forgotten.
    const Instant soon = simulation.now() + Duration::milliseconds(500);
    if (const auto next = simulation.next_process_time())
      simulation.advance_to(std::clamp(*next, simulation.now() + Duration{1000}, soon));
    while (auto event = simulation.take_event()) {
      if (event->kind == SimulatedEvent::Kind::batch) ++out.batches;
      if (event->kind == SimulatedEvent::Kind::phase_begin) begun = joules_at(event->begin);
      if (event->kind != SimulatedEvent::Kind::phase_end) continue;
      PhaseFigures& phase = out.phases[event->phase];
      phase.seconds += (event->end - event->begin).seconds().value();
      phase.joules += joules_at(event->end) - begun;
    }
  }
  return out;
}

}  // namespace isojoule::twin
