#include "base/clock.h"

#include <cerrno>
#include <ctime>

#include <atomic>
#include <thread>

namespace isojoule {
namespace {

constexpr std::int64_t kBillion = 1'000'000'000;

Instant monotonic_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return {now.tv_sec * kBillion + now.tv_nsec};
}

void sleep_to(Instant deadline) {
  timespec until{};
  until.tv_sec = deadline.ns / kBillion;
  until.tv_nsec = deadline.ns % kBillion;
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

// A missed tick is not made up for: the next one comes at the next multiple, and the gap between
// two samples tells the reader of the trace.
class ThreadTicker final : public Ticker {
 public:
  ThreadTicker(Duration period, std::function<void(Instant)> tick)
      : thread_([this, period, tick = std::move(tick)] { run(period, tick); }) {}
  ~ThreadTicker() override {
    stop_.store(true, std::memory_order_relaxed);
    thread_.join();
  }
  ThreadTicker(const ThreadTicker&) = delete;
  ThreadTicker& operator=(const ThreadTicker&) = delete;

 private:
  void run(Duration period, const std::function<void(Instant)>& tick) {
    // Long periods are slept in slices, so that stopping never takes longer than one.
    constexpr Duration slice = Duration::milliseconds(20);
    Instant due = monotonic_now();
    while (!stop_.load(std::memory_order_relaxed)) {
      tick(due);
      due = due + period;
      const Instant after = monotonic_now();
      if (due < after) due = due + period * ((after - due).ns / period.ns + 1);
      while (!stop_.load(std::memory_order_relaxed) && monotonic_now() + slice < due)
        sleep_to(monotonic_now() + slice);
      if (!stop_.load(std::memory_order_relaxed)) sleep_to(due);
    }
  }

  std::atomic<bool> stop_{false};
  std::thread thread_;  // last: it uses stop_
};

class RealClock final : public Clock {
  Instant do_now() override { return monotonic_now(); }
  void do_sleep_until(Instant deadline) override { sleep_to(deadline); }
  std::unique_ptr<Ticker> do_every(Duration period, std::function<void(Instant)> tick) override {
    return std::make_unique<ThreadTicker>(period, std::move(tick));
  }
  bool do_is_virtual() const override { return false; }
};

}  // namespace

std::unique_ptr<Clock> make_real_clock() { return std::make_unique<RealClock>(); }

}  // namespace isojoule
