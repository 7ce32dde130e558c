// The board's physics and its kernel's control loops in virtual time, without any file: what
// twin/ puts nodes in front of. One thread.
//
// Power of each domain is constant between two events, so energies are exact, not stepped.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/quantity.h"
#include "base/random.h"
#include "cost/cost.h"
#include "data/run.h"
#include "twin/constants.h"
#include "twin/execution.h"

namespace isojoule::twin {

// A clock domain with a frequency table and a governor.
enum class Domain : std::uint8_t { cpu, gpu };

struct SimulatedJob {
  NetworkCost cost;  // of one batch
  std::string network;
  std::int64_t batch = 1;
  std::int64_t batches = 1;
  std::int64_t warmup_batches = 0;     // at least so many, and at least so long
  NetworkConstants network_constants;  // kernel efficiency, CPU work an inference
  Duration warmup_time = {};
  std::int64_t profile_batches = 0;
  Execution execution = {};
};

// A CPU cluster beside the one that the work runs on: its clock stands at `fixed`, or follows the
// working cluster's within its own limits, as its governor would for the same load.
struct ClusterLimits {
  int online_cores = 0;
  std::optional<Hertz> fixed;
  Hertz lowest, highest;
  bool governed = false;  // a governor may move the clock: guard band
};

struct ThrottleCounts {
  std::uint64_t thermal = 0;        // polls above the trip
  std::uint64_t average_power = 0;  // times that the averaged module power rose above its limit
  std::uint64_t instantaneous_power = 0;  // the same of the present power
};

struct SimulatedEvent {
  enum class Kind : std::uint8_t {
    phase_begin,
    phase_end,
    batch,
    layers,
    finished,
    out_of_memory
  } kind;
  PhaseKind phase = PhaseKind::idle;
  Instant begin, end;
  std::vector<LayerTime> layers;
  double memory_bytes = 0;  // finished, out_of_memory: what system, libraries and network need
};

struct ResidentNetwork;  // twin/process.h

class Simulation {
 public:
  Simulation(const Constants& constants, std::uint64_t seed, bool noise);
  ~Simulation();

  Instant now() const;
  // A new run begins: what follows depends on this seed and on what is set from now on, not on what
  // was before. Temperature of the idle board, clocks that move from their lowest, energy from
  // zero.
  void begin_run(std::uint64_t seed);
  // Plays everything that happens up to t.
  void advance_to(Instant t);

  // Energy that the rail (index into constants.rails) has taken since the start, at a time in
  // [now - history, now]; history is at least two windows of the power chip.
  Joule rail_energy(std::size_t rail, Instant t) const;
  Volt rail_voltage(std::size_t rail) const;
  Watt rail_power(std::size_t rail) const;  // now
  Volt cpu_voltage() const;                 // of the working cluster, now

  // ---- what the kernel's nodes read and write; frequencies in hertz, all from the tables ----
  Hertz frequency(Domain domain) const;  // as it runs now
  Hertz min_limit(Domain domain) const;
  Hertz max_limit(Domain domain) const;
  void set_limits(Domain domain, Hertz minimum, Hertz maximum);
  const std::string& governor(Domain domain) const;
  void set_governor(Domain domain, const std::string& name);     // must be one of the constants'
  void set_userspace_frequency(Domain domain, Hertz frequency);  // used by governor userspace
  int online_cores() const;
  void set_online_cores(int cores);
  double load(Domain domain) const;  // 0..1, recent
  // Time at each table entry since the start, in order of the table.
  std::vector<Second> time_in_state(Domain domain) const;
  Celsius temperature(std::size_t zone) const;  // index into constants.thermal_zones
  std::uint64_t throttle_events() const { return throttle_counts().thermal; }
  ThrottleCounts throttle_counts() const;
  // Of the module; 0 = none. Above the average limit the clocks go down an entry a poll, as above a
  // thermal trip: the chip's alarm line brakes by hardware, also clocks that were set by hand.
  void set_power_limits(Watt average, Watt instantaneous);
  // How often the clock went from one table entry to another, row = from, n x n.
  std::vector<std::uint32_t> transitions(Domain domain) const;
  void set_ambient(Celsius ambient);  // of the room; the constants' until it is set
  Joule total_energy() const;         // of all components since the run began, until now
  void set_idle_clusters(std::vector<ClusterLimits> clusters);

  // ---- memory and the GPU's power switch ----
  // Of the clock that the constants' peak bandwidth belongs to, (0, 4]; 1 until it is set.
  // Bandwidth and the memory's idle power scale.
  void set_memory_share(double share);
  double memory_share() const;
  double memory_traffic() const;  // bytes/s, recent
  // Where it is on, an idle GPU is switched off after the delay (gpu.gated_share of its power
  // stays).
  void set_railgating(bool on, Duration delay);
  bool gpu_gated() const;

  // ---- the deep-learning accelerators: each has a clock of its own, without a governor ----
  void set_dla_frequency(int core, Hertz frequency);
  Hertz dla_frequency(int core) const;

  // ---- the process that runs the network ----
  void start(const SimulatedJob& job);
  // A batch of a program that is loaded and waits: nothing but the batch. `work_share`: of the
  // usual work of such a batch. Not on a DLA.
  void start_batch(const std::shared_ptr<const ResidentNetwork>& network, double work_share);
  bool running() const;
  void kill();
  // The next event that has happened by now(); in order of end time.
  std::optional<SimulatedEvent> take_event();
  // When something of the process will next end if nothing changes the clocks; the clock's owner
  // advances towards it in small steps. Nothing when no process runs.
  std::optional<Instant> next_process_time() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isojoule::twin
