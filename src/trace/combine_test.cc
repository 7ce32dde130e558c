#include "trace/combine.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "trace/budget.h"
#include "trace/statistic.h"

namespace isojoule {
namespace {

PhaseEnergy energy(double joules, std::map<std::string, double> budget) {
  PhaseEnergy made{PhaseKind::inference, "total", Second(10), {}, {}, std::move(budget)};
  double square = 0;
  for (const auto& [cause, u] : made.budget_j) square += u * u;
  made.gross = {Joule(joules), Joule(std::sqrt(square)), ""};
  return made;
}

TEST(Combine, OneRepeatIsItself) {
  const PhaseEnergy one = energy(100, {{"gain", 1}, {"edges", 0.5}});
  const Joined joined = join_repeats(std::vector{one});
  EXPECT_EQ(joined.count, 1);
  EXPECT_DOUBLE_EQ(joined.mean.gross.value->value(), 100);
  EXPECT_NEAR(joined.mean.gross.uncertainty->value(), one.gross.uncertainty->value(), 1e-12);
  EXPECT_EQ(joined.mean.budget_j, one.budget_j);
  EXPECT_NEAR(joined.coverage_factor(), 2, 1e-9);
}

// A hundred repeats: the chip is as wrong as in one, the readings a tenth of it.
TEST(Combine, WhatIsCommonToRepeatsDoesNotAverageOut) {
  const PhaseEnergy one = energy(100, {{"gain", 1.0},
                                       {"offset", 0.5},
                                       {"calibration", 0.4},
                                       {"quantisation", 0.1},
                                       {"sampling", 0.2},
                                       {"edges", 0.3},
                                       {"gaps", 0.4}});
  const Joined joined = join_repeats(std::vector<PhaseEnergy>(100, one));
  const auto& budget = joined.mean.budget_j;
  EXPECT_NEAR(budget.at("gain"), 1.0, 1e-12);
  EXPECT_NEAR(budget.at("offset"), 0.5, 1e-12);
  EXPECT_NEAR(budget.at("calibration"), 0.4, 1e-12);
  EXPECT_NEAR(budget.at("quantisation"), 0.01, 1e-12);
  EXPECT_NEAR(budget.at("sampling"), 0.02, 1e-12);
  EXPECT_NEAR(budget.at("edges"), 0.03, 1e-12);
  EXPECT_NEAR(budget.at("gaps"), 0.04, 1e-12);
  EXPECT_FALSE(budget.contains("repeats"));  // they do not spread
  EXPECT_NEAR(joined.common_j, std::hypot(1.0, 0.5, 0.4), 1e-12);
  EXPECT_NEAR(joined.mean.gross.uncertainty->value(), std::hypot(joined.common_j, joined.random_j),
              1e-12);
}

TEST(Combine, ASpreadWiderThanTheBudgetIsACauseOfItsOwn) {
  std::vector<PhaseEnergy> repeats;
  for (const double joules : {99.0, 101.0, 98.0, 102.0})
    repeats.push_back(energy(joules, {{"gain", 0.1}, {"sampling", 0.2}}));
  const Joined joined = join_repeats(repeats);
  const double s = std::sqrt(10.0 / 3), of_mean = s / 2;
  EXPECT_NEAR(joined.deviation_j, s, 1e-12);
  EXPECT_NEAR(joined.random_j, of_mean, 1e-12);  // not the budget's on top
  EXPECT_NEAR(joined.mean.budget_j.at("repeats"), std::sqrt(of_mean * of_mean - 0.01), 1e-12);
  // Nearly all of it is from four repeats: Student's t for three degrees of freedom.
  EXPECT_NEAR(joined.coverage_factor(), student_t(kCoverage, 3), 0.05);
  EXPECT_GT(joined.expanded_j(), 3 * of_mean);
}

TEST(Combine, NetKeepsTheGainAndLosesTheOffset) {
  PhaseEnergy one = energy(100, {{"gain", 1.0}, {"offset", 5.0}});
  one.net = {Joule(40), Joule(std::hypot(0.4, 0.3)), ""};  // 1 % of 40, and 0.3 of the readings
  const Joined joined = join_repeats(std::vector<PhaseEnergy>(9, one));
  EXPECT_NEAR(joined.mean.net.value->value(), 40, 1e-12);
  EXPECT_NEAR(joined.mean.net.uncertainty->value(), std::hypot(0.4, 0.1), 1e-12);
}

TEST(Combine, AbsentRepeatsAreLeftOutAndAllAbsentSayWhy) {
  PhaseEnergy none = energy(1, {});
  none.gross = {std::nullopt, std::nullopt, "no reading falls into the phase"};
  const PhaseEnergy one = energy(100, {{"gain", 1}});
  EXPECT_EQ(join_repeats(std::vector{none, one, one}).count, 2);
  const Joined joined = join_repeats(std::vector{none, none});
  EXPECT_FALSE(joined.mean.gross.value);
  EXPECT_EQ(joined.mean.gross.why_absent, "no reading falls into the phase");
  EXPECT_EQ(joined.expanded_j(), 0);
  EXPECT_FALSE(join_repeats({}).mean.gross.value);
}

// An old file's energy may have an uncertainty without causes: nobody knows that it averages out.
TEST(Combine, AnUncertaintyWithoutCausesIsKept) {
  PhaseEnergy one = energy(100, {});
  one.gross.uncertainty = Joule(2);
  const Joined joined = join_repeats(std::vector<PhaseEnergy>(25, one));
  EXPECT_NEAR(joined.mean.gross.uncertainty->value(), 2, 1e-9);
}

TEST(Combine, PhasesOfARunAddTheirGainsAndTheSquaresOfTheRest) {
  PhaseEnergy sum{};
  add_phase(sum, energy(10, {{"gain", 0.1}, {"edges", 0.3}, {"calibration", 0.5}}));
  add_phase(sum, energy(20, {{"gain", 0.2}, {"edges", 0.4}, {"calibration", 0.5}}));
  EXPECT_DOUBLE_EQ(sum.gross.value->value(), 30);
  EXPECT_NEAR(sum.budget_j["gain"], 0.3, 1e-12);
  EXPECT_NEAR(sum.budget_j["calibration"], 1.0, 1e-12);
  EXPECT_NEAR(sum.budget_j["edges"], 0.5, 1e-12);
  EXPECT_NEAR(sum.gross.uncertainty->value(), std::hypot(0.3, 1.0, 0.5), 1e-12);
}

TEST(Combine, AShareHasTheSameRelativeUncertainty) {
  PhaseEnergy one = energy(100, {{"gain", 1}, {"edges", 0.5}});
  one.net = {Joule(40), Joule(0.5), ""};
  const PhaseEnergy part = shared(one, 50);
  EXPECT_DOUBLE_EQ(part.gross.value->value(), 2);
  EXPECT_DOUBLE_EQ(part.gross.uncertainty->value() / 2, one.gross.uncertainty->value() / 100);
  EXPECT_DOUBLE_EQ(part.budget_j.at("edges"), 0.01);
  EXPECT_DOUBLE_EQ(part.net.value->value(), 0.8);
}

// Drawn repeats: chips wrong by their gain, readings by their edges, a board that varies. The true
// energy lies in the stated interval as often as k = 2 promises.
TEST(Combine, TheIntervalCoversWhatItSays) {
  Random random(5);
  int inside = 0;
  constexpr int kCases = 4000;
  for (int i = 0; i < kCases; ++i) {
    const double gain = 0.2 * random.normal(), edges = 0.3, board = i % 2 == 0 ? 0.05 : 1.0;
    std::vector<PhaseEnergy> repeats;
    const auto count = 3 + random.below(8);
    for (std::uint64_t r = 0; r < count; ++r)
      repeats.push_back(energy(100 + gain + edges * random.normal() + board * random.normal(),
                               {{"gain", 0.2}, {"edges", edges}}));
    const Joined joined = join_repeats(repeats);
    inside += std::abs(joined.mean.gross.value->value() - 100) <= joined.expanded_j() ? 1 : 0;
  }
  EXPECT_GT(inside, 0.94 * kCases);
  EXPECT_LT(inside, 0.985 * kCases);
}

TEST(Budget, HasARowForEachCauseInAFixedOrder) {
  const Budget budget =
      budget_of(energy(100, {{"sampling", 0.6}, {"gain", 0.8}, {"of_another_version", 0.0}}));
  ASSERT_EQ(budget.rows.size(), 3U);
  EXPECT_EQ(budget.rows[0].cause, "gain");
  EXPECT_EQ(budget.rows[0].info.type, 'B');
  EXPECT_TRUE(budget.rows[0].common);
  EXPECT_NEAR(budget.rows[0].percent_of_energy, 0.8, 1e-12);
  EXPECT_NEAR(budget.rows[0].percent_of_variance, 64, 1e-9);
  EXPECT_EQ(budget.rows[1].info.type, 'A');
  EXPECT_FALSE(budget.rows[1].common);
  EXPECT_EQ(budget.rows[2].cause, "of_another_version");
  EXPECT_NEAR(budget.combined_j, 1, 1e-12);
  EXPECT_NEAR(budget.expanded_j, 2, 1e-12);
  EXPECT_NEAR(budget.relative_percent(), 2, 1e-12);
}

TEST(Budget, OfRepeatsHasTheirFactor) {
  std::vector<PhaseEnergy> repeats;
  for (const double joules : {99.0, 101.0, 98.0, 102.0})
    repeats.push_back(energy(joules, {{"gain", 0.1}}));
  const Budget budget = budget_of(join_repeats(repeats));
  EXPECT_EQ(budget.repeats, 4);
  EXPECT_GT(budget.factor, 3);
  EXPECT_NEAR(budget.expanded_j, budget.factor * budget.combined_j, 1e-12);
  double share = 0;
  for (const BudgetRow& row : budget.rows) share += row.percent_of_variance;
  EXPECT_NEAR(share, 100, 1e-9);
}

}  // namespace
}  // namespace isojoule
