#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiment/apply.h"
#include "experiment/experiment.h"
#include "experiment/fake_board.h"
#include "experiment/sampler.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

struct Given : fake::Bench {
  Protocol protocol;
  Job job;
  PlannedRun planned;
  std::atomic<bool> interrupted{false};

  Given() {
    protocol.settle = Duration::milliseconds(500);
    protocol.idle = Duration::milliseconds(2000);
    job.model_path = "/dev/null";
    job.network = planned.network = "alexnet";
    job.batch = 16;
    job.inferences = 320;
    job.warmup_batches = 2;
    planned.sequence = 3;
    planned.setting.set("batch", 16.0);
    planned.setting.set("cpu_frequency", 200e6);
    planned.setting.set("gpu_frequency", 614.4e6);
  }
  Result<MeasuredRun> make() { return measure(board, engine, job, protocol, planned, interrupted); }
};

TEST(Measure, PhasesBatchesAndKnobs) {
  Given given;
  const auto measured = given.make();
  ASSERT_TRUE(measured) << to_string(measured.error());
  const isojoule::Run& run = measured->run;
  EXPECT_EQ(run.state, RunState::complete);
  EXPECT_EQ(run.sequence, 3);
  EXPECT_EQ(run.inferences, 320);
  EXPECT_EQ(run.batches.size(), 20u);
  ASSERT_EQ(run.phases.size(), 6u);
  EXPECT_EQ(run.phases[0].kind, PhaseKind::idle);
  EXPECT_DOUBLE_EQ(run.phases[0].duration().value(), 2.0);
  EXPECT_DOUBLE_EQ(run.phase(PhaseKind::warm_up)->duration().value(), 0.25);
  EXPECT_DOUBLE_EQ(run.phase(PhaseKind::inference)->duration().value(), 2.5);
  ASSERT_EQ(run.knobs.size(), 2u);
  EXPECT_EQ(run.knobs[0].requested, run.knobs[0].achieved);
  EXPECT_EQ(given.tree.read(fake::kGpuNode).value(), "614400000");
  Counters only_stuck;  // the fake rail never moves, which is noticed
  only_stuck.add(Counter::reading_stuck);
  EXPECT_EQ(run.counters, only_stuck);
  EXPECT_EQ(measured->run.notes.at("version"), "1.0");
  EXPECT_DOUBLE_EQ(run.temperature_start_c.at("cpu"), 40.0);
  EXPECT_DOUBLE_EQ(run.residency_percent.at("gpu_frequency").at(614.4e6), 100.0);
  EXPECT_EQ(run.wall_time.size(), 20u);
}

TEST(Measure, ConstantPowerIsPowerTimesTime) {
  Given given;
  const auto measured = given.make();
  ASSERT_TRUE(measured);
  const PhaseEnergy* energy = measured->run.energy(PhaseKind::inference);
  ASSERT_NE(energy, nullptr);
  ASSERT_TRUE(energy->gross.value) << energy->gross.why_absent;
  EXPECT_NEAR(energy->gross.value->value(), 5.0 * 2.5, 1e-9);
  EXPECT_NEAR(energy->net.value->value(), 0.0, 1e-9);
}

TEST(Measure, ARampIntegratesToItsClosedForm) {
  Given given;
  given.power = [](Instant at) { return 2.0 + 0.25 * at.ns * 1e-9; };  // 25 mW a sample: exact
  const auto measured = given.make();
  ASSERT_TRUE(measured);
  const Phase& phase = *measured->run.phase(PhaseKind::inference);
  const double middle = 0.5 * static_cast<double>(phase.begin.ns + phase.end.ns) * 1e-9;
  const PhaseEnergy* energy = measured->run.energy(PhaseKind::inference);
  EXPECT_NEAR(energy->gross.value->value(), (2.0 + 0.25 * middle) * 2.5, 2.5e-3);
}

TEST(Measure, SamplesReachBeyondBothEnds) {
  Given given;
  given.sensor->set_window(Second(0.3));
  const auto measured = given.make();
  ASSERT_TRUE(measured);
  const Channel& channel = measured->trace.channels.at(0);
  const auto& phases = measured->run.phases;
  EXPECT_LE(channel.time_ns.front() + 300'000'000, phases.front().begin.ns);
  EXPECT_GE(channel.time_ns.back(), phases.back().end.ns + 300'000'000);
  EXPECT_EQ(measured->run.counters[Counter::trace_ends_in_phase], 0u);
  // Polled every 100 ms, new every 300 ms.
  EXPECT_GT(measured->run.counters[Counter::sample_stale], 10u);
}

TEST(Measure, AFailedReadingIsCountedAndNoZero) {
  Given given;
  given.script.at_inference = [&](int) { given.sensor->fails = true; };
  const auto measured = given.make();
  ASSERT_TRUE(measured);
  EXPECT_GT(measured->run.counters[Counter::sample_failed], 20u);
  const PhaseEnergy* energy = measured->run.energy(PhaseKind::inference);
  EXPECT_TRUE(energy == nullptr || !energy->gross.value ||
              measured->run.counters[Counter::trace_ends_in_phase] > 0);
}

TEST(Measure, AStuckRailIsNoticedAndAMovingOneIsNot) {
  for (const bool moves : {true, false}) {
    Given given;
    // Moves for two seconds, then stands still for more than fifty periods, or goes on.
    given.power = [moves](Instant at) {
      const double s = at.ns * 1e-9;
      return 5.0 + 0.01 * std::fmod(moves || s < 2.0 ? std::floor(s * 10) : 1.0, 7.0);
    };
    const auto measured = given.make();
    ASSERT_TRUE(measured);
    EXPECT_EQ(measured->run.counters[Counter::reading_stuck], moves ? 0u : 1u);
  }
}

TEST(Measure, StateThatCannotBeReadIsCounted) {
  Given given;
  given.tree.remove(fake::kThrottleNode);
  given.tree.remove(fake::kZoneNode);
  const auto measured = given.make();
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->run.counters[Counter::state_unreadable], 4u);  // each before and after
  EXPECT_EQ(measured->run.temperature_start_c.count("cpu"), 0u);
}

TEST(Measure, WithoutSensorsItSaysWhyAndWhere) {
  Given given;
  given.board.sensors.clear();
  given.board.problems = {{ErrorKind::not_found, "no power sensor", "/sys/class/powercap", ""}};
  const auto measured = given.make();
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->run.state, RunState::complete);
  const PhaseEnergy* energy = measured->run.energy(PhaseKind::inference);
  ASSERT_NE(energy, nullptr);
  EXPECT_FALSE(energy->gross.value);
  EXPECT_THAT(energy->gross.why_absent, HasSubstr("/sys/class/powercap"));
  EXPECT_DOUBLE_EQ(energy->duration.value(), 2.5);
}

TEST(Measure, FailuresAreResults) {
  Given given;
  given.script.out_of_memory = [](const Job&, int) { return true; };
  auto measured = given.make();
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->run.state, RunState::failed);
  EXPECT_THAT(measured->run.failure, HasSubstr("out of memory"));
  EXPECT_EQ(measured->run.counters[Counter::out_of_memory], 1u);
  EXPECT_TRUE(measured->run.energies.empty());
  EXPECT_FALSE(measured->trace.channels.at(0).time_ns.empty());

  given.script.out_of_memory = {};
  given.script.crashes = [](const Job&, int) { return true; };
  measured = given.make();
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->run.state, RunState::failed);
  EXPECT_EQ(measured->run.counters[Counter::engine_failed], 1u);
  EXPECT_DOUBLE_EQ(measured->run.phase(PhaseKind::inference)->duration().value(), 0.25);
}

// Only the user ends a study; what an engine says of it is its failure.
TEST(Measure, AnEngineThatCallsItselfInterruptedHasFailed) {
  Given given;
  given.script.refuses = [](const Job&) {
    return Error{ErrorKind::interrupted, "somebody stopped me", "", ""};
  };
  const auto measured = given.make();
  ASSERT_TRUE(measured) << to_string(measured.error());
  EXPECT_EQ(measured->run.state, RunState::failed);
  EXPECT_EQ(measured->run.failure, "somebody stopped me");
}

TEST(Measure, APhaseFromBeforeTheEngineIsRefused) {
  Given given;
  given.script.dated_back = Second(0.125);
  const auto measured = given.make();
  ASSERT_TRUE(measured) << to_string(measured.error());
  EXPECT_EQ(measured->run.state, RunState::failed);
  EXPECT_THAT(measured->run.failure, HasSubstr("phase load before its own start"));
  EXPECT_TRUE(measured->run.energies.empty());
}

TEST(Measure, ASilentEngineIsStopped) {
  Given given;
  given.script.says_nothing = true;
  const auto measured = given.make();
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->run.state, RunState::failed);
  EXPECT_THAT(measured->run.failure, HasSubstr("says nothing for 600 s"));
  EXPECT_EQ(measured->run.counters[Counter::engine_failed], 1u);
}

TEST(Measure, InterruptionStopsPromptly) {
  Given given;
  given.script.at_inference = [&](int) { given.interrupted = true; };
  const auto measured = given.make();
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().kind, ErrorKind::interrupted);
}

TEST(Measure, ABaselineOpensTheClocks) {
  Given given;
  ASSERT_TRUE(given.make());
  given.planned.baseline = "powersave";
  given.planned.setting = {};
  given.planned.setting.set("cpu_governor", std::string("powersave"));
  ASSERT_TRUE(given.make());
  EXPECT_EQ(given.tree.read(fake::kCpuNode).value(), "open");
  EXPECT_EQ(given.tree.read(fake::kGpuNode).value(), "open");
  EXPECT_EQ(given.tree.read(fake::kGovernorNode).value(), "powersave");
}

TEST(Measure, ClocksThatDoNotObeyAreCounted) {
  Given given;
  given.knob("gpu_frequency").stuck = true;
  auto measured = given.make();
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->run.counters[Counter::clock_not_reached], 1u);
  EXPECT_EQ(measured->run.counters[Counter::clock_drifted], 0u);  // it stays where it was
  EXPECT_EQ(measured->run.knobs[1].achieved, Value(76.8e6));

  given.knob("gpu_frequency").stuck = false;
  given.script.at_inference = [&](int) { (void)given.tree.write(fake::kCpuNode, "100000000"); };
  measured = given.make();
  ASSERT_TRUE(measured);
  EXPECT_GT(measured->run.counters[Counter::clock_drifted], 20u);
}

TEST(Measure, ThrottlingAndHeatAreSaid) {
  Given given;
  given.script.at_inference = [&](int) { ++given.throttled; };
  given.protocol.start_temperature_c = 35;
  given.protocol.cool_down = Duration::milliseconds(5000);
  const Instant before = given.clock.now();
  const auto measured = given.make();
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->run.state, RunState::throttled);
  EXPECT_EQ(measured->run.counters[Counter::throttled], 1u);
  EXPECT_EQ(measured->run.counters[Counter::temperature_high], 1u);
  EXPECT_GE((measured->run.phases[0].begin - before).ns, Duration::milliseconds(5500).ns);
}

// Held back from before the run until after it, or let go in between: no count rises.
TEST(Measure, AStateThatWasThereBeforeTheRunCounts) {
  Given given;
  given.board.release.throttles.front().is_state = true;
  for (const std::int64_t end : {1, 0}) {
    given.throttled = 1;
    given.script.at_inference = [&given, end](int) { given.throttled = end; };
    const auto measured = given.make();
    ASSERT_TRUE(measured);
    EXPECT_EQ(measured->run.state, RunState::throttled) << end;
  }
  const auto calm = given.make();
  ASSERT_TRUE(calm);
  EXPECT_EQ(calm->run.state, RunState::complete);
}

TEST(Apply, NearestOfTheTable) {
  fake::Bench bench;
  const Knob& gpu = *bench.board.knob("gpu_frequency");
  EXPECT_TRUE(same_value(gpu, 614.4e6, 611e6));
  EXPECT_FALSE(same_value(gpu, 614.4e6, 900e6));
  EXPECT_FALSE(same_value(gpu, 921.6e6, 2e9));
}

// On the real clock the ticks come on a thread of their own.
TEST(Sampler, WorksOnTheRealClock) {
  fake::Bench bench;
  const auto clock = make_real_clock();
  bench.board.clock = clock.get();
  Sampler sampler(bench.board, Duration::milliseconds(2), Duration::milliseconds(10));
  sampler.start();
  clock->sleep_for(Duration::milliseconds(100));
  sampler.stop();
  Counters counters;
  const Trace trace = sampler.take(counters);
  const auto& times = trace.channels.at(0).time_ns;
  EXPECT_GT(times.size(), 10u);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  EXPECT_EQ(times.size(), trace.channels[0].a.size());
}

}  // namespace
}  // namespace isojoule
