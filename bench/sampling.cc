// What sampling costs and how late its ticks come, beside a floor in the same run.
//
// Three INA3221 rails (six nodes) as plain files in a folder of tmpfs. The floor is a C loop of
// clock_nanosleep and the six preads, nothing else. Each way runs in turns of a few seconds, again
// and again, so that a drift of the machine falls on all alike. Prints one line a way and period,
// and the ratios; no figure here is a test.
//
//   isojoule-sampling-bench [--seconds S] [--rounds N] [--busy]
#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <new>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/subprocess.h"
#include "board/board.h"
#include "experiment/sampler.h"
#include "ina_files.h"

// ---- what happens inside a tick: counted for this thread only ----------------------------------

namespace {
thread_local bool in_tick = false;
std::atomic<long> allocations{0}, locks{0};
}  // namespace

// Not inlined: the compiler would see free() meet its own operator new, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (in_tick) allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) {
  using Lock = int (*)(pthread_mutex_t*);
  static const auto next = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  if (in_tick) locks.fetch_add(1, std::memory_order_relaxed);
  return next(mutex);
}

namespace {

using namespace isojoule;
using bench::chip_folder;
using bench::kRails;

constexpr std::int64_t kBillion = 1'000'000'000;

std::int64_t now_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time.tv_sec * kBillion + time.tv_nsec;
}

// ---- the files --------------------------------------------------------------------------------

std::vector<std::string> node_paths(const std::string& root) {
  std::vector<std::string> paths;
  for (int i = 1; i <= kRails; ++i) {
    paths.push_back(chip_folder(root) + "/in" + std::to_string(i) + "_input");
    paths.push_back(chip_folder(root) + "/curr" + std::to_string(i) + "_input");
  }
  return paths;
}

// ---- the ways: each runs for a while and says when its ticks came and what they cost ----------

struct Turn {
  std::vector<std::int64_t> late_ns;
  std::int64_t cpu_ns = 0;  // of the sampling thread
  std::uint64_t gaps = 0;
};

void floor_loop(const std::vector<int>& files, std::int64_t period, std::int64_t end, Turn& turn) {
  char buffer[32];
  const std::int64_t cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
  std::int64_t due = now_ns(CLOCK_MONOTONIC);
  while (due < end) {
    due += period;
    const timespec until{due / kBillion, due % kBillion};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    turn.late_ns.push_back(now_ns(CLOCK_MONOTONIC) - due);
    for (const int file : files)
      if (pread(file, buffer, sizeof buffer, 0) <= 0) std::abort();
  }
  turn.cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
}

// The same with the files opened and closed at each tick.
void reopen_loop(const std::vector<std::string>& paths, std::int64_t period, std::int64_t end,
                 Turn& turn) {
  const std::int64_t cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
  std::int64_t due = now_ns(CLOCK_MONOTONIC);
  while (due < end) {
    due += period;
    const timespec until{due / kBillion, due % kBillion};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    turn.late_ns.push_back(now_ns(CLOCK_MONOTONIC) - due);
    for (const auto& path : paths) {
      std::ifstream in(path);
      int value = 0;
      if (!(in >> value)) std::abort();
    }
  }
  turn.cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
}

// The real clock, with a look at each tick: one clock_gettime more than the sampler alone.
class WatchedClock final : public Clock {
 public:
  explicit WatchedClock(Turn& turn) : turn_(turn), real_(make_real_clock()) {}
  // What the ticking thread has used since its first tick; while it runs. Asked for from outside,
  // because a look at the CPU clock is a system call that a tick would pay for.
  std::int64_t cpu_ns() const {
    return known_.load(std::memory_order_acquire) ? now_ns(cpu_clock_) - cpu_start_ : 0;
  }

 private:
  Instant do_now() override { return real_->now(); }
  void do_sleep_until(Instant deadline) override { real_->sleep_until(deadline); }
  std::unique_ptr<Ticker> do_every(Duration period, std::function<void(Instant)> tick) override {
    return real_->every(period, [this, tick = std::move(tick)](Instant due) {
      if (!known_.load(std::memory_order_relaxed)) {
        pthread_getcpuclockid(pthread_self(), &cpu_clock_);
        cpu_start_ = now_ns(CLOCK_THREAD_CPUTIME_ID);
        known_.store(true, std::memory_order_release);
      }
      turn_.late_ns.push_back(now_ns(CLOCK_MONOTONIC) - due.ns);
      in_tick = true;
      tick(due);
      in_tick = false;
    });
  }
  bool do_is_virtual() const override { return false; }

  Turn& turn_;
  std::unique_ptr<Clock> real_;
  clockid_t cpu_clock_{};  // of the ticking thread; with cpu_start_ valid once known_
  std::int64_t cpu_start_ = 0;
  std::atomic<bool> known_{false};
};

// `watched`: with a LiveSession, and somebody who looks at it a thousand times a second.
void sampler_turn(const std::string& root, std::int64_t period, std::int64_t length, bool watched,
                  Turn& turn) {
  const auto tree = make_real_file_tree(root);
  WatchedClock clock(turn);
  Board board = bench::ina_board(*tree, clock);
  LiveSession live(board);
  std::atomic<bool> over{false};
  std::thread watcher([&] {
    while (watched && !over.load(std::memory_order_relaxed)) {
      live.snapshot();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  Sampler sampler(board, Duration{period}, Duration{length}, watched ? &live : nullptr);
  sampler.start();
  const timespec sleep{length / kBillion, length % kBillion};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &sleep, nullptr);
  turn.cpu_ns = clock.cpu_ns();
  sampler.stop();
  over = true;
  watcher.join();
  Counters counters;
  const Trace trace = sampler.take(counters);
  // As the integrator counts them (trace/integrate.cc).
  const auto& times = trace.channels.at(0).time_ns;
  for (std::size_t i = 1; i < times.size(); ++i)
    if (times[i] - times[i - 1] > period + period / 2) ++turn.gaps;
}

constexpr const char* kPoller = R"py(
import sys, time
period, length, paths = float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
files = [open(p) for p in paths]
late, due, end, cpu = [], time.monotonic(), time.monotonic() + length, time.thread_time()
while due < end:
    due += period
    time.sleep(max(0, due - time.monotonic()))
    late.append(int((time.monotonic() - due) * 1e9))
    for f in files:
        f.seek(0)
        int(f.read())
print(int((time.thread_time() - cpu) * 1e9), *late)
)py";

void python_turn(const std::vector<std::string>& paths, std::int64_t period, std::int64_t length,
                 Turn& turn) {
  SubprocessOptions options;
  options.command = {"/usr/bin/python3", "-c", kPoller, fmt::format("{:.9f}", period * 1e-9),
                     fmt::format("{:.3f}", length * 1e-9)};
  options.command.insert(options.command.end(), paths.begin(), paths.end());
  options.output_limit = 64 << 20;
  auto child = Subprocess::start(options);
  if (!child) return;
  (*child)->wait({now_ns(CLOCK_MONOTONIC) + length + 20 * kBillion});
  std::istringstream in((*child)->output_tail());
  std::int64_t cpu = 0, late = 0;
  if (!(in >> cpu)) return;
  turn.cpu_ns += cpu;
  while (in >> late) turn.late_ns.push_back(late);
}

// ---- the table ---------------------------------------------------------------------------------

struct Way {
  std::string name;
  std::function<void(std::int64_t period, std::int64_t length, Turn&)> run;
  Turn sum;
};

void add(Turn& sum, const Turn& turn) {
  sum.late_ns.insert(sum.late_ns.end(), turn.late_ns.begin(), turn.late_ns.end());
  sum.cpu_ns += turn.cpu_ns;
  sum.gaps += turn.gaps;
}

double quantile_us(std::vector<std::int64_t> values, double q) {
  if (values.empty()) return 0;
  const auto at =
      values.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return static_cast<double>(*at) * 1e-3;
}

double cpu_us(const Turn& turn) {
  return turn.late_ns.empty()
             ? 0
             : static_cast<double>(turn.cpu_ns) * 1e-3 / static_cast<double>(turn.late_ns.size());
}

void print(std::int64_t period, const std::vector<Way>& ways) {
  const Turn& base = ways.front().sum;
  for (const Way& way : ways) {
    const double cpu = cpu_us(way.sum), median = quantile_us(way.sum.late_ns, 0.5),
                 p99 = quantile_us(way.sum.late_ns, 0.99);
    fmt::print(
        "{:>6.0f} ms  {:<22} {:>8} ticks  CPU {:>7.2f} us/tick ({:>5.2f} x)  late {:>7.1f} us "
        "({:>5.2f} x)  p99 {:>8.1f} us ({:>5.2f} x){}\n",
        period * 1e-6, way.name, way.sum.late_ns.size(), cpu, cpu / cpu_us(base), median,
        median / quantile_us(base.late_ns, 0.5), p99, p99 / quantile_us(base.late_ns, 0.99),
        way.name == "isojoule" ? fmt::format("  gaps {}", way.sum.gaps) : "");
  }
}

struct Load {  // every core busy until it goes
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  void start() {
    for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i)
      threads.emplace_back([this] {
        volatile double x = 1;
        while (!stop.load(std::memory_order_relaxed)) x = x * 1.0000001;
      });
  }
  ~Load() {
    stop = true;
    for (auto& thread : threads) thread.join();
  }
};

double number_after(int argc, char** argv, const std::string& flag, double otherwise) {
  for (int i = 1; i + 1 < argc; ++i)
    if (flag == argv[i]) return std::atof(argv[i + 1]);
  return otherwise;
}

bool has(int argc, char** argv, const std::string& flag) {
  return std::any_of(argv + 1, argv + argc, [&](const char* word) { return flag == word; });
}

void on_thread(const std::function<void()>& work) { std::thread(work).join(); }

}  // namespace

int main(int argc, char** argv) {
  if (has(argc, argv, "--help")) {
    fmt::print("sampling loops against the floor: [--seconds N (3)] [--rounds N (4)] [--busy]\n");
    return 0;
  }
  const auto length =
      static_cast<std::int64_t>(number_after(argc, argv, "--seconds", 3) * kBillion);
  const int rounds = static_cast<int>(number_after(argc, argv, "--rounds", 4));
  const std::string root = fmt::format("/dev/shm/isojoule-sampling-{}", ::getpid());
  bench::write_ina_files(root);
  const auto paths = node_paths(root);
  std::vector<int> files;
  for (const auto& path : paths) files.push_back(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Load load;
  if (has(argc, argv, "--busy")) load.start();
  for (const std::int64_t ms : {100, 10, 4, 1}) {
    std::vector<Way> ways;
    ways.push_back({"floor (C loop)",
                    [&](auto period, auto time, Turn& turn) {
                      turn.late_ns.reserve(static_cast<std::size_t>(time / period + 16));
                      on_thread(
                          [&] { floor_loop(files, period, now_ns(CLOCK_MONOTONIC) + time, turn); });
                    },
                    {}});
    ways.push_back({"isojoule",
                    [&](auto period, auto time, Turn& turn) {
                      turn.late_ns.reserve(static_cast<std::size_t>(time / period + 16));
                      sampler_turn(root, period, time, false, turn);
                    },
                    {}});
    ways.push_back({"isojoule, watched",
                    [&](auto period, auto time, Turn& turn) {
                      turn.late_ns.reserve(static_cast<std::size_t>(time / period + 16));
                      sampler_turn(root, period, time, true, turn);
                    },
                    {}});
    ways.push_back(
        {"open-read-close (C++)",
         [&](auto period, auto time, Turn& turn) {
           turn.late_ns.reserve(static_cast<std::size_t>(time / period + 16));
           on_thread([&] { reopen_loop(paths, period, now_ns(CLOCK_MONOTONIC) + time, turn); });
         },
         {}});
    ways.push_back(
        {"Python poller",
         [&](auto period, auto time, Turn& turn) { python_turn(paths, period, time, turn); },
         {}});
    for (int round = 0; round < rounds; ++round)
      for (Way& way : ways) {
        Turn turn;
        way.run(ms * 1'000'000, length, turn);
        add(way.sum, turn);
      }
    print(ms * 1'000'000, ways);
  }
  fmt::print("in isojoule's ticks: {} allocations, {} locks\n", allocations.load(), locks.load());
  for (const int file : files) ::close(file);
  std::filesystem::remove_all(root);
  return 0;
}
