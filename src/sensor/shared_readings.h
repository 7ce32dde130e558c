// The newest readings of a source that a thread of its own reads, handed to the sampling thread
// without a lock. One writer, any number of readers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "sensor/sensor.h"

namespace isojoule {

// A sequence lock: the writer makes the number odd while it writes; a reader that saw it odd, or
// changed, looks again. The values are atomics themselves, so that this is no data race.
class SharedReadings {
 public:
  explicit SharedReadings(std::size_t count)
      : count_(count), cells_(std::make_unique<Cell[]>(count)) {}

  void publish(std::span<const RawReading> readings) {
    sequence_.fetch_add(1);
    for (std::size_t i = 0; i < count_ && i < readings.size(); ++i) {
      cells_[i].time_ns.store(readings[i].time_ns);
      cells_[i].a.store(readings[i].a);
      cells_[i].b.store(readings[i].b);
      cells_[i].state.store(readings[i].state);
    }
    sequence_.fetch_add(1);
  }

  // False: nothing was published yet; `out` is untouched.
  bool read(std::span<RawReading> out) const {
    for (;;) {
      const std::uint64_t before = sequence_.load();
      if (before == 0) return false;
      if (before % 2 != 0) continue;
      for (std::size_t i = 0; i < count_ && i < out.size(); ++i)
        out[i] = {cells_[i].time_ns.load(), cells_[i].a.load(), cells_[i].b.load(),
                  cells_[i].state.load()};
      if (sequence_.load() == before) return true;
    }
  }

 private:
  struct Cell {
    std::atomic<std::int64_t> time_ns{0};
    std::atomic<std::int32_t> a{0}, b{0};
    std::atomic<ReadingState> state{ReadingState::failed};
  };
  std::size_t count_;
  std::unique_ptr<Cell[]> cells_;
  std::atomic<std::uint64_t> sequence_{0};
};

}  // namespace isojoule
