// A clock that says what its tickers cost: for measuring our own sampling.
#pragma once

#include <ctime>

#include <atomic>
#include <memory>

#include "base/clock.h"

namespace isojoule {

// Of the tickers of one run, from the first tick to the end of the last one.
struct TickerCost {
  std::int64_t ticks = 0;
  Second wall{0};
  Second thread_cpu{0};   // of the ticking thread alone
  Second process_cpu{0};  // of this whole process meanwhile: with readers that have own threads
};

// Passes on to another clock, which must outlive it. CPU times are asked for at a ticker's first
// tick and before it ends, not in between: a look is a system call that a tick would pay for.
// Real clocks only. Used by one thread, beside the ticks themselves.
class MeteredClock final : public Clock {
 public:
  explicit MeteredClock(Clock& clock) : clock_(clock) {}
  // A silent clock's tickers never tick.
  void set_silent(bool silent) { silent_ = silent; }
  const TickerCost& cost() const { return cost_; }  // of the tickers that have ended
  void forget() { cost_ = {}; }

 private:
  class Metered;
  Instant do_now() override { return clock_.now(); }
  void do_sleep_until(Instant deadline) override { clock_.sleep_until(deadline); }
  std::unique_ptr<Ticker> do_every(Duration period, std::function<void(Instant)> tick) override;
  bool do_is_virtual() const override { return clock_.is_virtual(); }

  Clock& clock_;
  bool silent_ = false;
  TickerCost cost_;
};

}  // namespace isojoule
