// The clock of a twin: time passes only when somebody waits, and then as fast as the simulation can
// play it and the pace allows. Everything happens on the thread that waits.
#pragma once

#include <memory>
#include <vector>

#include "base/clock.h"
#include "twin/pace.h"
#include "twin/simulation.h"

namespace isojoule::twin {

// Not thread-safe. Keeps a reference to the simulation. Tickers may be made and destroyed at any
// time, also from within a tick, and may outlive the clock (they are then silent).
//
// Ticks that are due at or before the deadline of a wait are called in order of their due times,
// those of the same instant in the order in which the tickers were made, with the simulation at
// that instant. A tick that itself waits delays its own next one; missed multiples are not made up
// for, as on the real clock. A tick allocates nothing.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(Simulation& simulation, const PaceOptions& pace = {})
      : simulation_(simulation), pace_(pace) {}
  ~VirtualClock() override;
  VirtualClock(const VirtualClock&) = delete;
  VirtualClock& operator=(const VirtualClock&) = delete;

 private:
  struct Entry;
  class Handle;
  Instant do_now() override { return simulation_.now(); }
  void do_sleep_until(Instant deadline) override;
  std::unique_ptr<Ticker> do_every(Duration period, std::function<void(Instant)> tick) override;
  bool do_is_virtual() const override { return true; }

  void go_to(Instant t);
  Entry* next_due() const;
  static void call(Entry& entry, Instant due, Simulation& simulation);
  void sweep();  // forgets the tickers that were destroyed

  Simulation& simulation_;
  Pace pace_;
  std::vector<std::shared_ptr<Entry>> entries_;  // in order of creation
  int depth_ = 0;                                // waits within ticks
  bool any_gone_ = false;
};

}  // namespace isojoule::twin
