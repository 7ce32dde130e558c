#include "app/tune/tune.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "app/tune/earlier_probes.h"
#include "app/tune/tune_report.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

// The twin of the Nano, few settings, in a folder of its own.
class TuneTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "isojoule-tune-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    ::setenv("ISOJOULE_STATE", folder_.c_str(), 1);
    auto paths = find_paths();
    ASSERT_TRUE(paths);
    paths_ = *paths;
    request_.target.board = "twin:jetson-nano";
    request_.network = "alexnet";
    request_.space.axes = {"gpu_frequency=76.8MHz,307.2MHz,614.4MHz,921.6MHz",
                           "cpu_frequency=102MHz,710.4MHz,1479MHz"};
    request_.inferences = 20;
    request_.budget = 5;
    request_.finalists = 2;
    request_.repeats = 2;
  }
  void TearDown() override {
    ::unsetenv("ISOJOULE_STATE");
    fs::remove_all(folder_);
  }

  // Interrupts itself once so many runs were made; 0: never.
  Result<TuneResult> run(const std::string& name, std::int64_t stop_after = 0) {
    request_.study_path = folder_ + "/" + name;
    std::atomic<bool> interrupted = false;
    std::int64_t made = 0;
    return tune(paths_, request_, interrupted, [&](const TuneProgress& progress) {
      seen_ += progress.stored ? 0 : 1;
      if (!progress.stored && ++made == stop_after) interrupted = true;
    });
  }
  static nlohmann::json comparable(const TuneResult& result) {
    nlohmann::json json = tune_json(result);
    for (const char* key : {"study", "decide_s", "runs_already_there"}) json.erase(key);
    return json;
  }

  std::string folder_;
  Paths paths_;
  TuneRequest request_;
  std::int64_t seen_ = 0;
};

TEST_F(TuneTest, EndsWithTheBestTheGovernorsAndTheSaving) {
  const auto result = run("a.study");
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->steps.size(), 5U);
  EXPECT_EQ(result->space.size(), 12);
  EXPECT_TRUE(result->met());
  ASSERT_NE(result->winner(), nullptr);
  EXPECT_EQ(result->winner()->runs, 2);
  EXPECT_TRUE(result->winner()->again);
  EXPECT_TRUE(result->winner()->cost_95);
  ASSERT_EQ(result->governors.size(), 1U);
  EXPECT_EQ(result->governors.front().runs, 2);
  ASSERT_TRUE(result->saving);
  EXPECT_NEAR(result->saving->share, 1 - *result->winner()->cost / *result->governors.front().cost,
              1e-9);
  EXPECT_EQ(result->runs, 1 + 5 + 2 * 3);
  EXPECT_GT(result->search_s, 0);
  EXPECT_GT(result->search_j, 0);
  const std::string text = tune_text(*result);
  for (const char* part :
       {"SIMULATED", "Best ", "Governors ", "Saving ", "Search ", "5 probes of 12"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_TRUE(tune_json(*result).at("simulated").get<bool>());
}

TEST_F(TuneTest, GoesOnAsIfItHadNotBeenInterrupted) {
  const auto whole = run("whole.study");
  ASSERT_TRUE(whole);
  for (const std::int64_t stop : {1, 3, 6, 8}) {
    const std::string name = "stopped-" + std::to_string(stop);
    const auto stopped = run(name, stop);
    ASSERT_TRUE(stopped) << to_string(stopped.error());
    EXPECT_TRUE(stopped->interrupted);
    EXPECT_EQ(stopped->runs, stop);
    const auto resumed = run(name);
    ASSERT_TRUE(resumed) << to_string(resumed.error());
    EXPECT_EQ(resumed->already_there, stop);
    EXPECT_EQ(comparable(*resumed), comparable(*whole)) << stop;
  }
}

TEST_F(TuneTest, TheSameCommandAgainMeasuresNothing) {
  const auto first = run("a.study");
  ASSERT_TRUE(first);
  const auto again = run("a.study");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->already_there, first->runs);
  EXPECT_EQ(comparable(*again), comparable(*first));
  request_.budget = 7;  // goes on from there, and compares anew
  const auto more = run("a.study");
  ASSERT_TRUE(more);
  EXPECT_EQ(more->steps.size(), 7U);
  EXPECT_EQ(more->runs, first->runs + 2 + 2 * 3);
}

TEST_F(TuneTest, RanksAnewWithoutMeasuring) {
  ASSERT_TRUE(run("a.study"));
  const std::string path = folder_ + "/a.study";
  const auto energy = rerank({path, {}, {}, {}});
  ASSERT_TRUE(energy) << to_string(energy.error());
  EXPECT_EQ(energy->goal.cost.text(), "energy");
  const auto latency = rerank({path, "latency", {}, {}});
  ASSERT_TRUE(latency);
  EXPECT_LE(*at(latency->winner()->mean, Metric::latency),
            *at(energy->winner()->mean, Metric::latency));
  EXPECT_FALSE(latency->measured);
  const auto bounded = rerank({path, {}, std::vector<std::string>{"power<1W"}, {}});
  ASSERT_TRUE(bounded);
  EXPECT_FALSE(bounded->met());
  EXPECT_GT(*bounded->goal.beyond(bounded->winner()->mean), 0);
  EXPECT_THAT(tune_text(*bounded), HasSubstr("power<1W: "));
  const auto wrong = rerank({path, "enrgy", {}, {}});
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().remedy, HasSubstr("energy"));
}

TEST_F(TuneTest, AnotherGoalOnTheSameStudyIsSaid) {
  ASSERT_TRUE(run("a.study"));
  request_.minimise = "edp";
  const auto other = run("a.study");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->goal.cost.text(), "edp");
  EXPECT_THAT(other->notes, Contains(HasSubstr("begun with another cost")));
  request_.minimise.reset();
  request_.network = "resnet-18";
  const auto refused = run("a.study");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_THAT(refused.error().remedy, HasSubstr("-o"));
}

TEST_F(TuneTest, WhatDoesNotFitIsLearntAndNotTriedAgain) {
  request_.space.axes = {"gpu_frequency=307.2MHz,614.4MHz,921.6MHz", "batch=1,4096"};
  request_.finalists = 0;
  const auto result = run("a.study");
  ASSERT_TRUE(result) << to_string(result.error());
  std::int64_t failed = 0;
  for (const SearchStep& step : result->steps)
    if (!step.probe.failure.empty()) {
      EXPECT_THAT(step.probe.failure, HasSubstr("out of memory"));
      EXPECT_TRUE(step.probe.definite);
      ++failed;
    }
  EXPECT_LE(failed, 2);  // twice, for one lack of memory may be another program's doing
  ASSERT_NE(result->winner(), nullptr);
  EXPECT_EQ(result->winner()->setting.number("batch"), 1.0);
}

TEST_F(TuneTest, GovernorsRunWithTheWinnersBatch) {
  request_.space.axes = {"gpu_frequency=307.2MHz,921.6MHz", "batch=1,8"};
  request_.budget = 4;
  request_.inferences = 40;
  const auto result = run("a.study");
  ASSERT_TRUE(result) << to_string(result.error());
  ASSERT_NE(result->winner(), nullptr);
  ASSERT_EQ(result->winner()->setting.number("batch"), 8.0);  // the first governors had 1
  const TuneCandidate* const like = governors_like(*result->winner(), result->governors);
  ASSERT_NE(like, nullptr);
  EXPECT_EQ(like->setting.number("batch"), 8.0);
  EXPECT_EQ(like->runs, 2);
  ASSERT_TRUE(result->saving);
  EXPECT_NEAR(result->saving->share, 1 - *result->winner()->cost / *like->cost, 1e-9);
  request_.finalists = 0;
  const auto without = run("b.study");
  ASSERT_TRUE(without) << to_string(without.error());
  ASSERT_EQ(without->winner()->setting.number("batch"), 8.0);
  EXPECT_FALSE(without->saving);
  EXPECT_THAT(without->notes, Contains(HasSubstr("no saving is given")));
}

TEST_F(TuneTest, AWeightedCostIsNotShownBeforeItsReference) {
  request_.minimise = "weighted:0.7";
  request_.study_path = folder_ + "/a.study";
  const std::atomic<bool> interrupted = false;
  std::optional<double> first;
  bool any = false;
  const auto result = tune(paths_, request_, interrupted, [&](const TuneProgress& progress) {
    if (!any) first = progress.cost;
    any = true;
  });
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_TRUE(any);
  EXPECT_FALSE(first);
}

TEST_F(TuneTest, KeepsToItsTime) {
  request_.budget = 1000;
  request_.optimiser = "gp_ei";
  request_.at_most = Duration::milliseconds(240'000);
  const auto result = run("a.study");
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->out_of_time);
  EXPECT_GT(result->steps.size(), 2U);
  double longest = 0;  // nobody knows before how long a run takes
  for (const SearchStep& step : result->steps) longest = std::max(longest, step.probe.seconds);
  EXPECT_LT(result->search_s, 240 + longest);
}

TEST_F(TuneTest, ALimitOfMemoryKeepsTheBatchSmall) {
  request_.space.axes = {"batch=1,8,64", "gpu_frequency=307.2MHz,921.6MHz"};
  request_.inferences = 64;
  request_.budget = 6;
  const auto free = run("free.study");
  ASSERT_TRUE(free) << to_string(free.error());
  ASSERT_NE(free->winner(), nullptr);
  const auto batch_of = [](const TuneResult& result) {
    return result.winner()->setting.number("batch").value_or(0);
  };
  EXPECT_EQ(batch_of(*free), 64);
  std::map<double, double> memory;  // by batch
  for (const SearchStep& step : free->steps)
    memory[free->space.setting(step.probe.point).number("batch").value_or(0)] =
        at(step.probe.metrics, Metric::memory).value_or(0);
  ASSERT_EQ(memory.size(), 3U);
  EXPECT_LT(memory[1], memory[8]);
  EXPECT_LT(memory[8], memory[64]);
  const double most = (memory[8] + memory[64]) / 2;
  request_.limits = {fmt::format("memory<{:.0f}MB", most / 1e6)};
  const auto bounded = run("bounded.study");
  ASSERT_TRUE(bounded) << to_string(bounded.error());
  ASSERT_NE(bounded->winner(), nullptr);
  EXPECT_TRUE(bounded->met());
  EXPECT_EQ(batch_of(*bounded), 8);
  EXPECT_NEAR(at(bounded->winner()->mean, Metric::memory).value_or(0), memory[8], 1);
}

TEST_F(TuneTest, RefusesBeforeAnythingRuns) {
  const auto kind = [&] {
    const auto result = run("none.study");
    EXPECT_FALSE(fs::exists(folder_ + "/none.study"));
    EXPECT_EQ(seen_, 0);
    return result ? ErrorKind::internal : result.error().kind;
  };
  request_.limits = {"latency<3W"};
  EXPECT_EQ(kind(), ErrorKind::parse);
  request_.limits.reset();
  request_.optimiser = "blnd";
  EXPECT_EQ(kind(), ErrorKind::not_found);
  request_.optimiser.reset();
  request_.space.axes = {"gpu_frequency=1MHz,2MHz"};
  EXPECT_EQ(kind(), ErrorKind::out_of_range);
  request_.space.axes = {"batch=all"};
  EXPECT_EQ(kind(), ErrorKind::invalid);
  request_.space.axes = {"gpu_frequency", "gpu_frequency"};
  EXPECT_EQ(kind(), ErrorKind::invalid);
}

TEST_F(TuneTest, KnowsEarlierStudies) {
  const auto first = run("a.study");
  ASSERT_TRUE(first);
  EarlierProbes earlier;
  const EarlierRequest same{&first->space, "jetson-nano", true, "alexnet"};
  ASSERT_TRUE(add_warm(same, folder_ + "/a.study", earlier));
  EXPECT_EQ(earlier.warm.size(), 5U + 4U);  // probes and finalists, without the governors
  EXPECT_TRUE(at(earlier.warm.front().metrics, Metric::energy));
  const EarlierRequest other{&first->space, "jetson-tx2", true, "resnet-18"};
  const Status refused = add_warm(other, folder_ + "/a.study", earlier);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().remedy, HasSubstr("--prior"));
  ASSERT_TRUE(add_prior(other, folder_ + "/a.study", earlier));
  EXPECT_EQ(earlier.prior.size(), 9U);
  EXPECT_GT(earlier.prior.front().log_sd, 0);
}

TEST_F(TuneTest, ABoardsModelIsAFirstGuess) {
  const auto space = SearchSpace::grid(
      {{"gpu_frequency", {522.75e6, 1300.5e6, 9e9}, true}, {"batch", {1.0, 2.0}, true}});
  ASSERT_TRUE(space);
  EarlierProbes earlier;
  const Status added = add_predicted(paths_, {&*space, "jetson-tx2", true, "alexnet"}, earlier);
  ASSERT_TRUE(added) << to_string(added.error());
  ASSERT_EQ(earlier.prior.size(), 4U);  // nothing is known of 9 GHz
  for (const PriorProbe& prior : earlier.prior) {
    EXPECT_GT(*at(prior.probe.metrics, Metric::energy), 0);
    EXPECT_GT(*at(prior.probe.metrics, Metric::latency), 0);
    EXPECT_GT(prior.log_sd, 0);
  }
  EXPECT_THAT(earlier.notes, Contains(HasSubstr("2 are outside")));
  const auto words = SearchSpace::grid({{"batch", {1.0, 2.0}, true}});
  ASSERT_TRUE(words);
  const Status refused = add_predicted(paths_, {&*words, "jetson-tx2", true, "alexnet"}, earlier);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
}

TEST_F(TuneTest, UsualAxesAreClocksAndCores) {
  request_.space.axes = {"batch=1,2"};
  request_.space.fixed = {"memory_frequency=1600MHz"};
  request_.budget = 1;
  request_.finalists = 0;
  const auto result = run("a.study");
  ASSERT_TRUE(result) << to_string(result.error());
  std::vector<std::string> names;
  for (const SearchAxis& axis : result->space.axes()) names.push_back(axis.name);
  EXPECT_THAT(names, testing::UnorderedElementsAre("batch", "cpu_frequency", "gpu_frequency",
                                                   "cpu_online"));
  EXPECT_THAT(result->notes, Contains(HasSubstr("1 probes cannot show")));
}

}  // namespace
}  // namespace isojoule
