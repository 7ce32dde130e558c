#include "optimise/search.h"

#include <gtest/gtest.h>

#include "optimise/test_grids.h"

namespace isojoule {
namespace {

// Asks 0, 1, ... and then has no more to ask.
class CountingOptimiser final : public Optimiser {
 public:
  explicit CountingOptimiser(GridPoint end) : end_(end) {}

 private:
  std::optional<Question> do_ask() override {
    if (next_ == end_) return {};
    return Question{next_, "the next"};
  }
  void do_tell(const Probe&) override { ++next_; }
  std::optional<Answer> do_recommend() override {
    if (next_ == 0) return {};
    return Answer{next_ - 1, 1, 0, true, {}};
  }
  GridPoint next_ = 0, end_;
};

class FailingEvaluator final : public Evaluator {
 private:
  Result<Probe> do_measure(GridPoint point) override {
    if (point == 2) return fail(ErrorKind::io, "the board is gone", "Plug it in");
    return test_probe(point, {{Metric::energy, 1}});
  }
};

TEST(RunSearch, EndsWithTheBudgetTheQuestionsOrTheUser) {
  const TruthGrid grid = test_bowl(test_clocks(3, 3));
  const auto run = [&](std::int64_t budget, const std::function<bool(const SearchStep&)>& go_on) {
    CountingOptimiser optimiser(5);
    GridEvaluator evaluator(grid, {}, 1);
    return *run_search(optimiser, evaluator, budget, go_on);
  };
  EXPECT_EQ(run(3, {}).steps.size(), 3u);
  EXPECT_FALSE(run(3, {}).exhausted);
  EXPECT_EQ(run(9, {}).steps.size(), 5u);
  EXPECT_TRUE(run(9, {}).exhausted);
  EXPECT_TRUE(run(0, {}).steps.empty());
  const auto stopped = run(9, [](const SearchStep& step) { return step.probe.point < 1; });
  EXPECT_EQ(stopped.steps.size(), 2u);
  EXPECT_FALSE(stopped.exhausted);
  EXPECT_EQ(stopped.steps[1].answer->point, 1);
}

TEST(RunSearch, ABoardThatGoesAwayIsAnErrorAfterTheStepsWereTold) {
  CountingOptimiser optimiser(5);
  FailingEvaluator evaluator;
  std::vector<GridPoint> told;
  const auto end = run_search(optimiser, evaluator, 9, [&](const SearchStep& step) {
    told.push_back(step.probe.point);
    return true;
  });
  ASSERT_FALSE(end.has_value());
  EXPECT_EQ(end.error().what, "the board is gone");
  EXPECT_EQ(told, (std::vector<GridPoint>{0, 1}));
  EXPECT_EQ(optimiser.ask()->point, 2);  // it goes on where it was
}

}  // namespace
}  // namespace isojoule
