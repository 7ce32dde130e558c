#include "trace/repeats.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace isojoule {
namespace {

Run run_of(std::int64_t number, double joules) {
  Run run;
  run.id = number + 1;
  run.sequence = number;
  run.block = number;
  run.phases = {{PhaseKind::inference, {0}, {10'000'000'000}}};
  PhaseEnergy energy{PhaseKind::inference, "total", Second(10), {}, {}, {}};
  energy.budget_j = {{"gain", 0.01 * joules}, {"offset", 0.2}, {"sampling", 0.05}};
  energy.gross = {Joule(joules), Joule(std::hypot(0.01 * joules, 0.2, 0.05)), ""};
  energy.net = {Joule(joules / 2), Joule(0.01 * joules), ""};
  run.energies = {energy};
  return run;
}

std::vector<const Run*> pointers(const std::vector<isojoule::Run>& runs) {
  std::vector<const Run*> list;
  for (const Run& run : runs) list.push_back(&run);
  return list;
}

std::vector<isojoule::Run> ten_runs() {
  std::vector<isojoule::Run> runs;
  Random random(8);
  for (int i = 0; i < 10; ++i) {
    runs.push_back(run_of(i, 100 + random.normal()));
    runs.back().counters.add(Counter::sample_gap, 2);  // usual here
    runs.back().temperature_start_c["cpu"] = 48 + 0.1 * i;
  }
  return runs;
}

TEST(Repeats, AnOutlierIsNamedWithItsCauseAndStaysInTheMean) {
  std::vector<isojoule::Run> runs = ten_runs();
  runs[4] = run_of(4, 140);
  runs[4].counters.add(Counter::clock_drifted, 3);
  runs[4].counters.add(Counter::sample_gap, 2);
  runs[4].counters.add(Counter::sample_stale, 99);  // info: explains nothing
  const auto said = describe_repeats(pointers(runs), RunQuantity::energy);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->count, 10);
  EXPECT_GT(said->mean, 103);
  ASSERT_EQ(said->outliers.size(), 1U);
  EXPECT_EQ(said->outliers[0].run, 5);
  EXPECT_NEAR(said->outliers[0].deviation_percent, 40, 1.5);
  ASSERT_EQ(said->outliers[0].causes.size(), 1U);
  EXPECT_EQ(said->outliers[0].causes[0], "clock_drifted (3)");
}

TEST(Repeats, AHotStartIsACauseAndOtherwiseNoneIsMadeUp) {
  std::vector<isojoule::Run> runs = ten_runs();
  runs[4].energies[0].gross.value = Joule(140);
  ASSERT_EQ(describe_repeats(pointers(runs), RunQuantity::energy)->outliers.size(), 1U);
  EXPECT_TRUE(describe_repeats(pointers(runs), RunQuantity::energy)->outliers[0].causes.empty());
  runs[4].temperature_start_c["cpu"] = 61;
  const auto causes = describe_repeats(pointers(runs), RunQuantity::energy)->outliers[0].causes;
  ASSERT_EQ(causes.size(), 1U);
  EXPECT_NE(causes[0].find("began at 61"), std::string::npos) << causes[0];
}

TEST(Repeats, TheSystematicPartDoesNotAverageOut) {
  const std::vector<isojoule::Run> runs = ten_runs();
  const auto said = describe_repeats(pointers(runs), RunQuantity::energy);
  ASSERT_TRUE(said);
  EXPECT_NEAR(said->systematic, std::hypot(0.01 * said->mean, 0.2), 1e-9);
  EXPECT_NEAR(said->random, said->deviation / std::sqrt(10.0), 1e-12);
  EXPECT_NEAR(said->uncertainty, std::hypot(said->systematic, said->random), 1e-12);
  EXPECT_TRUE(said->systematic_above_wanted);  // two of 1 % are more than 1 %
  ASSERT_TRUE(said->mean_interval.bounds && said->median_interval.bounds);
  EXPECT_TRUE(said->mean_interval.bounds->contains(said->mean));
  EXPECT_TRUE(said->median_interval.bounds->contains(said->median));
  EXPECT_TRUE(said->within_criterion);
}

// Stein: (t(4) x 2 / 1)^2 = 30.8 for five values of deviation 2 around 100, wanted to 1 %.
TEST(Repeats, HowManyMoreItTakes) {
  std::vector<isojoule::Run> runs;
  const double step = 2 / std::sqrt(2.5);
  for (int i = 0; i < 5; ++i) runs.push_back(run_of(i, 100 + step * (i - 2)));
  auto said = describe_repeats(pointers(runs), RunQuantity::energy);
  EXPECT_NEAR(said->deviation, 2, 1e-12);
  EXPECT_EQ(said->further, 31 - 5);
  said = describe_repeats(pointers(runs), RunQuantity::energy, {.wanted_percent = 5});
  EXPECT_EQ(said->further, 0);
  runs.resize(1);
  EXPECT_FALSE(describe_repeats(pointers(runs), RunQuantity::energy)->further);
}

TEST(Repeats, RunsThatAreNotCompleteSayNothing) {
  std::vector<isojoule::Run> runs = ten_runs();
  for (isojoule::Run& run : runs) run.state = RunState::throttled;
  EXPECT_FALSE(describe_repeats(pointers(runs), RunQuantity::energy));
  EXPECT_FALSE(describe_repeats({}, RunQuantity::energy));
}

TEST(RunValue, OfEveryQuantity) {
  const isojoule::Run run = run_of(0, 200);
  EXPECT_NEAR(value_of(run, RunQuantity::energy)->random, 0.05, 1e-9);
  EXPECT_NEAR(value_of(run, RunQuantity::power)->value, 20, 1e-12);
  EXPECT_NEAR(value_of(run, RunQuantity::power)->gain, 0.2, 1e-12);
  EXPECT_NEAR(value_of(run, RunQuantity::latency)->value, 10, 1e-12);
  EXPECT_NEAR(value_of(run, RunQuantity::net_energy)->value, 100, 1e-12);
  EXPECT_NEAR(value_of(run, RunQuantity::net_energy)->gain, 1, 1e-12);  // of 100 J, not of 200 J
  EXPECT_EQ(value_of(run, RunQuantity::net_energy)->offset, 0);
  isojoule::Run without = run;
  without.energies[0].gross = {std::nullopt, std::nullopt, "no power source"};
  std::string why;
  EXPECT_FALSE(value_of(without, RunQuantity::power, &why));
  EXPECT_EQ(why, "no power source");
  for (const RunQuantity quantity :
       {RunQuantity::energy, RunQuantity::net_energy, RunQuantity::latency, RunQuantity::power})
    EXPECT_EQ(quantity_named(name_of(quantity)), quantity);
  EXPECT_FALSE(quantity_named("joules"));
}

}  // namespace
}  // namespace isojoule
