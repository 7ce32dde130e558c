// The process that runs a network on a twin: its phases as a row of stages, each of which either
// waits for storage, computes on one core, or has the GPU run a batch while a core polls for it.
#pragma once

#include <deque>
#include <vector>

#include "base/random.h"
#include "twin/simulation.h"
#include "twin/work.h"

namespace isojoule::twin {

class Process {
 public:
  // `random` null: no variation. Keeps references to constants and random. `memory_share`: of the
  // memory's highest clock.
  Process(const Constants& constants, const SimulatedJob& job, Random* random, Instant now,
          std::deque<SimulatedEvent>& events, double memory_share = 1);
  // The memory clock has changed: the kernels take another time from now on.
  void set_memory_share(double share);

  const BatchWork& work() const { return work_; }
  const Stage& stage() const { return stages_[stage_]; }
  bool finished() const { return finished_; }

  // The whole current stage at these clocks (gpu: index into the table).
  StageLoad load(Hertz cpu, std::size_t gpu, int cores = 1) const {
    return stage_load(work_, constants_, stage(), cpu, gpu, cores);
  }
  // From the end of the current stage to the end of the batch or phase that it belongs to.
  Second after_stage(Hertz cpu, std::size_t gpu, int cores = 1) const;
  // The current stage has ended: goes on to the next and says what that ends and begins.
  void end_stage(Instant now, std::deque<SimulatedEvent>& events);
  bool woke_from_io() const { return woke_from_io_; }

 private:
  struct PhasePlan {
    PhaseKind kind;
    std::int64_t rounds;  // batches, or 1
    std::vector<Stage> stages;
  };
  void plan_phases(const SimulatedJob& job);
  void begin_round(Instant now);
  void begin_phase(Instant now, std::deque<SimulatedEvent>& events);
  bool fits_in_memory() const;

  const Constants& constants_;
  Random* random_;
  NetworkCost cost_;
  NetworkConstants network_;
  BatchWork work_;
  std::vector<PhasePlan> phases_;
  double run_factor_ = 1;
  std::size_t phase_ = 0;
  std::int64_t round_ = 0;
  std::vector<Stage> stages_;  // of this round, with its variation
  std::size_t stage_ = 0;
  Instant phase_begin_, round_begin_;
  bool finished_ = false;
  bool woke_from_io_ = false;
};

}  // namespace isojoule::twin
