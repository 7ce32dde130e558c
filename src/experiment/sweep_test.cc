#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "experiment/experiment.h"
#include "experiment/fake_board.h"

namespace isojoule {
namespace {

const char* const kPlan = R"(
[protocol]
inferences = 32
repeats = 2
idle_ms = 200
[[baseline]]
name = "default"
cpu_governor = "schedutil"
[[baseline]]
name = "powersave"
cpu_governor = "powersave"
[[grid]]
name = "map"
networks = ["alexnet"]
axes = { cpu_frequency = "all", gpu_frequency = "all" }
fixed = { batch = 16 }
baselines = ["default", "powersave"]
)";
constexpr std::int64_t kRuns = 2 * (9 + 2);

struct Given : fake::Bench {
  Plan plan = parse_plan(kPlan, "p.toml").value();
  fake::FakeStudy study;
  std::atomic<bool> interrupted{false};
  std::string journal = (std::filesystem::temp_directory_path() /
                         ("isojoule_sweep_test_" + std::to_string(::getpid()) + ".journal"))
                            .string();
  std::vector<Progress> seen;
  std::int64_t stop_after = -1;

  Given() {
    power = [this](Instant) { return 1.0 + 1e-9 * gpu_frequency(); };
  }
  ~Given() { std::filesystem::remove(journal); }
  double gpu_frequency() {
    const auto text = tree.read(fake::kGpuNode).value();
    return text == "open" ? 921.6e6 : std::stod(text);
  }
  Result<SweepResult> make() {
    const EngineUses engines = {
        {"", {&engine, {{"alexnet", "/dev/null"}, {"broken", "/dev/null"}}, {}}}};
    return sweep(plan, board, engines, study, journal, interrupted,
                 [this](const Progress& progress) {
                   seen.push_back(progress);
                   seen.back().last = nullptr;
                   if (progress.done == stop_after) interrupted = true;
                 });
  }
};

// What a run says of itself, without times.
std::string line_of(const isojoule::Run& run) {
  const PhaseEnergy* energy = run.energy(PhaseKind::inference);
  return std::to_string(run.sequence) + " " + run.baseline + " " + to_string(run.setting) + " " +
         std::to_string(energy->gross.value->value());
}

std::vector<std::string> table_of(const fake::FakeStudy& study) {
  std::vector<std::string> lines;
  for (const isojoule::Run& run : study.stored) lines.push_back(line_of(run));
  return lines;
}

TEST(Sweep, MakesEveryRunOnceAndRestoresTheBoard) {
  Given given;
  const auto before = given.tree.snapshot();
  const auto result = given.make();
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->planned, kRuns);
  EXPECT_EQ(result->made, kRuns);
  EXPECT_FALSE(result->interrupted);
  EXPECT_EQ(given.study.stored.size(), static_cast<std::size_t>(kRuns));
  EXPECT_EQ(given.tree.snapshot(), before);
  EXPECT_FALSE(std::filesystem::exists(given.journal));
  ASSERT_EQ(given.seen.size(), static_cast<std::size_t>(kRuns));
  EXPECT_EQ(given.seen.back().done, kRuns);
  EXPECT_EQ(given.seen.back().left.value(), 0);
  EXPECT_TRUE(given.study.with_trace.front());
}

TEST(Sweep, GoesOnWhereItStoppedToTheSameTable) {
  Given whole;
  ASSERT_TRUE(whole.make());
  Given parts;
  const auto before = parts.tree.snapshot();
  parts.stop_after = 7;
  auto result = parts.make();
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->interrupted);
  EXPECT_EQ(result->made, 7);
  EXPECT_EQ(parts.tree.snapshot(), before);
  parts.interrupted = false;
  result = parts.make();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->already_there, 7);
  EXPECT_EQ(result->made, kRuns - 7);
  EXPECT_EQ(table_of(parts.study), table_of(whole.study));
  result = parts.make();
  EXPECT_EQ(result->made, 0);
}

// A baseline's governor does not stay for the grid points that come after it.
TEST(Sweep, EachRunFindsTheOtherKnobsAtRest) {
  Given given;
  std::map<int, std::string> governor;
  given.script.at_inference = [&](int run) {
    governor[run] = given.tree.read(fake::kGovernorNode).value();
  };
  ASSERT_TRUE(given.make());
  for (std::size_t i = 0; i < given.study.stored.size(); ++i)
    EXPECT_EQ(governor.at(static_cast<int>(i)),
              given.study.stored[i].baseline == "powersave" ? "powersave" : "schedutil");
}

TEST(Sweep, FailuresAreStoredAndThrottledRunsRepeated) {
  Given given;
  given.script.out_of_memory = [](const Job&, int run) { return run == 0; };
  given.script.crashes = [](const Job&, int run) { return run == 1; };
  given.script.at_inference = [&](int run) { given.throttled += run == 3 || run == 4; };
  const auto result = given.make();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->made, kRuns);
  EXPECT_EQ(result->failed, 1);
  const auto& stored = given.study.stored;
  EXPECT_EQ(stored[0].state, RunState::failed);    // run 0: does not fit, not tried again
  EXPECT_EQ(stored[1].state, RunState::complete);  // run 1 crashed, run 2 stood in for it
  EXPECT_EQ(stored[1].counters[Counter::engine_failed], 1u);
  EXPECT_EQ(stored[2].state, RunState::complete);  // runs 3 and 4 throttled, run 5 stands
  EXPECT_EQ(stored[2].counters[Counter::throttled], 2u);
}

// A damaged model of one network: its runs fail with the reason, the other's are made.
TEST(Sweep, WhatAnEngineCannotDoIsNotTriedAgainAndTheStudyGoesOn) {
  Given given;
  given.plan.grids[0].networks = {"alexnet", "broken"};
  int asked = 0;
  given.script.refuses = [&](const Job& job) -> std::optional<Error> {
    if (job.network != "broken") return std::nullopt;
    ++asked;
    return Error{ErrorKind::parse, "not a model", "", ""};
  };
  const auto before = given.tree.snapshot();
  const auto result = given.make();
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->made, 2 * kRuns);
  EXPECT_EQ(result->failed, kRuns);
  EXPECT_EQ(asked, 1);
  int told = 0;
  for (const isojoule::Run& run : given.study.stored) {
    EXPECT_EQ(run.state == RunState::failed, run.network == "broken");
    told += run.failure == "not a model (as before, not tried again)";
  }
  EXPECT_EQ(told, kRuns - 1);
  EXPECT_EQ(given.tree.snapshot(), before);
}

TEST(Sweep, WhereNothingCanBeDoneTheReasonIsTheStudysError) {
  Given given;
  given.script.refuses = [](const Job&) {
    return Error{ErrorKind::not_found, "the library is not there", "", ""};
  };
  const auto before = given.tree.snapshot();
  const auto result = given.make();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, "the library is not there");
  EXPECT_TRUE(given.study.stored.empty());
  EXPECT_EQ(given.tree.snapshot(), before);
}

// What is stored is never made again: a library that was missing must not be stored.
TEST(Sweep, WhereNothingCanBeDoneOfSeveralNetworksNothingIsStored) {
  Given given;
  given.plan.grids[0].networks = {"alexnet", "broken"};
  given.script.refuses = [](const Job&) {
    return Error{ErrorKind::not_found, "the library is not there", "", ""};
  };
  ASSERT_FALSE(given.make());
  EXPECT_TRUE(given.study.stored.empty());
  given.script.refuses = {};
  const auto result = given.make();
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->made, 2 * kRuns);
  EXPECT_EQ(result->failed, 0);
}

TEST(Sweep, AStudyThatGoesOnKnowsWhatDidNotFit) {
  Given given;
  int tries = 0;
  given.script.out_of_memory = [&](const Job&, int) { return ++tries > 0; };
  given.stop_after = 2;
  ASSERT_TRUE(given.make());
  EXPECT_EQ(tries, 2);
  given.interrupted = false;
  given.stop_after = -1;
  const auto result = given.make();
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->already_there, 2);
  EXPECT_EQ(result->failed, kRuns - 2);
  EXPECT_EQ(tries, 2);
}

TEST(Sweep, ABatchThatDoesNotFitTwiceIsAResultForAllLargerOnes) {
  Given given;
  given.plan.grids[0].axes = {{"batch", false, {8.0, 16.0, 32.0, 64.0}},
                              {"gpu_frequency", true, {}}};
  given.plan.grids[0].fixed = {};
  given.plan.grids[0].baselines = {};
  std::map<std::int64_t, int> tries;
  given.script.out_of_memory = [&](const Job& job, int) {
    ++tries[job.batch];
    return job.batch > 16;
  };
  const auto result = given.make();
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->made, 2 * 4 * 3);
  EXPECT_EQ(result->failed, 2 * 2 * 3);
  EXPECT_LE(tries[32] + tries[64], 4);
  for (const isojoule::Run& run : given.study.stored) {
    const bool fits = run.setting.number("batch") <= 16.0;
    EXPECT_EQ(run.state, fits ? RunState::complete : RunState::failed);
    EXPECT_EQ(run.counters[Counter::out_of_memory], fits ? 0u : 1u);
  }
  EXPECT_THAT(given.study.stored.back().failure + given.study.stored.front().failure,
              testing::Not(testing::HasSubstr("batch 8 was out")));
}

TEST(Sweep, EachRunHasTheEngineThatItsSettingNames) {
  Given given;
  fake::Script other_script;
  fake::FakeEngine other(given.clock, other_script);
  given.plan.grids[0].axes = {{"engine", false, {std::string("one"), std::string("two")}}};
  given.plan.grids[0].baselines = {};
  const std::map<std::string, std::string> models = {{"alexnet", "/dev/null"}};
  const EngineUses engines = {{"one", {&given.engine, models, {}}}, {"two", {&other, models, {}}}};
  ASSERT_TRUE(
      sweep(given.plan, given.board, engines, given.study, given.journal, given.interrupted, {}));
  EXPECT_EQ(given.script.runs, 2);
  EXPECT_EQ(other_script.runs, 2);
  const auto lacking = sweep(given.plan, given.board, {{"one", {&given.engine, models, {}}}},
                             given.study, given.journal, given.interrupted, {});
  ASSERT_FALSE(lacking);
  EXPECT_THAT(lacking.error().what, testing::HasSubstr("'two'"));
}

TEST(Sweep, AKnobThatRefusesEndsTheStudyAndRestores) {
  Given given;
  given.tree.add_text(fake::kGpuNode, "open", 0444);
  given.tree.set_root(false);
  const auto before = given.tree.snapshot();
  const auto result = given.make();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::permission_denied);
  EXPECT_TRUE(given.study.stored.empty());
  EXPECT_EQ(given.tree.snapshot(), before);
}

TEST(Sweep, ANetworkWithoutAFileIsNamedBeforeAnythingIsWritten) {
  Given given;
  given.plan.grids[0].networks = {"alexnet", "lenet"};
  const auto result = given.make();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::not_found);
  EXPECT_EQ(given.script.runs, 0);
}

}  // namespace
}  // namespace isojoule
