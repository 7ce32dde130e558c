// Reads every sensor and every watched node of a board at each tick, into columns.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "board/board.h"
#include "data/counter.h"
#include "data/trace.h"
#include "experiment/live_session.h"

namespace isojoule {

// Is told of all that the ticks read, on the ticks' thread, in between two reads: to be brief, and
// to take neither a lock nor memory.
class SampleTap {
 public:
  virtual ~SampleTap() = default;
  // Of the channel with this place in Sampler::shape(); also one that failed.
  void reading(std::size_t place, const RawReading& reading) noexcept {
    do_reading(place, reading);
  }
  // Of a watch; `value` in SI units, absent where the node said nothing.
  void watched(std::size_t place, std::int64_t time_ns, std::optional<double> value) noexcept {
    do_watched(place, time_ns, value);
  }
  // A tick that was due at `due` began at `begin` and is over.
  void ticked(Instant due, Instant begin) noexcept { do_ticked(due, begin); }

 private:
  virtual void do_reading(std::size_t place, const RawReading& reading) noexcept = 0;
  virtual void do_watched(std::size_t place, std::int64_t time_ns,
                          std::optional<double> value) noexcept = 0;
  virtual void do_ticked(Instant due, Instant begin) noexcept = 0;
};

// On a real clock the ticks come on a thread of the clock, on a virtual one inside the owner's
// waiting. Between start() and stop() only the ticks touch the columns, without a lock; after
// share() they take one, so that others may copy from the columns meanwhile.
class Sampler {
 public:
  // `expected`: how long it may run, to reserve the columns; they grow beyond. The board must
  // outlive the sampler. Nodes that cannot be opened are left out. `live`, which may be null, is
  // told of every reading.
  Sampler(Board& board, Duration period, Duration expected, LiveSession* live = nullptr);
  ~Sampler() { stop(); }
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  void share() { is_shared_ = true; }  // before start()
  // Before start(): what is read goes there and is not kept, so that it may go on for days. Watches
  // are read this seldom at most. The tap outlives the ticks.
  void pass_on(SampleTap& tap, Duration watch_period);
  // The channels and watches, in the order of their places; columns are empty until take().
  const Trace& shape() const { return trace_; }
  void start();
  void stop();  // returns when no tick is running and none will come

  // How long to sample before and after what is to be measured, so that a chip's averages cover it:
  // the longest window and one period, its own or the source's.
  Duration margin() const { return margin_; }

  // While it samples, if it is shared: a copy of what was read from `begin` on, with the readings
  // around it that its edges need (margin()).
  Trace copy_from(Instant begin) const;
  // Forgets what was read before that.
  void forget_before(Instant begin);
  std::size_t readings() const;  // that are kept, of all channels

  // After stop(). Raises sample_failed: a channel gave no reading at one tick.
  Trace take(Counters& counters);

 private:
  struct Source {
    Sensor* sensor;
    std::size_t first;  // its first channel in trace_.channels
    std::vector<RawReading> readings;
  };
  struct Node {
    std::unique_ptr<File> file;
    double scale;
    std::int64_t every;  // ticks between two reads
  };

  void add_sensor(Sensor& sensor, std::size_t rows);
  void add_watch(const WatchSpec& spec, std::size_t rows);
  void tick(Instant due);
  void read_watches();
  void store(std::size_t place, const RawReading& reading);

  Board& board_;
  LiveSession* live_;
  Duration period_;
  Duration margin_{};
  Trace trace_;
  std::vector<Source> sources_;
  std::vector<Node> nodes_;  // by watch
  Counters counters_;
  std::int64_t ticks_ = 0;
  bool is_shared_ = false;
  SampleTap* tap_ = nullptr;
  mutable std::mutex lock_;         // of the columns, between start() and stop()
  std::unique_ptr<Ticker> ticker_;  // last: its ticks use the rest
};

}  // namespace isojoule
