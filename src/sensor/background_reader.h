// Reads a slow source (a program of the board) on a thread of its own, so that the sampler never
// waits for it.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "sensor/shared_readings.h"

namespace isojoule {

// On a virtual clock there is no thread: read() fetches at once, so that a twin stays
// deterministic. On a real clock the first read() fetches once itself and starts the thread, which
// then fetches every `period`; read() hands out the newest readings with the time at which they
// were taken, the same ones until there are newer. While nobody has read for `idle` the thread
// rests (a program started ten times a second is work that an idle window would show), and the next
// read() fetches itself again.
class BackgroundReader {
 public:
  // Takes one reading of every channel, all stamped with the clock that is handed in. Called from
  // one thread at a time; may take as long as its own limits allow.
  using Fetch = std::function<void(Clock& clock, std::span<RawReading> out)>;
  static constexpr Duration kIdle = Duration::milliseconds(2000);

  BackgroundReader(std::size_t channels, Duration period, Fetch fetch, Duration idle = kIdle);
  ~BackgroundReader();  // waits for a fetch that is under way
  BackgroundReader(const BackgroundReader&) = delete;
  BackgroundReader& operator=(const BackgroundReader&) = delete;

  // Readings older than ten periods (at least `idle`) are `failed`: the source hangs.
  void read(Clock& clock, std::span<RawReading> out);

 private:
  void wake(Clock& clock);
  void run();

  Duration period_, idle_;
  Fetch fetch_;
  SharedReadings newest_;
  std::vector<RawReading> scratch_;  // of the thread; of read() while the thread rests
  std::atomic<std::int64_t> asked_ns_{0};
  std::atomic<bool> resting_{true};
  std::mutex mutex_;  // stop_ and the changes of resting_
  std::condition_variable changed_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace isojoule
