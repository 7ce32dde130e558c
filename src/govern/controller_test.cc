#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <cmath>
#include <limits>
#include <set>

#include "base/random.h"
#include "govern/controller.h"
#include "govern/test_table.h"

namespace isojoule {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

ServiceGoal test_goal() {
  ServiceGoal goal;
  goal.latency_limit_s = 0.25;
  return goal;
}

// A board that behaves as the table says, but for a factor on its times and one on its power; the
// queue is short, and requests are late where the batches are.
struct Board {
  OperatingTable table = test_table();
  double slow = 1, power = 1, rate = 40, t = 0;
  Random random{11};
  GridPoint at = 0;

  EpochReport epoch(const Decision& decision) {
    EpochReport report;
    report.begin_s = t;
    report.end_s = t += 1;
    at = decision.point.value_or(table.space.size() - 1);
    if (decision.point) report.point = at;
    const ServicePoint& row = table.points[static_cast<std::size_t>(at)];
    report.arrived = static_cast<std::int64_t>(rate + std::sqrt(rate) * random.normal());
    report.served = report.arrived = std::max<std::int64_t>(0, report.arrived);
    double busy = 0;
    for (std::int64_t left = report.arrived; left > 0; left -= 2) {
      const auto n = std::min<std::int64_t>(left, 2);
      const double share = row.fixed_share + (1 - row.fixed_share) * static_cast<double>(n) / 8;
      report.batch_s.push_back(row.batch_s * share * slow * (1 + 0.01 * random.normal()));
      report.batch_requests.push_back(n);
      busy += report.batch_s.back();
      if (2 * report.batch_s.back() > 0.25) report.late += n;
    }
    busy = std::min(busy, 1.0);
    report.busy_s = busy;
    report.energy_j = power * (busy * row.batch_j / row.batch_s + (1 - busy) * row.idle_w) *
                      (1 + 0.01 * random.normal());
    report.temperature_c = 50;
    return report;
  }
};

TEST(Controller, BeginsFastAndEndsAtTheLeastEnergyThatKeepsTheLimit) {
  Board board;
  Controller controller(board.table, test_goal());
  Decision decision = controller.first();
  EXPECT_EQ(decision.point, board.table.space.size() - 1);
  for (int i = 0; i < 60; ++i) decision = controller.decide(board.epoch(decision));
  ASSERT_TRUE(decision.point);
  const ControllerState state = controller.state();
  EXPECT_GT(state.safe, 1);
  EXPECT_LT(state.energy_j, 0.8 * 0.2);  // of what the highest clocks cost a request
  EXPECT_LT(state.latency_s, 0.25);
  EXPECT_NEAR(state.slow_down, 1, 0.03);
  EXPECT_NEAR(state.power_scale, 1, 0.03);
  EXPECT_NEAR(state.arrival_hz, 40, 8);
  EXPECT_EQ(state.epochs, 60);
}

TEST(Controller, StaysWhereItIsWhenNothingChanges) {
  Board board;
  ControllerOptions options;
  options.explore = false;
  Controller controller(board.table, test_goal(), options);
  Decision decision = controller.first();
  for (int i = 0; i < 60; ++i) decision = controller.decide(board.epoch(decision));
  const std::int64_t before = controller.state().switches;
  for (int i = 0; i < 240; ++i) decision = controller.decide(board.epoch(decision));
  EXPECT_LE(controller.state().switches - before, 12);
}

TEST(Controller, FollowsASlowDownAndCallsItADrift) {
  Board board;
  Controller controller(board.table, test_goal());
  Decision decision = controller.first();
  for (int i = 0; i < 60; ++i) decision = controller.decide(board.epoch(decision));
  const std::int64_t before = controller.state().drifts;
  board.slow = 1.6;
  board.power = 1.3;
  for (int i = 0; i < 30; ++i) decision = controller.decide(board.epoch(decision));
  EXPECT_GT(controller.state().drifts, before);
  EXPECT_NEAR(controller.state().slow_down, 1.6, 0.12);
  EXPECT_NEAR(controller.state().power_scale, 1.3, 0.08);
}

TEST(Controller, GivesTheBoardBackAtOnceWhenBlindAndTakesItAgainLater) {
  Board board;
  Controller controller(board.table, test_goal());
  Decision decision = controller.first();
  for (int i = 0; i < 20; ++i) decision = controller.decide(board.epoch(decision));
  ASSERT_TRUE(decision.point);
  EpochReport blind = board.epoch(decision);
  blind.blind = "no sample";
  decision = controller.decide(blind);
  EXPECT_FALSE(decision.point);
  EXPECT_EQ(controller.state().fallbacks, 1);
  EXPECT_EQ(controller.state().blind, "no sample");
  blind.begin_s += 1;
  blind.end_s += 1;
  EXPECT_FALSE(controller.decide(blind).point);
  EXPECT_EQ(controller.state().fallbacks, 1);  // it is the same one
  decision = {};
  int sighted = 0;
  for (; !decision.point && sighted < 20; ++sighted)
    decision = controller.decide(board.epoch(decision));
  EXPECT_EQ(sighted, ControllerOptions{}.sighted_epochs);
  EXPECT_EQ(controller.state().blind, "");
}

TEST(Controller, FallsBackWhenTheClocksDoNotStay) {
  Board board;
  Controller controller(board.table, test_goal());
  Decision decision = controller.first();
  for (int i = 0; i < ControllerOptions{}.lost_epochs; ++i) {
    ASSERT_TRUE(decision.point);
    EpochReport report = board.epoch(decision);
    report.point.reset();
    decision = controller.decide(report);
  }
  EXPECT_FALSE(decision.point);
  EXPECT_EQ(controller.state().fallbacks, 1);
}

// A hot hour holds the power back as far as the coolest setting, not for the day that follows.
TEST(Controller, HotAndCoolAgainIsAsBefore) {
  Board board;
  ServiceGoal goal = test_goal();
  goal.temperature_limit_c = 70;
  ControllerOptions options;
  options.explore = false;
  Controller controller(board.table, goal, options);
  Decision decision = controller.first();
  const auto epochs = [&](int count, double celsius) {
    for (int i = 0; i < count; ++i) {
      EpochReport report = board.epoch(decision);
      report.temperature_c = celsius;
      decision = controller.decide(report);
    }
    return decision.point.value_or(-1);
  };
  board.rate = 120;
  epochs(60, 50);
  const double before_j = controller.state().energy_j;
  EXPECT_GT(epochs(1, 50), 0);
  EXPECT_EQ(epochs(600, 90), 0) << "the coolest";
  EXPECT_GT(epochs(700, 50), 0) << "as it was before";
  EXPECT_NEAR(controller.state().energy_j, before_j, 0.1 * before_j);
  // A long cool time is no credit against the next heat.
  epochs(3000, 50);
  EXPECT_EQ(epochs(100, 90), 0);
}

TEST(Controller, WhatIsRefusedIsNotDecidedForWhileItIs) {
  Board board;
  Controller controller(board.table, test_goal());
  Decision decision = controller.first();
  for (int i = 0; i < 60; ++i) decision = controller.decide(board.epoch(decision));
  ASSERT_TRUE(decision.point);
  const GridPoint refused = *decision.point;
  EpochReport report = board.epoch(decision);
  report.refused = {refused, -7, 1000};
  decision = controller.decide(report);
  ASSERT_TRUE(decision.point);
  EXPECT_NE(*decision.point, refused);
  EXPECT_EQ(controller.state().odd_reports, 2);
}

TEST(Controller, ABacklogMeansTheFastestAtOnce) {
  Board board;
  Controller controller(board.table, test_goal());
  Decision decision = controller.first();
  for (int i = 0; i < 60; ++i) decision = controller.decide(board.epoch(decision));
  ASSERT_NE(decision.point, board.table.space.size() - 1);
  EpochReport report = board.epoch(decision);
  report.queued = 400;
  decision = controller.decide(report);
  EXPECT_EQ(decision.point, board.table.space.size() - 1);
  EXPECT_EQ(controller.state().emergencies, 1);
}

TEST(Controller, NeverTakesWhatIsNotKnown) {
  Board board;
  std::set<GridPoint> holes;
  for (GridPoint p = 0; p < board.table.space.size(); p += 2) {
    holes.insert(p);
    ServicePoint& row = board.table.points[static_cast<std::size_t>(p)];
    if (p % 4 == 0) row.batch_s = 0;
    if (p % 4 != 0) row.batch_j = kNan;
  }
  Board real;
  Controller controller(board.table, test_goal());
  Decision decision = controller.first();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(decision.point && !holes.contains(*decision.point)) << i;
    real.rate = i % 50 < 25 ? 10 : 120;
    decision = controller.decide(real.epoch(decision));
  }
}

TEST(Controller, WithoutAnySettingTheGovernorsRule) {
  OperatingTable table = test_table();
  table.points.clear();
  Controller controller(table, test_goal());
  EXPECT_FALSE(controller.first().point);
  Board board;
  const Decision decision = controller.decide(board.epoch({}));
  EXPECT_FALSE(decision.point);
  EXPECT_EQ(decision.why, "no setting is known");
}

TEST(Controller, KeepsThePowerLimit) {
  Board board;
  ServiceGoal goal = test_goal();
  goal.power_limit_w = 4;
  Controller controller(board.table, goal);
  Decision decision = controller.first();
  for (int i = 0; i < 60; ++i) {
    const ServicePoint& row = board.table.points[static_cast<std::size_t>(*decision.point)];
    EXPECT_LT(row.batch_j / row.batch_s, 4 * 1.05) << i;
    decision = controller.decide(board.epoch(decision));
  }
}

TEST(Controller, HoldsThePowerBackWhenItIsHot) {
  Board board;
  board.rate = 150;
  ServiceGoal goal = test_goal();
  goal.temperature_limit_c = 70;
  Controller controller(board.table, goal);
  Decision decision = controller.first();
  const auto watts = [&] {
    const ServicePoint& row = board.table.points[static_cast<std::size_t>(*decision.point)];
    return row.batch_j / row.batch_s;
  };
  for (int i = 0; i < 30; ++i) decision = controller.decide(board.epoch(decision));
  const double before = watts();
  for (int i = 0; i < 40; ++i) {
    EpochReport report = board.epoch(decision);
    report.temperature_c = 75;
    decision = controller.decide(report);
  }
  EXPECT_LT(watts(), 0.8 * before);
}

TEST(Controller, LooksOnlyAtNeighboursAndNotTooOften) {
  Board board;
  for (ServicePoint& row : board.table.points) row.log_sd = 0.1;
  Board real;
  Controller controller(board.table, test_goal());
  Decision decision = controller.first();
  GridPoint before = *decision.point;
  int looks = 0;
  for (int i = 0; i < 600; ++i) {
    decision = controller.decide(real.epoch(decision));
    if (decision.exploring) {
      ++looks;
      const auto around = board.table.space.neighbours(before);
      EXPECT_NE(std::find(around.begin(), around.end(), *decision.point), around.end());
    }
    before = *decision.point;
  }
  EXPECT_EQ(looks, controller.state().explorations);
  EXPECT_LE(looks, 600 * ControllerOptions{}.explore_share + 20);
}

TEST(Controller, TheSameReportsGiveTheSameDecisions) {
  std::vector<Decision> decisions[2];
  for (auto& own : decisions) {
    Board board;
    for (ServicePoint& row : board.table.points) row.log_sd = 0.1;
    ControllerOptions options;
    options.seed = 5;
    Controller controller(board.table, test_goal(), options);
    own.push_back(controller.first());
    for (int i = 0; i < 150; ++i) own.push_back(controller.decide(board.epoch(own.back())));
  }
  for (std::size_t i = 0; i < decisions[0].size(); ++i) {
    EXPECT_EQ(decisions[0][i].point, decisions[1][i].point);
    EXPECT_EQ(decisions[0][i].why, decisions[1][i].why);
  }
}

double any_number() {
  switch (*rc::gen::inRange(0, 6)) {
    case 0: return kNan;
    case 1: return std::numeric_limits<double>::infinity();
    case 2: return -1e300;
    case 3: return 0;
    case 4: return 1e300;
    default: return *rc::gen::inRange(-100, 100) * 0.1;
  }
}
std::int64_t any_count() {
  return *rc::gen::element<std::int64_t>(-5, 0, 1, 40, std::numeric_limits<std::int64_t>::min(),
                                         std::numeric_limits<std::int64_t>::max());
}

RC_GTEST_PROP(Controller, AbsurdReportsDoNotBreakIt, ()) {
  Board board;
  Controller controller(board.table, test_goal());
  Decision decision = controller.first();
  for (int i = 0; i < 10; ++i) decision = controller.decide(board.epoch(decision));
  for (int i = 0; i < 5; ++i) {
    EpochReport report = board.epoch(decision);
    report.arrived = any_count();
    report.served = any_count();
    report.late = any_count();
    report.queued = any_count();
    report.batch_s.assign(3, any_number());
    report.batch_requests.assign(static_cast<std::size_t>(*rc::gen::inRange(0, 5)), any_count());
    report.latency_s = {any_number()};
    report.energy_j = any_number();
    report.busy_s = any_number();
    report.temperature_c = any_number();
    report.end_s = any_number();
    if (*rc::gen::inRange(0, 2) == 0) report.point = *rc::gen::inRange(-100, 100);
    decision = controller.decide(report);
  }
  for (int i = 0; i < 30; ++i) decision = controller.decide(board.epoch(decision));
  const ControllerState state = controller.state();
  RC_ASSERT(decision.point.has_value());
  RC_ASSERT(std::isfinite(state.slow_down) && std::isfinite(state.power_scale));
  RC_ASSERT(std::isfinite(state.energy_j) && std::isfinite(state.margin));
  RC_ASSERT(std::abs(state.slow_down - 1) < 0.3);
}

TEST(Controller, CountsWhatCannotBe) {
  Board board;
  Controller controller(board.table, test_goal());
  EpochReport report = board.epoch(controller.first());
  report.arrived = -3;
  report.energy_j = kNan;
  controller.decide(report);
  EXPECT_EQ(controller.state().odd_reports, 2);
}

}  // namespace
}  // namespace isojoule
