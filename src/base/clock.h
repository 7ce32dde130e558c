// One monotonic time line. The real clock is CLOCK_MONOTONIC; a twin's is virtual, so that a
// ten-hour study runs in seconds. Whoever waits, waits here.
#pragma once

#include <functional>
#include <memory>

#include "base/quantity.h"

namespace isojoule {

// Calls a function at start, start + period, start + 2 period, ... until it is destroyed. On the
// real clock a thread of its own does so; on a virtual clock the calls happen while the owner
// waits (sleep_until, or an engine session's next_event), in time order, on the owner's thread.
class Ticker {
 public:
  virtual ~Ticker() = default;  // stops; no call is running or will come after it returns
};

class Clock {
 public:
  virtual ~Clock() = default;
  Instant now() { return do_now(); }
  void sleep_until(Instant deadline) { do_sleep_until(deadline); }
  void sleep_for(Duration duration) { do_sleep_until(do_now() + duration); }
  // `tick` gets the instant at which it was due. period > 0.
  std::unique_ptr<Ticker> every(Duration period, std::function<void(Instant due)> tick) {
    return do_every(period, std::move(tick));
  }
  // True where time is simulated and costs nothing.
  bool is_virtual() const { return do_is_virtual(); }

 private:
  virtual Instant do_now() = 0;
  virtual void do_sleep_until(Instant deadline) = 0;
  virtual std::unique_ptr<Ticker> do_every(Duration period,
                                           std::function<void(Instant due)> tick) = 0;
  virtual bool do_is_virtual() const = 0;
};

std::unique_ptr<Clock> make_real_clock();

}  // namespace isojoule
