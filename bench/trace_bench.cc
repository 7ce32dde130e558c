// Integration of a trace beside a plain sum over the same readings, and a read of a tree's node
// beside the same read without the tree.
#include <benchmark/benchmark.h>

#include <numeric>

#include "base/memory_tree.h"
#include "trace/integrate.h"
#include "trace/segment.h"

namespace isojoule {
namespace {

constexpr std::int64_t kPeriodNs = 100'000'000;

Channel long_channel(std::int64_t samples) {
  Channel channel;
  channel.info.rail = "VDD_IN";
  channel.info.window = channel.info.update_period = Second(0.0538);
  for (std::int64_t i = 0; i < samples; ++i) {
    channel.time_ns.push_back(i * kPeriodNs);
    channel.a.push_back(5000);
    channel.b.push_back(static_cast<std::int32_t>(900 + i * 37 % 400));
  }
  return channel;
}

void plain_sum(benchmark::State& state) {
  const Channel channel = long_channel(state.range(0));
  for (auto _ : state) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < channel.a.size(); ++i)
      sum += static_cast<std::int64_t>(channel.a[i]) * channel.b[i] + channel.time_ns[i];
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(plain_sum)->Arg(1'000'000)->Arg(20'000'000);

// With its budget.
void integrate_one_window(benchmark::State& state) {
  const Channel channel = long_channel(state.range(0));
  const Instant end{(state.range(0) - 1) * kPeriodNs};
  for (auto _ : state) {
    Counters counters;
    benchmark::DoNotOptimize(
        integrate(channel, Instant{kPeriodNs}, end, Duration{kPeriodNs}, counters));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(integrate_one_window)->Arg(1'000'000)->Arg(20'000'000);

// A mark every 100 readings, somewhere between two of them.
void integrate_segments(benchmark::State& state) {
  const Channel channel = long_channel(state.range(0));
  std::vector<Instant> marks;
  for (std::int64_t i = 1; i + 1 < state.range(0); i += 100) marks.push_back({i * kPeriodNs + 7});
  for (auto _ : state) benchmark::DoNotOptimize(energies_between(channel, marks));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(integrate_segments)->Arg(1'000'000)->Arg(20'000'000);

// The same windows one by one, each with its budget and its faults.
void integrate_short_windows(benchmark::State& state) {
  const Channel channel = long_channel(state.range(0));
  for (auto _ : state)
    for (std::int64_t i = 1; i + 101 < state.range(0); i += 100) {
      Counters counters;
      benchmark::DoNotOptimize(integrate(channel, {i * kPeriodNs + 7}, {(i + 100) * kPeriodNs + 7},
                                         Duration{kPeriodNs}, counters));
    }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(integrate_short_windows)->Arg(1'000'000);

void print_and_parse(benchmark::State& state) {
  std::array<char, 64> buffer{};
  std::int64_t value = 1234;
  for (auto _ : state) {
    const std::size_t size = print_integer(value, buffer);
    benchmark::DoNotOptimize(size);
    value = (value + 7) % 5000;
  }
}
BENCHMARK(print_and_parse);

void read_of_a_memory_tree(benchmark::State& state) {
  MemoryTree tree;
  std::int64_t value = 1234;
  tree.add_integer("/node", [&value] { return value = (value + 7) % 5000; });
  const auto file = tree.open("/node").value();
  for (auto _ : state) benchmark::DoNotOptimize(read_integer(*file));
}
BENCHMARK(read_of_a_memory_tree);

}  // namespace
}  // namespace isojoule
