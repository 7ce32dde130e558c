// How fast a twin's virtual time may pass: at most so many times as fast as the real one. It only
// waits, so results are the same with and without.
#pragma once

#include <atomic>
#include <memory>

#include "base/clock.h"

namespace isojoule::twin {

struct PaceOptions {
  double factor = 0;  // virtual seconds a real one, at most; 0: as many as it can
  // While it is true nothing waits, so that a program that shall end plays what is left at once.
  // May be null; set by any thread or a signal's handler.
  const std::atomic<bool>* interrupted = nullptr;
  Clock* real = nullptr;  // null: the machine's
};

// Not thread-safe: on the thread that waits on the virtual clock. Keeps what the options point to.
class Pace {
 public:
  // An interruption is seen within this real time.
  static constexpr Duration kSlice = Duration::milliseconds(50);
  // Virtual time that lags behind, because the program computed or had nothing to wait for, may
  // catch up by so much real time, which also evens out late wake-ups. The rest is gone.
  static constexpr Duration kDebt = Duration::milliseconds(250);
  // It may run ahead by this, so that small steps do not each cost a sleep.
  static constexpr Duration kLead = Duration::milliseconds(2);

  explicit Pace(const PaceOptions& options);
  // Returns when virtual time may have passed from `from` to `to`.
  void pass(Instant from, Instant to);

 private:
  bool interrupted() const {
    return options_.interrupted != nullptr && options_.interrupted->load(std::memory_order_relaxed);
  }

  PaceOptions options_;
  std::unique_ptr<Clock> own_;  // where no clock was given
  Instant due_{};               // in real time, of the virtual time that has passed
};

}  // namespace isojoule::twin
