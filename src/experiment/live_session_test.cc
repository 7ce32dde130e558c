// What a session shows while it runs, against closed forms.
#include "experiment/live_session.h"

#include <gtest/gtest.h>

#include <thread>

#include "experiment/experiment.h"
#include "experiment/fake_board.h"

namespace isojoule {
namespace {

const LiveSession::RailState* rail_of(const LiveSession::State& state, const std::string& name) {
  for (const auto& rail : state.rails)
    if (rail.rail == name) return &rail;
  return nullptr;
}

Channel channel_of(ChannelKind kind, double step) {
  Channel channel;
  channel.info.rail = "VDD_IN";
  channel.info.kind = kind;
  channel.info.step_a = step;
  return channel;
}

void read(LiveSession& live, Channel& channel, std::int64_t time_ms, std::int32_t value) {
  channel.time_ns.push_back(time_ms * 1'000'000);
  channel.a.push_back(value);
  live.reading(0, channel);
}

TEST(LiveSession, BeforeTheFirstReadingThereIsNoPower) {
  fake::Bench bench;
  const LiveSession live(bench.board);
  const auto state = live.snapshot();
  ASSERT_EQ(state.rails.size(), 1U);  // and no total
  EXPECT_FALSE(state.rails[0].power_w);
  EXPECT_EQ(state.sequence, -1);
  EXPECT_FALSE(state.phase);
  EXPECT_FALSE(state.inference_s);
}

TEST(LiveSession, EnergyIsTheTrapezoidAndWhatLiesBetweenTwoRunsIsLeftOut) {
  fake::Bench bench;
  LiveSession live(bench.board);
  Channel channel = channel_of(ChannelKind::power, 1e-3);
  live.begin_sampling();
  read(live, channel, 1000, 4000);
  read(live, channel, 1500, 6000);
  live.begin_sampling();  // the next run, a minute later
  read(live, channel, 61500, 8000);
  read(live, channel, 62500, 8000);
  const auto state = live.snapshot();
  EXPECT_DOUBLE_EQ(rail_of(state, "VDD_IN")->energy_j, 2.5 + 8);
  EXPECT_DOUBLE_EQ(*rail_of(state, "total")->power_w, 8);
  EXPECT_DOUBLE_EQ(rail_of(state, "total")->energy_j, 10.5);
  EXPECT_EQ(rail_of(state, "VDD_IN")->readings, 4U);
}

TEST(LiveSession, AnEnergyCounterGivesItsDifferences) {
  fake::Bench bench;
  LiveSession live(bench.board);
  Channel channel = channel_of(ChannelKind::energy_counter, 0.5);
  channel.info.calibration.emplace();
  channel.info.calibration->gain = 2;
  live.begin_sampling();
  read(live, channel, 0, 100);
  EXPECT_FALSE(rail_of(live.snapshot(), "VDD_IN")->power_w);  // not known, and not 0
  read(live, channel, 2000, 104);                             // 2 J in 2 s, by the better meter 4 J
  EXPECT_DOUBLE_EQ(rail_of(live.snapshot(), "VDD_IN")->energy_j, 4);
  EXPECT_DOUBLE_EQ(*rail_of(live.snapshot(), "VDD_IN")->power_w, 2);
}

TEST(LiveSession, ACounterThatRunsRoundGoesOnAndAResetAddsNothing) {
  fake::Bench bench;
  LiveSession live(bench.board);
  Channel channel = channel_of(ChannelKind::energy_counter, 1e-6);
  live.begin_sampling();
  read(live, channel, 0, 2'147'000'000);
  read(live, channel, 1000, -2'147'000'000);  // 967296 steps on
  EXPECT_DOUBLE_EQ(rail_of(live.snapshot(), "VDD_IN")->energy_j, 0.967296);
  EXPECT_DOUBLE_EQ(*rail_of(live.snapshot(), "VDD_IN")->power_w, 0.967296);
  read(live, channel, 2000, -2'147'400'000);  // it began anew
  EXPECT_DOUBLE_EQ(rail_of(live.snapshot(), "VDD_IN")->energy_j, 0.967296);
  read(live, channel, 3000, -2'145'400'000);
  EXPECT_DOUBLE_EQ(rail_of(live.snapshot(), "VDD_IN")->energy_j, 2.967296);
}

TEST(LiveSession, EnergyIsCountedToThePhaseInWhichItWasRead) {
  fake::Bench bench;
  LiveSession live(bench.board);
  Channel channel = channel_of(ChannelKind::power, 1e-3);
  live.begin_sampling();
  read(live, channel, 0, 1000);
  read(live, channel, 1000, 1000);
  live.enter(PhaseKind::load);
  read(live, channel, 3000, 1000);
  live.enter(PhaseKind::tear_down);  // the last of all
  read(live, channel, 4000, -1000);  // 0 J: what is told stays
  read(live, channel, 5000, 5000);
  live.leave_phase();
  read(live, channel, 6000, 5000);
  const auto state = live.snapshot();
  const std::map<std::string, double> wanted = {{"none", 6}, {"load", 2}, {"tear_down", 2}};
  EXPECT_EQ(rail_of(state, "VDD_IN")->phase_energy_j, wanted);
  EXPECT_EQ(rail_of(state, "total")->phase_energy_j, wanted);
  EXPECT_DOUBLE_EQ(rail_of(state, "VDD_IN")->energy_j, 10);
}

TEST(LiveSession, TheEnergyThatIsToldNeverFalls) {
  fake::Bench bench;
  LiveSession live(bench.board);
  Channel channel = channel_of(ChannelKind::power, 1e-3);
  live.begin_sampling();
  read(live, channel, 0, 1000);
  read(live, channel, 1000, 1000);
  read(live, channel, 2000, -1000);  // 0 J
  read(live, channel, 3000, -1000);  // -1 J
  EXPECT_DOUBLE_EQ(rail_of(live.snapshot(), "VDD_IN")->energy_j, 1);
  EXPECT_DOUBLE_EQ(*rail_of(live.snapshot(), "VDD_IN")->power_w, -1);
  read(live, channel, 4000, 5000);  // 2 J: the sum is 2
  EXPECT_DOUBLE_EQ(rail_of(live.snapshot(), "VDD_IN")->energy_j, 2);
}

TEST(LiveSession, AMeasuredRunTellsItsPhasesAndIsCounted) {
  fake::Bench bench;
  LiveSession live(bench.board);
  std::vector<LiveSession::State> seen;
  bench.script.at_inference = [&](int) { seen.push_back(live.snapshot()); };
  Job job;
  job.batch = 16;
  job.inferences = 320;
  job.warmup_batches = 2;
  PlannedRun planned;
  planned.sequence = 7;
  planned.network = "alexnet";
  planned.setting.set("batch", 16.0);
  const std::atomic<bool> interrupted{false};
  const auto measured = measure(bench.board, bench.engine, job, {}, planned, interrupted, &live);
  ASSERT_TRUE(measured) << to_string(measured.error());
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].network, "alexnet");
  EXPECT_EQ(seen[0].sequence, 7);
  EXPECT_EQ(*rail_of(seen[0], "VDD_IN")->power_w, 5);
  const Trace& trace = measured->trace;
  const auto after = live.snapshot();
  EXPECT_EQ(after.sequence, -1);
  EXPECT_FALSE(after.phase);
  EXPECT_EQ(after.batches, 20);
  const double seconds =
      static_cast<double>(trace.channels[0].time_ns.back() - trace.channels[0].time_ns.front()) /
      1e9;
  EXPECT_NEAR(rail_of(after, "VDD_IN")->energy_j, 5 * seconds, 1e-9);
  live.count(measured->run);
  EXPECT_EQ(live.snapshot().complete, 1);
  EXPECT_EQ(live.snapshot().inferences, 320);
  EXPECT_DOUBLE_EQ(*live.snapshot().inference_s, 2.5 / 320);
  EXPECT_EQ(live.snapshot().faults.at(Counter::reading_stuck), 1U);
}

TEST(LiveSession, SomebodyMayLookAtAnyMoment) {
  fake::Bench bench;
  LiveSession live(bench.board);
  std::atomic<bool> done{false};
  std::thread watcher([&] {
    std::uint64_t last = 0;
    while (!done.load()) {
      const auto state = live.snapshot();
      EXPECT_GE(state.rails[0].readings, last);
      last = state.rails[0].readings;
    }
  });
  Channel channel = channel_of(ChannelKind::power, 1e-3);
  PlannedRun planned;
  for (int i = 0; i < 2000; ++i) {
    read(live, channel, i, 1000);
    if (i % 100 == 0) live.begin_run(planned);
    live.enter(PhaseKind::inference);
  }
  done = true;
  watcher.join();
  EXPECT_EQ(live.snapshot().rails[0].readings, 2000U);
}

}  // namespace
}  // namespace isojoule
