#include "optimise/question_batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "optimise/test_grids.h"

namespace isojoule {
namespace {

struct BatchSearch {
  TruthGrid grid = test_bowl(test_clocks(12, 15));
  Goal goal = test_goal("energy");
  std::vector<Probe> told;

  BatchRequest request(const OptimiserKind& kind) {
    BatchRequest request{&kind, &grid.space, &goal, {}};
    request.options.budget = 60;
    return request;
  }
  void measure(GridPoint point) {
    GridEvaluator evaluator(grid, {}, 1);
    told.push_back(*evaluator.measure(point));
  }
  double least() const {
    double least = 1e300;
    for (const Probe& probe : told) least = std::min(least, *at(probe.metrics, Metric::energy));
    return least;
  }
  double truth() const {
    double least = 1e300;
    for (GridPoint point = 0; point < grid.space.size(); ++point) {
      GridEvaluator evaluator(grid, {}, 1);
      least = std::min(least, *at(evaluator.measure(point)->metrics, Metric::energy));
    }
    return least;
  }
};

TEST(QuestionBatch, AsksForDifferentSettingsNoneOfWhichIsOut) {
  for (const OptimiserKind& kind : optimiser_kinds()) {
    BatchSearch search;
    const auto first = ask_batch(search.request(kind), {}, {}, 4);
    ASSERT_TRUE(first.has_value()) << kind.name;
    ASSERT_EQ(first->size(), 1u) << kind.name << ": nothing is known of what the others would say";
    search.measure(first->front().point);
    std::vector<GridPoint> out;
    for (int round = 0; round < 3; ++round) {
      const auto batch = ask_batch(search.request(kind), search.told, out, 3);
      ASSERT_TRUE(batch.has_value()) << kind.name;
      for (const Question& question : *batch) out.push_back(question.point);
    }
    EXPECT_EQ(std::set<GridPoint>(out.begin(), out.end()).size(), out.size()) << kind.name;
    EXPECT_FALSE(out.empty()) << kind.name;
  }
}

TEST(QuestionBatch, WithNothingToldAndSomethingOutItWaits) {
  BatchSearch search;
  const GridPoint out[] = {0};
  const auto kind = find_optimiser("blend");
  const auto batch = ask_batch(search.request(**kind), {}, out, 4);
  ASSERT_TRUE(batch.has_value());
  EXPECT_TRUE(batch->empty());
}

TEST(QuestionBatch, FourBoardsFindTheLeastInFewRounds) {
  for (const char* name : {"blend", "gp_ei"}) {
    BatchSearch search;
    const auto kind = find_optimiser(name);
    int rounds = 0;
    for (; rounds < 8; ++rounds) {
      const auto batch = ask_batch(search.request(**kind), search.told, {}, 4);
      ASSERT_TRUE(batch.has_value());
      for (const Question& question : *batch) search.measure(question.point);
    }
    EXPECT_LT(search.least(), 1.02 * search.truth()) << name;
  }
}

TEST(QuestionBatch, ExpectsWhatAPlaneThroughTheProbesSays) {
  BatchSearch search;
  for (GridPoint point = 0; point < search.grid.space.size(); point += 7) search.measure(point);
  double worst = 0;
  for (GridPoint point = 3; point < search.grid.space.size(); point += 11) {
    const Probe expected = expected_probe(search.grid.space, search.told, point);
    GridEvaluator evaluator(search.grid, {}, 1);
    const double truth = *at(evaluator.measure(point)->metrics, Metric::energy);
    worst = std::max(worst, std::abs(std::log(*at(expected.metrics, Metric::energy) / truth)));
  }
  EXPECT_LT(worst, 0.05);  // the bowl is a quadratic in the logarithms
  const Probe nothing = expected_probe(search.grid.space, {}, 0);
  EXPECT_FALSE(at(nothing.metrics, Metric::energy).has_value());
}

TEST(QuestionBatch, WarmProbesCountAsMeasured) {
  BatchSearch search;
  for (GridPoint point = 0; point < search.grid.space.size(); point += 7) search.measure(point);
  const auto kind = find_optimiser("blend");
  auto request = search.request(**kind);
  request.options.warm = search.told;
  const auto batch = ask_batch(request, {}, {}, 4);
  ASSERT_TRUE(batch.has_value());
  EXPECT_GT(batch->size(),
            1u);  // without them it is one; an optimiser that is nearly sure asks few
}

TEST(QuestionBatch, AFailureIsNoMeasurement) {
  BatchSearch search;
  Probe failed;
  failed.point = 5;
  failed.failure = "out of memory";
  search.told.push_back(failed);
  const auto kind = find_optimiser("blend");
  const auto batch = ask_batch(search.request(**kind), search.told, {}, 4);
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->size(), 1u);
}

}  // namespace
}  // namespace isojoule
