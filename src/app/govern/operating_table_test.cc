#include "app/govern/operating_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isojoule {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kSecond = 1'000'000'000;

PhaseEnergy energy_of(PhaseKind phase, double seconds, double joules) {
  PhaseEnergy energy;
  energy.phase = phase;
  energy.rail = "total";
  energy.duration = Second(seconds);
  energy.gross.value = Joule(joules);
  energy.gross.uncertainty = Joule(joules * 0.01);
  return energy;
}

// 80 inferences in 2 s for 10 J, after 4 s at 2 W.
Run run_at(double clock, double batch, const std::string& network = "resnet") {
  isojoule::Run run;
  run.network = network;
  run.setting.set("gpu_frequency", clock);
  run.setting.set("batch", batch);
  run.inferences = 80;
  run.phases = {{PhaseKind::idle, {0}, {4 * kSecond}},
                {PhaseKind::inference, {5 * kSecond}, {7 * kSecond}}};
  run.energies = {energy_of(PhaseKind::idle, 4, 8), energy_of(PhaseKind::inference, 2, 10)};
  return run;
}

Result<StudyTable> table_of(const std::vector<Run>& runs,
                            const OperatingTableOptions& options = {}) {
  return operating_table(runs, options, nullptr);
}

TEST(OperatingTable, JoinsRepeatsAndLeavesTheUnknownUnknown) {
  isojoule::Run second = run_at(2e8, 8), failed = run_at(3e8, 8), stock = run_at(2e8, 8);
  second.energies[1] = energy_of(PhaseKind::inference, 2, 12);
  failed.state = RunState::failed;
  failed.energies.clear();
  stock.baseline = "default";
  stock.setting.erase("gpu_frequency");
  const auto made = table_of({run_at(1e8, 8), run_at(2e8, 8), second, failed, stock});
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_EQ(made->network, "resnet");
  EXPECT_EQ(made->known, 2);
  EXPECT_EQ(made->runs, 3);
  ASSERT_EQ(made->table.points.size(), 3u);
  const auto joined = made->table.space.find(run_at(2e8, 8).setting);
  ASSERT_TRUE(joined);
  const auto& point = made->table.points[static_cast<std::size_t>(*joined)];
  EXPECT_EQ(point.batch, 8);
  EXPECT_DOUBLE_EQ(point.batch_s, 0.2);
  EXPECT_DOUBLE_EQ(point.batch_j, 1.1);
  EXPECT_DOUBLE_EQ(point.idle_w, 2);
  EXPECT_GT(point.log_sd, 0.05);
  EXPECT_TRUE(point.measured);
  const auto unknown = made->table.space.find(failed.setting);
  ASSERT_TRUE(unknown);
  EXPECT_EQ(made->table.points[static_cast<std::size_t>(*unknown)].batch_s, 0);
  EXPECT_THAT(made->notes, testing::Contains(HasSubstr("1 of 3 settings are not known")));
  ASSERT_EQ(made->stock.size(), 1u);
  EXPECT_DOUBLE_EQ(made->stock[0].batch_j, 1);
}

TEST(OperatingTable, ARunThatDidNotReachItsSettingIsNotOfIt) {
  isojoule::Run elsewhere = run_at(2e8, 8);
  elsewhere.counters.add(Counter::clock_not_reached);
  const auto made = table_of({run_at(1e8, 8), elsewhere});
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_EQ(made->known, 1);
  EXPECT_EQ(made->runs, 1);
  EXPECT_THAT(made->notes, testing::Contains(HasSubstr("1 runs were left out: the board did not")));
}

TEST(OperatingTable, TheSpreadOfBatchesIsTheirOwn) {
  isojoule::Run run = run_at(1e8, 8);
  for (int i = 0; i < 10; ++i) {
    const Instant begin{5 * kSecond + i * kSecond / 5};
    run.batches.push_back({begin, begin + Duration::milliseconds(i % 2 == 0 ? 180 : 220)});
  }
  const auto made = table_of({run, run_at(2e8, 8)});
  ASSERT_TRUE(made);
  EXPECT_NEAR(made->table.points[0].batch_spread, 0.105, 0.001);
}

TEST(OperatingTable, SaysWhatIsMissingAndHowToGetIt) {
  const auto several = table_of({run_at(1e8, 8), run_at(2e8, 8, "mobilenet")});
  ASSERT_FALSE(several);
  EXPECT_THAT(several.error().what, HasSubstr("mobilenet, resnet"));
  const auto other = table_of({run_at(1e8, 8)}, {.network = "resnot"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::not_found);
  EXPECT_THAT(other.error().remedy, HasSubstr("resnet"));
  isojoule::Run idle = run_at(1e8, 8), silent = run_at(1e8, 8);
  idle.energies.erase(idle.energies.begin());
  const auto without_idle = table_of({idle});
  ASSERT_FALSE(without_idle);
  EXPECT_EQ(without_idle.error().kind, ErrorKind::no_data);
  EXPECT_THAT(without_idle.error().what, HasSubstr("no run has an idle phase"));
  EXPECT_THAT(without_idle.error().remedy, HasSubstr("idle_ms"));
  silent.energies.clear();
  const auto without_energy = table_of({silent});
  ASSERT_FALSE(without_energy);
  EXPECT_THAT(without_energy.error().what, HasSubstr("no run of resnet has time and energy"));
  EXPECT_FALSE(table_of({}));
  isojoule::Run stock = run_at(1e8, 8);
  stock.baseline = "default";
  EXPECT_FALSE(table_of({stock}));
}

TEST(OperatingTable, TheEngineStaysAsItIs) {
  isojoule::Run half = run_at(2e8, 8), whole = run_at(1e8, 8);
  half.setting.set("precision", std::string("fp16"));
  whole.setting.set("precision", std::string("fp32"));
  isojoule::Run second = whole;
  second.setting.set("gpu_frequency", 3e8);
  const auto both = table_of({half, whole, second});
  ASSERT_FALSE(both);
  EXPECT_THAT(both.error().remedy, HasSubstr("--where precision=fp16"));
  OperatingTableOptions options;
  options.where.set("precision", std::string("fp32"));
  const auto one = table_of({half, whole, second}, options);
  ASSERT_TRUE(one) << to_string(one.error());
  EXPECT_EQ(one->table.points.size(), 2u);
}

}  // namespace
}  // namespace isojoule
