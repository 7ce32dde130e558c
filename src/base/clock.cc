#include "base/clock.h"

#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

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

// Sleeps to the deadline, or until `stop` is not 0 and woken: the kernel compares and sleeps in one
// step (futex(2), absolute time on CLOCK_MONOTONIC), so there is no lock and one wake-up a tick.
void sleep_to_or_stop(std::atomic<std::uint32_t>& stop, Instant deadline) {
  timespec until{};
  until.tv_sec = deadline.ns / kBillion;
  until.tv_nsec = deadline.ns % kBillion;
  while (stop.load(std::memory_order_relaxed) == 0) {
    const long result = ::syscall(SYS_futex, &stop, FUTEX_WAIT_BITSET_PRIVATE, 0, &until, nullptr,
                                  FUTEX_BITSET_MATCH_ANY);
    if (result != 0 && errno == ETIMEDOUT) return;
  }
}

// A missed tick is not made up for: the next one comes at the next multiple, and the gap between
// two samples tells the reader of the trace.
class ThreadTicker final : public Ticker {
 public:
  ThreadTicker(Duration period, std::function<void(Instant)> tick)
      : thread_([this, period, tick = std::move(tick)] { run(period, tick); }) {}
  ~ThreadTicker() override {
    stop_.store(1, std::memory_order_relaxed);
    ::syscall(SYS_futex, &stop_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    thread_.join();
  }
  ThreadTicker(const ThreadTicker&) = delete;
  ThreadTicker& operator=(const ThreadTicker&) = delete;

 private:
  void run(Duration period, const std::function<void(Instant)>& tick) {
    // The kernel may delay an ordinary thread's timers by 50 us to save wake-ups (prctl(2)); a
    // sampler is late enough without.
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    Instant due = monotonic_now();
    while (stop_.load(std::memory_order_relaxed) == 0) {
      tick(due);
      due = due + period;
      const Instant after = monotonic_now();
      if (due < after) due = due + period * ((after - due).ns / period.ns + 1);
      sleep_to_or_stop(stop_, due);
    }
  }

  static_assert(sizeof(std::atomic<std::uint32_t>) == 4, "a futex is a 32-bit word");
  std::atomic<std::uint32_t> stop_{0};
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
