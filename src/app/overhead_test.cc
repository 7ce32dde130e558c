#include "app/overhead.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "app/metered_clock.h"
#include "app/overhead_meter.h"
#include "base/random.h"
#include "trace/statistic.h"

namespace isojoule {
namespace {

OverheadRun run(std::int64_t block, std::size_t way, double seconds,
                std::optional<Joule> energy = std::nullopt) {
  OverheadRun made;
  made.block = block;
  made.way = way;
  made.mean = Second(seconds);
  made.median = Second(seconds * 0.9);
  made.energy = energy;
  return made;
}

const std::vector<Duration> kPeriods = {Duration::milliseconds(100), Duration::milliseconds(1)};

TEST(Overhead, IsPairedInItsBlock) {
  // A machine that gets slower and slower: unpaired, 2 % would be lost in it.
  std::vector<OverheadRun> runs;
  for (std::int64_t block = 0; block < 5; ++block) {
    const double base = 0.010 * (1 + 0.2 * static_cast<double>(block));
    const double noise = block % 2 == 0 ? 0.001 : -0.001;
    runs.push_back(run(block, 1, base * (1 + noise), Joule(10)));
    runs.push_back(run(block, 0, base));
    runs.push_back(run(block, 2, base * (1.02 + noise), Joule(10.3)));
  }
  const auto ways = compare_ways(runs, kPeriods);
  ASSERT_EQ(ways.size(), 3U);
  EXPECT_FALSE(ways[0].period);
  EXPECT_FALSE(ways[0].mean_percent);
  EXPECT_FALSE(ways[1].mean_percent->differs());
  EXPECT_LT(ways[1].mean_percent->below(), 0.2);
  EXPECT_TRUE(ways[2].mean_percent->differs());
  EXPECT_NEAR(ways[2].mean_percent->value, 2.02, 1e-9);
  EXPECT_NEAR(ways[2].median_percent->value, 2.02, 1e-9);
  EXPECT_FALSE(ways[1].energy_percent);  // it is what the others are compared with
  EXPECT_NEAR(ways[2].energy_percent->value, 3, 1e-9);
}

TEST(Overhead, ABlockWithoutItsPairDoesNotCount) {
  const auto ways =
      compare_ways({run(0, 0, 1), run(0, 1, 1.1), run(1, 1, 9), run(1, 2, 5)}, kPeriods);
  EXPECT_EQ(ways[1].mean_percent->blocks, 1);
  EXPECT_NEAR(ways[1].mean_percent->value, 10, 1e-9);
  EXPECT_FALSE(ways[1].mean_percent->half);  // one block has no interval
  EXPECT_FALSE(ways[1].mean_percent->differs());
  EXPECT_FALSE(ways[2].mean_percent);
}

TEST(Overhead, AThrottledRunIsComparedWithNothing) {
  std::vector<OverheadRun> runs = {run(0, 0, 1), run(0, 1, 1.1), run(1, 0, 1), run(1, 1, 5)};
  runs.back().throttled = true;
  EXPECT_NEAR(compare_ways(runs, kPeriods)[1].mean_percent->value, 10, 1e-9);
}

// A meter on a wall clock 2 s ahead; power is 10 W in the runs without sampling and 11 W with it.
TEST(Overhead, AMetersLogHasTheEnergyWithoutSamplingToo) {
  const std::string path =
      (std::filesystem::temp_directory_path() / fmt::format("isojoule-meter-{}.csv", ::getpid()))
          .string();
  const std::int64_t zero_s = 1'790'000'000;
  std::vector<OverheadRun> runs;
  std::ofstream log(path);
  log << "time_s,power_w\n";
  for (int i = 0; i < 400; ++i)
    log << fmt::format("{:.1f},{}\n", static_cast<double>(zero_s) + 2 + i * 0.1,
                       i / 100 % 2 == 0 ? 10 : 11);
  log.close();
  for (int i = 0; i < 5; ++i) {  // the last one after the log's end
    OverheadRun one = run(i / 2, static_cast<std::size_t>(i % 2), 1);
    one.begin = Instant{(10 * i + 3) * 1'000'000'000LL};
    one.end = one.begin + Duration::milliseconds(5000);
    one.wall_less_ours = Duration{zero_s * 1'000'000'000LL};
    runs.push_back(one);
  }
  OverheadMeter meter;
  meter.path = path;
  meter.offset = Second(2);
  ASSERT_TRUE(check_meter(meter));
  const auto reading = take_meter(meter, runs);
  ASSERT_TRUE(reading) << to_string(reading.error());
  for (std::size_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(runs[i].energy) << i;
    EXPECT_NEAR(runs[i].energy->value(), i % 2 == 0 ? 50 : 55, 1e-6) << i;
  }
  EXPECT_FALSE(runs[4].energy);
  EXPECT_FALSE(reading->why_absent.empty());
  const auto ways = compare_ways(runs, {Duration::milliseconds(1)});
  EXPECT_NEAR(ways[0].energy_j->value, 50, 1e-6);
  EXPECT_NEAR(ways[1].energy_percent->value, 10, 1e-6);
  meter.rail = "none";
  EXPECT_EQ(check_meter(meter).error().kind, ErrorKind::not_found);
  meter.rail.clear();
  std::ofstream(path) << "time_s,power_w\n0.1,5\n0.2,5\n0.3,5\n";  // seconds since its start
  EXPECT_EQ(check_meter(meter).error().kind, ErrorKind::invalid);
  std::filesystem::remove(path);
  EXPECT_EQ(check_meter(meter).error().kind, ErrorKind::not_found);
}

TEST(Overhead, TheIntervalIsStudents) {
  const auto mean = block_mean({1, 2, 3, 4, 5});
  ASSERT_TRUE(mean && mean->half);
  EXPECT_NEAR(mean->value, 3, 1e-12);
  EXPECT_NEAR(*mean->half, 2.776445 * std::sqrt(2.5 / 5), 1e-5);
  EXPECT_FALSE(block_mean({}));
}

TEST(Overhead, TheIntervalHoldsTheTruthNineteenTimesInTwenty) {
  Random random(11);
  int inside = 0;
  constexpr int kCases = 4000;
  for (int i = 0; i < kCases; ++i) {
    std::vector<double> values;
    for (int block = 0; block < 6; ++block) values.push_back(1 + random.normal());
    const auto mean = block_mean(values);
    inside += std::abs(mean->value - 1) <= *mean->half ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(inside) / kCases, 0.95, 0.012);
}

TEST(MeteredClock, CountsTicksAndIsSilentWhenTold) {
  const auto real = make_real_clock();
  MeteredClock clock(*real);
  std::atomic<int> ticks{0};
  {
    const auto ticker = clock.every(Duration::milliseconds(1), [&](Instant) { ++ticks; });
    while (ticks < 5) clock.sleep_for(Duration::milliseconds(1));
  }
  EXPECT_EQ(clock.cost().ticks, ticks);
  EXPECT_GT(clock.cost().thread_cpu.value(), 0);
  EXPECT_LE(clock.cost().thread_cpu, clock.cost().process_cpu);
  EXPECT_GT(clock.cost().wall.value(), 0);
  clock.forget();
  clock.set_silent(true);
  ticks = 0;
  {
    const auto ticker = clock.every(Duration{1000}, [&](Instant) { ++ticks; });
    clock.sleep_for(Duration::milliseconds(5));
  }
  EXPECT_EQ(ticks, 0);
  EXPECT_EQ(clock.cost().ticks, 0);
}

}  // namespace
}  // namespace isojoule
