// What a session is doing, for whoever looks from outside while it runs (isojoule sweep --metrics).
//
// The sampler writes readings, the session's own thread all else, and any thread may take a
// snapshot. A reading costs a few stores of atomic numbers: no lock, no memory, no wait, whoever
// looks. So the numbers of a rail may be of two neighbouring readings; they are for watching, and
// the study has the measured ones.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "board/board.h"
#include "data/counter.h"
#include "data/run.h"

namespace isojoule {

struct PlannedRun;

class LiveSession {
 public:
  // The rails are those of the board's sensors, in their order. Nothing refers to the board later.
  explicit LiveSession(const Board& board);

  // ---- the session's thread ----
  void expect(std::int64_t planned, std::int64_t already_there);
  void begin_run(const PlannedRun& planned);
  void enter(PhaseKind phase) { phase_.store(static_cast<int>(phase), std::memory_order_relaxed); }
  void leave_phase() { phase_.store(kNoPhase, std::memory_order_relaxed); }
  void batch() { batches_.fetch_add(1, std::memory_order_relaxed); }
  void leave_run();
  // A run that is kept; every run once, however often it was tried.
  void count(const Run& run);

  // ---- the sampler: what it samples now is not joined to what it sampled before ----
  void begin_sampling();
  // The channel's last reading. Its rows come one by one.
  void reading(std::size_t place, const Channel& channel) noexcept;

  // ---- any thread ----
  struct RailState {
    std::string rail;
    std::optional<double> power_w;  // of the last reading; of a counter, since the one before it
    // While it was sampled, since the session began. Never falls: where power is negative it stays
    // until the sum has made up for it, and a counter's reset adds nothing.
    double energy_j = 0;
    std::uint64_t readings = 0;
    // The same energy by the phase in which it was read; "none" between two runs. Their sum is
    // energy_j up to rounding, and none of them falls. Only phases that there were.
    std::map<std::string, double> phase_energy_j = {};
  };
  struct State {
    std::vector<RailState> rails;  // and "total", where all of its rails are there
    std::optional<PhaseKind> phase;
    std::string network, setting, baseline;  // of the present run
    std::int64_t sequence = -1;              // -1: no run
    std::int64_t planned = 0, already_there = 0;
    std::int64_t complete = 0, failed = 0, throttled = 0;
    std::int64_t batches = 0, inferences = 0;
    std::optional<double> inference_s;  // of the last run that was kept and had an inference phase
    std::map<Counter, std::uint64_t> faults;
  };
  State snapshot() const;

 private:
  static constexpr int kNoPhase = -1;
  static constexpr std::size_t kPhases = static_cast<std::size_t>(PhaseKind::tear_down) + 1;

  struct LiveRail {
    std::string name;
    std::atomic<double> power_w{std::numeric_limits<double>::quiet_NaN()};  // NaN: not yet known
    std::atomic<double> energy_j{0};
    std::atomic<std::uint64_t> readings{0};
    std::array<std::atomic<double>, kPhases + 1> phase_energy_j{};  // the first is of no phase
    // The sampler's own: the reading before this one.
    bool has_last = false;
    std::int64_t last_ns = 0;
    double last_w = 0;        // but of a counter
    std::int32_t last_a = 0;  // of a counter
    double sum_j = 0;         // energy_j is the highest that it has been
  };

  void tell_energy(LiveRail& rail) noexcept;
  void add_total(State& state) const;

  std::deque<LiveRail> rails_;  // their addresses stay
  std::vector<std::string> rails_of_total_;
  std::atomic<int> phase_{kNoPhase};
  std::atomic<std::int64_t> planned_{0}, already_there_{0}, complete_{0}, failed_{0}, throttled_{0},
      batches_{0}, inferences_{0};
  std::atomic<double> inference_s_{-1};
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Counter::count_)> faults_{};
  mutable std::mutex names_mutex_;  // never taken by the sampler
  std::string network_, setting_, baseline_;
  std::int64_t sequence_ = -1;
};

}  // namespace isojoule
