// Reading PTDaemon's spl.txt beside counting its lines, in memory and from a file.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>

#include "import/import.h"

namespace isojoule {
namespace {

constexpr std::int64_t kLines = 200'000;  // 20 MB

const std::string& spl_text() {
  static const std::string text = [] {
    std::string all;
    char line[160];
    for (std::int64_t i = 0; i < kLines; ++i) {
      const long second = static_cast<long>(i % 86'400), day = static_cast<long>(1 + i / 86'400);
      std::snprintf(
          line, sizeof line,
          "Time,08-%02ld-2021 %02ld:%02ld:%02ld.%03ld,Watts,%ld.%03ld000,Volts,247.950000,"
          "Amps,0.075690,PF,0.366000,Mark,2021-08-07_12-47-24_testing\n",
          day, second / 3600, second / 60 % 60, second % 60, static_cast<long>(i * 7 % 1000),
          static_cast<long>(5 + i % 20), static_cast<long>(i * 37 % 1000));
      all += line;
    }
    return all;
  }();
  return text;
}

const std::string& spl_file() {
  static const std::string path = [] {
    std::string name = "/tmp/isojoule_import_bench_" + std::to_string(::getpid()) + ".txt";
    std::ofstream(name, std::ios::binary) << spl_text();
    std::atexit([] { std::remove(spl_file().c_str()); });
    return name;
  }();
  return path;
}

std::int64_t count(std::string_view text) {
  std::int64_t lines = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at))) {
    at = static_cast<const char*>(found) + 1;
    ++lines;
  }
  return lines;
}

void count_lines_in_memory(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(count(spl_text()));
  state.SetItemsProcessed(state.iterations() * kLines);
}
BENCHMARK(count_lines_in_memory);

void count_lines_of_a_file(benchmark::State& state) {
  for (auto _ : state) {
    auto source = open_source(spl_file()).value();
    LineBlocks blocks(std::move(source), spl_file());
    std::int64_t lines = 0;
    for (auto block = blocks.next().value(); !block.empty(); block = blocks.next().value())
      lines += count(block);
    benchmark::DoNotOptimize(lines);
  }
  state.SetItemsProcessed(state.iterations() * kLines);
}
BENCHMARK(count_lines_of_a_file);

void import_spl(benchmark::State& state) {
  for (auto _ : state) {
    const auto reader = open_log(spl_file(), {}).value();
    std::vector<Channel> block;
    std::int64_t readings = 0;
    while (reader->next(block).value())
      readings += static_cast<std::int64_t>(block[0].time_ns.size());
    if (readings != kLines) state.SkipWithError("not all lines were read");
  }
  state.SetItemsProcessed(state.iterations() * kLines);
}
BENCHMARK(import_spl);

}  // namespace
}  // namespace isojoule
