// What a mark costs the program that is measured, beside the looks at the clock that it needs.
// Where somebody listens, a thread of this process reads all that is sent, as isojoule would, and
// throws it away.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

#include "app/govern/service_port.h"
#include "isojoule/isojoule.h"

namespace {

enum class Listener { nobody, file, reader };

// Set up by the first thread of a benchmark, which the others wait for.
class Listening {
 public:
  explicit Listening(Listener listener) {
    isojoule_close();
    unsetenv("ISOJOULE_FD");
    if (listener == Listener::file) ends_[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (listener == Listener::reader && socketpair(AF_UNIX, SOCK_STREAM, 0, ends_) == 0)
      reader_ = std::thread([end = ends_[0]] {
        static char buffer[65536];
        while (recv(end, buffer, sizeof(buffer), 0) > 0) {
        }
      });
    if (ends_[1] >= 0) setenv("ISOJOULE_FD", std::to_string(ends_[1]).c_str(), 1);
    isojoule_open();
  }
  ~Listening() {
    isojoule_close();
    if (ends_[1] >= 0) close(ends_[1]);
    if (reader_.joinable()) reader_.join();
    if (ends_[0] >= 0) close(ends_[0]);
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

 private:
  int ends_[2] = {-1, -1};
  std::thread reader_;
};

void one_clock(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(isojoule_now_ns());
}
BENCHMARK(one_clock);

void two_clocks(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(isojoule_now_ns());
    benchmark::DoNotOptimize(isojoule_now_ns());
  }
}
BENCHMARK(two_clocks);

Listening* listening = nullptr;

template <typename Work>
void repeat(benchmark::State& state, Listener listener, const Work& work) {
  if (state.thread_index() == 0) listening = new Listening(listener);
  for (auto _ : state) work();
  if (state.thread_index() == 0) delete std::exchange(listening, nullptr);
}

void batch(benchmark::State& state, Listener listener) {
  repeat(state, listener, [] {
    isojoule_batch_begin();
    isojoule_batch_end();
  });
}
void mark(benchmark::State& state, Listener listener) {
  repeat(state, listener, [] { isojoule_mark("frame"); });
}
void window(benchmark::State& state, Listener listener) {
  repeat(state, listener, [] { isojoule_window_end(isojoule_window_begin("preprocess")); });
}

BENCHMARK_CAPTURE(batch, nobody, Listener::nobody);
BENCHMARK_CAPTURE(batch, file, Listener::file);
BENCHMARK_CAPTURE(batch, reader, Listener::reader);
BENCHMARK_CAPTURE(mark, nobody, Listener::nobody);
BENCHMARK_CAPTURE(mark, file, Listener::file);
BENCHMARK_CAPTURE(mark, reader, Listener::reader)->Threads(1)->Threads(4)->UseRealTime();
BENCHMARK_CAPTURE(window, nobody, Listener::nobody);
BENCHMARK_CAPTURE(window, file, Listener::file);
BENCHMARK_CAPTURE(window, reader, Listener::reader)->Threads(1)->Threads(4)->UseRealTime();

// A service under a governor: a thread of this process empties its queue, as `isojoule govern`
// does.
class Governing {
 public:
  explicit Governing(bool governs) {
    const std::string path = "/tmp/isojoule-bench-" + std::to_string(getpid());
    setenv("ISOJOULE_GOVERN", path.c_str(), 1);
    if (!governs) return;
    auto port = isojoule::ServicePort::open(path, "", {});
    if (!port) return;
    reader_ = std::thread([this, port = std::move(*port)] {
      while (!stop_) {
        port->close({isojoule_now_ns()});
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    });
    isojoule_governed(1'000'000'000);
  }
  ~Governing() {
    stop_ = true;
    if (reader_.joinable()) reader_.join();
  }
  Governing(const Governing&) = delete;
  Governing& operator=(const Governing&) = delete;

 private:
  std::atomic<bool> stop_{false};
  std::thread reader_;
};

Governing* governing = nullptr;

void request(benchmark::State& state, bool governs) {
  if (state.thread_index() == 0) governing = new Governing(governs);
  const std::uint64_t before = isojoule_service_lost();
  for (auto _ : state) benchmark::DoNotOptimize(isojoule_request_arrived());
  if (state.thread_index() != 0) return;
  state.counters["lost"] = static_cast<double>(isojoule_service_lost() - before);
  delete std::exchange(governing, nullptr);
}
BENCHMARK_CAPTURE(request, nobody, false);
BENCHMARK_CAPTURE(request, governed, true)->Threads(1)->Threads(4)->UseRealTime();

}  // namespace
