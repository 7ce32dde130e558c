#include "sensor/background_reader.h"

#include <algorithm>
#include <chrono>

namespace isojoule {

BackgroundReader::BackgroundReader(std::size_t channels, Duration period, Fetch fetch,
                                   Duration idle)
    : period_(std::max(period, Duration::milliseconds(1))),
      idle_(idle),
      fetch_(std::move(fetch)),
      newest_(channels),
      scratch_(channels) {}

BackgroundReader::~BackgroundReader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void BackgroundReader::read(Clock& clock, std::span<RawReading> out) {
  if (clock.is_virtual()) {
    fetch_(clock, out);
    return;
  }
  const Instant now = clock.now();
  asked_ns_.store(now.ns);
  if (resting_.load()) wake(clock);
  newest_.read(out);
  const Duration limit = std::max(period_ * 10, idle_ + period_);
  const std::int64_t oldest = now.ns - limit.ns;
  for (RawReading& reading : out)
    if (reading.time_ns < oldest) reading = {reading.time_ns, 0, 0, ReadingState::failed};
}

// The thread waits for resting_ to become false, so that scratch_ and fetch_ are ours here.
void BackgroundReader::wake(Clock& clock) {
  fetch_(clock, scratch_);
  newest_.publish(scratch_);
  {
    const std::lock_guard lock(mutex_);
    resting_.store(false);
  }
  if (thread_.joinable()) {
    changed_.notify_all();
  } else {
    thread_ = std::thread([this] { run(); });
  }
}

void BackgroundReader::run() {
  // The caller's clock may end before the sensor does; this one is the same time line.
  const auto clock = make_real_clock();
  std::unique_lock lock(mutex_);
  while (!stop_) {
    changed_.wait_for(lock, std::chrono::nanoseconds(period_.ns), [this] { return stop_; });
    if (stop_) return;
    if (clock->now().ns - asked_ns_.load() > idle_.ns) {
      resting_.store(true);
      changed_.wait(lock, [this] { return stop_ || !resting_.load(); });
      continue;
    }
    lock.unlock();
    fetch_(*clock, scratch_);
    newest_.publish(scratch_);
    lock.lock();
  }
}

}  // namespace isojoule
