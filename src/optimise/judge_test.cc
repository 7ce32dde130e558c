#include "optimise/judge.h"

#include <gtest/gtest.h>

#include <cmath>

namespace isojoule {
namespace {

// Asks a fixed list, recommends the best as measured.
class Listed final : public Optimiser {
 public:
  explicit Listed(std::vector<GridPoint> list) : list_(std::move(list)) {}

 private:
  std::optional<Question> do_ask() override {
    if (next_ == list_.size()) return {};
    return Question{list_[next_], "listed"};
  }
  void do_tell(const Probe& probe) override {
    ++next_;
    const auto& energy = at(probe.metrics, Metric::energy);
    if (energy && (!best_ || *energy < best_->cost))
      best_ = Answer{.point = probe.point, .cost = *energy};
  }
  std::optional<Answer> do_recommend() override { return best_; }
  std::vector<GridPoint> list_;
  std::size_t next_ = 0;
  std::optional<Answer> best_;
};

TruthGrid row_of_five() {
  TruthGrid grid{
      "row", "made up", *SearchSpace::grid({{"cpu_frequency", {1.0, 2.0, 3.0, 4.0, 5.0}}}), {}, {}};
  for (const double energy : {2.0, 1.5, 1.0, 1.03, 1.2}) {
    Metrics metrics;
    at(metrics, Metric::energy) = energy;
    at(metrics, Metric::latency) = 6 - static_cast<double>(grid.truth.size()) - 1;
    at(metrics, Metric::power) = 1;
    grid.truth.push_back(metrics);
    grid.seconds.push_back(10);
  }
  return grid;
}

const OptimiserKind kListed = {
    "listed", "", "",
    [](const SearchSpace&, const Goal&,
       const SearchOptions&) -> Result<std::unique_ptr<Optimiser>> {
      return std::make_unique<Listed>(std::vector<GridPoint>{0, 3, 2, 4});
    }};

TEST(Judge, CountsTheProbesAfterWhichTheRecommendationStaysNear) {
  const std::vector<TruthGrid> grids = {row_of_five()};
  const std::atomic<bool> stop{false};
  JudgeOptions options{.budget = 10, .seeds = 2, .noise = {0, 0}};
  const auto scores = judge({&kListed}, grids, options, stop);
  ASSERT_TRUE(scores);
  ASSERT_EQ(scores->size(), 2U);
  const SearchScore& score = scores->front();
  EXPECT_EQ(score.made, 4);  // it had nothing more to ask
  EXPECT_EQ(score.probes, (std::array<std::int64_t, 3>{2, 3, 3}));
  ASSERT_EQ(score.regrets.size(), 4U);
  EXPECT_NEAR(score.regrets[0], 1, 1e-6);
  EXPECT_NEAR(score.regrets[1], 0.03, 1e-6);
  EXPECT_EQ(score.seconds, 40);
  EXPECT_EQ(score.joules, 40);
}

TEST(Judge, ALimitExcludesItsShareAndBrokenOnesAreCounted) {
  const std::vector<TruthGrid> grids = {row_of_five()};
  const std::atomic<bool> stop{false};
  JudgeOptions options{.budget = 10, .seeds = 1, .noise = {0, 0}, .allowed_share = 0.4};  // 4 and 5
  const auto scores = judge({&kListed}, grids, options, stop);
  ASSERT_TRUE(scores);
  EXPECT_EQ(scores->front().beyond, 2);  // 0 and 2
  EXPECT_TRUE(std::isinf(scores->front().regrets[0]));
  EXPECT_EQ(scores->front().probes[0], 0);  // it recommends 2, which is cheaper, and too slow
}

TEST(Judge, ThreadsChangeNothing) {
  const std::vector<TruthGrid> grids = {row_of_five()};
  const std::atomic<bool> stop{false};
  const auto kinds =
      std::vector<const OptimiserKind*>{*find_optimiser("gp_ei"), *find_optimiser("random")};
  const auto one = judge(kinds, grids, {.budget = 8, .seeds = 6, .noise = {}}, stop);
  const auto four = judge(kinds, grids, {.budget = 8, .seeds = 6, .noise = {}, .threads = 4}, stop);
  ASSERT_TRUE(one && four);
  ASSERT_EQ(one->size(), four->size());
  for (std::size_t i = 0; i < one->size(); ++i) {
    EXPECT_EQ((*one)[i].optimiser, (*four)[i].optimiser);
    EXPECT_EQ((*one)[i].regrets, (*four)[i].regrets);
  }
}

TEST(Judge, WhatWasNotReachedIsBeyondEveryCount) {
  std::vector<SearchScore> scores(10);
  for (std::size_t i = 0; i < 8; ++i) scores[i].probes[0] = static_cast<std::int64_t>(i) + 1;
  EXPECT_EQ(probes_quantile(scores, 0, 0.5), 5);
  EXPECT_EQ(probes_quantile(scores, 0, 0.8), 8);
  EXPECT_FALSE(probes_quantile(scores, 0, 0.9));
}

TEST(Judge, AnInterruptedJudgementIsNoResult) {
  const std::vector<TruthGrid> grids = {row_of_five()};
  const std::atomic<bool> stop{true};
  const auto scores = judge({&kListed}, grids, {}, stop);
  ASSERT_FALSE(scores);
  EXPECT_EQ(scores.error().kind, ErrorKind::interrupted);
}

}  // namespace
}  // namespace isojoule
