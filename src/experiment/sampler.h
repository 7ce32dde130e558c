// Reads every sensor and every watched node of a board at each tick, into columns.
#pragma once

#include <memory>
#include <vector>

#include "board/board.h"
#include "data/counter.h"
#include "data/trace.h"

namespace isojoule {

// On a real clock the ticks come on a thread of the clock, on a virtual one inside the owner's
// waiting. Nothing here is locked: between start() and stop() only the ticks touch the columns.
class Sampler {
 public:
  // `expected`: how long it may run, to reserve the columns; they grow beyond. The board must
  // outlive the sampler. Nodes that cannot be opened are left out.
  Sampler(Board& board, Duration period, Duration expected);
  ~Sampler() { stop(); }
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  void start();
  void stop();  // returns when no tick is running and none will come

  // How long to sample before and after what is to be measured, so that a chip's averages cover it:
  // the longest window and one period, its own or the source's.
  Duration margin() const { return margin_; }

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
  void tick();
  void store(Channel& channel, const RawReading& reading);

  Board& board_;
  Duration period_;
  Duration margin_{};
  Trace trace_;
  std::vector<Source> sources_;
  std::vector<Node> nodes_;  // by watch
  Counters counters_;
  std::int64_t ticks_ = 0;
  std::unique_ptr<Ticker> ticker_;  // last: its ticks use the rest
};

}  // namespace isojoule
