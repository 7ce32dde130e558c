// Makes frames of what the ticks have read. On the owner's thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/monitor/live_frame.h"
#include "app/monitor/rail_sum.h"
#include "app/monitor/sample_ring.h"
#include "board/board.h"

namespace isojoule {

// Watches for the monitor beside the board file's own: its thermal zones, and on a machine that no
// board file describes the first processor's clock and every thermal zone. To be called before the
// sampler is made.
void add_live_watches(Board& board);

class FrameMaker {
 public:
  // `shape`: of the sampler that the ring is filled by. Refers to the board, for its throttles.
  FrameMaker(Board& board, const Trace& shape, Duration sampling, Duration frame);

  const LiveHead& head() const { return head_; }
  LiveHead& head() { return head_; }

  // From then on (or from the readings on that have not been looked at yet) it is in this phase;
  // "" = in none.
  void enter(Instant at, std::string phase) { changes_.push_back({at, std::move(phase)}); }
  // Is called for every record that is taken, in order; may be empty.
  void listen(std::function<void(const SampleRecord&)> listener) {
    listener_ = std::move(listener);
  }
  // All that has come by `now` as the next frame. The start is the first call's `began`.
  LiveFrame make(SampleRing& ring, Instant began, Instant now);

  const Counters& counters() const { return counters_; }
  const std::vector<RailSum>& rails() const { return rails_; }

 private:
  struct PhaseStep {
    Instant at;
    std::string phase;
  };
  struct WatchState {
    std::optional<double> value;
    std::int64_t time_ns = 0;
  };

  void make_head(Duration sampling, Duration frame);
  void take(const SampleRecord& record);
  void add_total();
  void end_total(LiveFrame& frame);
  void look_at_throttles(Instant now);
  void add_cost(LiveFrame& frame);
  const std::string& phase_at(std::int64_t time_ns);

  Board& board_;
  Duration sampling_;
  LiveHead head_;
  std::vector<RailSum> rails_;
  std::vector<std::size_t>
      total_;  // places of the rails that it is the sum of; empty: there is none
  std::vector<std::int64_t> read_ns_;  // by rail: of the reading in this tick, 0 = none
  double total_sum_ = 0, total_least_ = 0, total_most_ = 0;
  std::uint64_t total_count_ = 0, total_readings_ = 0;
  std::vector<WatchState> watches_;
  std::deque<PhaseStep> changes_;
  std::string phase_;
  bool has_phases_ = false;
  Counters counters_;
  std::function<void(const SampleRecord&)> listener_;
  std::int64_t number_ = 0;
  double late_s_ = 0;
  std::vector<std::optional<std::int64_t>> throttle_;  // by the release's list: what it said last
  std::optional<bool> throttled_;
  Instant next_throttle_{};
  std::int64_t cpu_ns_ = 0, real_ns_ = 0;
};

}  // namespace isojoule
