// For tests: a virtual clock that stands still until it is moved.
#pragma once

#include "base/clock.h"

namespace isojoule::fake {

class TestClock final : public Clock {
 public:
  explicit TestClock(bool is_virtual = true) : is_virtual_(is_virtual) {}
  void move(Duration by) { now_ = now_ + by; }

 private:
  Instant do_now() override { return now_; }
  void do_sleep_until(Instant deadline) override { now_ = std::max(now_, deadline); }
  std::unique_ptr<Ticker> do_every(Duration, std::function<void(Instant)>) override { return {}; }
  bool do_is_virtual() const override { return is_virtual_; }
  Instant now_{1'000'000'000};
  bool is_virtual_;
};

}  // namespace isojoule::fake
