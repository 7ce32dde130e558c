// What a mark costs the program that is measured, beside the two looks at the clock that it needs.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "isojoule/isojoule.h"

namespace {

void two_clocks(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(isojoule_now_ns());
    benchmark::DoNotOptimize(isojoule_now_ns());
  }
}
BENCHMARK(two_clocks);

void mark_batches(benchmark::State& state, bool listens) {
  isojoule_close();
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (listens)
    setenv("ISOJOULE_FD", std::to_string(null).c_str(), 1);
  else
    unsetenv("ISOJOULE_FD");
  isojoule_open();
  for (auto _ : state) {
    isojoule_batch_begin();
    isojoule_batch_end();
  }
  isojoule_close();
  close(null);
}
BENCHMARK_CAPTURE(mark_batches, nobody_listens, false);
BENCHMARK_CAPTURE(mark_batches, somebody_listens, true);

}  // namespace
