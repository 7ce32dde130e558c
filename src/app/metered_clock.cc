#include "app/metered_clock.h"

#include <pthread.h>

namespace isojoule {
namespace {

double seconds_of(clockid_t clock) {
  timespec time{};
  return ::clock_gettime(clock, &time) == 0
             ? static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9
             : 0;
}

}  // namespace

class MeteredClock::Metered final : public Ticker {
 public:
  Metered(Clock& clock, Duration period, std::function<void(Instant)> tick, TickerCost& cost)
      : cost_(cost), tick_(std::move(tick)) {
    inner_ = clock.every(period, [this](Instant due) {
      if (!began_.load(std::memory_order_relaxed)) begin();
      tick_(due);
      ticks_.fetch_add(1, std::memory_order_relaxed);
    });
  }
  // The ticking thread still lives, so that its clock can be asked.
  ~Metered() override {
    if (began_.load(std::memory_order_acquire)) {
      cost_.thread_cpu += Second(seconds_of(thread_clock_) - thread_s_);
      cost_.process_cpu += Second(seconds_of(CLOCK_PROCESS_CPUTIME_ID) - process_s_);
      cost_.wall += Second(seconds_of(CLOCK_MONOTONIC) - wall_s_);
    }
    inner_.reset();
    cost_.ticks += ticks_.load(std::memory_order_relaxed);
  }

 private:
  void begin() {
    ::pthread_getcpuclockid(::pthread_self(), &thread_clock_);
    wall_s_ = seconds_of(CLOCK_MONOTONIC);
    process_s_ = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    thread_s_ = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    began_.store(true, std::memory_order_release);
  }

  TickerCost& cost_;
  std::function<void(Instant)> tick_;
  // Written by the first tick, read by the owner once `began_`.
  clockid_t thread_clock_{};
  double thread_s_ = 0, process_s_ = 0, wall_s_ = 0;
  std::atomic<bool> began_{false};
  std::atomic<std::int64_t> ticks_{0};
  std::unique_ptr<Ticker> inner_;  // last: its ticks use the rest
};

std::unique_ptr<Ticker> MeteredClock::do_every(Duration period, std::function<void(Instant)> tick) {
  if (silent_) return std::make_unique<Ticker>();
  return std::make_unique<Metered>(clock_, period, std::move(tick), cost_);
}

}  // namespace isojoule
