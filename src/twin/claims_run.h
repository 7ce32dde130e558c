// One simulated run for a claim: what a setting costs, phase by phase, without nodes and chips.
#pragma once

#include <functional>
#include <map>

#include "twin/simulation.h"

namespace isojoule::twin {

struct PhaseFigures {
  double seconds = 0;
  double joules = 0;
};

struct RunFigures {
  std::map<PhaseKind, PhaseFigures> phases;
  std::int64_t batches = 0;
  double seconds() const { return of(PhaseKind::inference).seconds; }
  double joules() const { return of(PhaseKind::inference).joules; }
  double watts() const { return joules() / seconds(); }
  double edp() const { return joules() * seconds(); }
  // From the process's start to the end of the inference phase.
  double joules_until_end() const;
  // load and graph_initialisation: what comes before a first batch could run.
  double loading_joules() const;
  const PhaseFigures& of(PhaseKind kind) const;
};

// The module's power is the sum of the first `rails` rails. `prepare` sets clocks and cores.
RunFigures simulated_run(const Constants& constants, const SimulatedJob& job, std::size_t rails,
                         const std::function<void(Simulation&)>& prepare);

}  // namespace isojoule::twin
