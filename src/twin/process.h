// The process that runs a network on a twin: its phases as a row of stages, each of which either
// waits for storage, computes on one core, or has the GPU run a batch while a core polls for it.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/random.h"
#include "twin/dla.h"
#include "twin/simulation.h"
#include "twin/work.h"

namespace isojoule::twin {

// The clocks that a stage runs at; `gpu`: index into the table.
struct Clocks {
  Hertz cpu;
  std::size_t gpu = 0;
  int cores = 1;
  Hertz dla{0};
};

// The network of a program that stays loaded and waits for requests: its work on one board, worked
// out once for all its batches. The constants outlive it.
struct ResidentNetwork {
  SimulatedJob job;
  double memory_share = 1;
  std::shared_ptr<const std::vector<BatchWork>> works;
};

class Process {
 public:
  // `random` null: no variation. Keeps references to constants and random. `memory_share`: of the
  // memory's highest clock.
  Process(const Constants& constants, const SimulatedJob& job, Random* random, Instant now,
          std::deque<SimulatedEvent>& events, double memory_share = 1);
  // One batch of a program that is loaded. `work_share`: of the usual work, which inputs and what
  // else runs on the board change; every stage takes so much longer.
  Process(const Constants& constants, std::shared_ptr<const ResidentNetwork> resident,
          double work_share, Random* random, Instant now, std::deque<SimulatedEvent>& events,
          double memory_share);
  // The memory clock has changed: the kernels take another time from now on.
  void set_memory_share(double share);

  int dla_core() const { return execution_.dla_core; }
  const Stage& stage() const { return stages_[stage_]; }
  bool finished() const { return finished_; }

  // The whole current stage at these clocks.
  StageLoad load(const Clocks& clocks) const { return load_of(stage(), clocks); }
  // From the end of the current stage to the end of the batch or phase that it belongs to.
  Second after_stage(const Clocks& clocks) const;
  // The current stage has ended: goes on to the next and says what that ends and begins.
  void end_stage(Instant now, const Clocks& clocks, std::deque<SimulatedEvent>& events);
  bool woke_from_io() const { return woke_from_io_; }

 private:
  struct PhasePlan {
    PhaseKind kind;
    std::int64_t rounds;  // batches, or 1
    std::vector<Stage> stages;
    Duration at_least{};  // rounds go on until then
  };
  void plan_phases(const SimulatedJob& job);
  void plan_batches(const SimulatedJob& job, const StartCycles& start);
  std::vector<Stage> stages_of_batch() const;
  StageLoad load_of(const Stage& stage, const Clocks& clocks) const {
    return stage_load((*works_)[stage.part], constants_, stage, clocks.cpu, clocks.gpu,
                      clocks.cores, clocks.dla);
  }
  static std::vector<PlacedPart> parts_of(const NetworkCost& cost, const Execution& execution);
  void make_works(double memory_share);
  std::vector<LayerTime> layer_times(const Clocks& clocks) const;
  void begin_round(Instant now);
  void begin_phase(Instant now, std::deque<SimulatedEvent>& events);
  double memory_bytes() const;  // of system, libraries, weights, activations and inputs

  const Constants& constants_;
  Random* random_;
  NetworkConstants network_;
  Execution execution_;
  WorkOptions options_;
  std::vector<PlacedPart> parts_;                    // one where a single device runs the network
  std::shared_ptr<const ResidentNetwork> resident_;  // where it is one
  std::shared_ptr<const std::vector<BatchWork>> works_;  // of the parts
  double memory_share_ = 1;
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

std::shared_ptr<const ResidentNetwork> make_resident(const Constants& constants,
                                                     const SimulatedJob& job,
                                                     double memory_share = 1);

}  // namespace isojoule::twin
