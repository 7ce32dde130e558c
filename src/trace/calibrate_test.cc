#include "trace/calibrate.h"

#include <cmath>
#include <limits>

#include "base/random.h"

namespace isojoule {
namespace {

CommonMean point(double told, double told_u, double meter, double meter_u) {
  return {{}, {}, Watt(told), Watt(told_u), Watt(meter), Watt(meter_u), Watt(0)};
}

std::vector<CommonMean> drawn(Random& random, int count, double gain, double offset, double told_u,
                              double meter_u) {
  std::vector<CommonMean> points;
  for (int i = 0; i < count; ++i) {
    const double told = 2 + 10 * random.uniform();
    points.push_back(point(told + told_u * random.normal(), told_u,
                           gain * told + offset + meter_u * random.normal(), meter_u));
  }
  return points;
}

// Pearson's data with York's weights, a test case of the literature: slope -0.480533407 and
// intercept 5.47991022 (York et al. 2004, table II; Reed, American Journal of Physics 60, 1992).
TEST(FitCalibration, GivesTheLineOfTheLiterature) {
  const double x[] = {0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4};
  const double y[] = {5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5};
  const double wx[] = {1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1.0};
  const double wy[] = {1, 1.8, 4, 8, 20, 20, 70, 70, 100, 500};
  std::vector<CommonMean> points;
  // Mirrored, since a meter that falls is refused.
  for (int i = 0; i < 10; ++i)
    points.push_back(point(-x[i], 1 / std::sqrt(wx[i]), y[i], 1 / std::sqrt(wy[i])));
  const auto fit = fit_calibration(points, {}, "");
  // The gain is known to 15 % there: more than is taken for a calibration.
  ASSERT_FALSE(fit);
  EXPECT_EQ(fit.error().kind, ErrorKind::unmeasured);
  // The same ten times as often: the same line, known sqrt(10) times better.
  std::vector<CommonMean> many;
  for (int i = 0; i < 10; ++i) many.insert(many.end(), points.begin(), points.end());
  const auto better = fit_calibration(many, {}, "");
  ASSERT_TRUE(better) << to_string(better.error());
  EXPECT_NEAR(better->calibration.gain, 0.480533407, 1e-8);
  EXPECT_NEAR(better->calibration.offset.value(), 5.47991022, 1e-7);
  // chi squared 11.8663531941 there.
  EXPECT_NEAR(better->reduced_chi_squared, 11.8663531941 * 10 / 98, 1e-6);
  const double birge = std::sqrt(better->reduced_chi_squared);
  EXPECT_NEAR(better->calibration.gain_uncertainty, 0.0579850090 / std::sqrt(10) * birge, 2e-4);
}

TEST(FitCalibration, TheTruthLiesWithinTheStatedUncertaintyAtTheRightRate) {
  Random random(17);
  int gain_in = 0, offset_in = 0, power_in = 0;
  constexpr int kCases = 2000;
  for (int i = 0; i < kCases; ++i) {
    const double gain = 0.9 + 0.2 * random.uniform(), offset = random.uniform() - 0.5;
    const int count = 5 + static_cast<int>(random.below(40));
    const MeterAccuracy meter{"m", 0.002, Watt(0.003)};
    // The meter's own error, one draw for all points.
    const double e = 1 + meter.gain_uncertainty * random.normal();
    const double o = meter.offset_uncertainty.value() * random.normal();
    auto points = drawn(random, count, gain, offset, 0.02, 0.01);
    for (CommonMean& point : points) point.meter = point.meter * e + Watt(o);
    const auto fit = fit_calibration(points, meter, "2026-11-21");
    ASSERT_TRUE(fit) << to_string(fit.error());
    const Calibration& c = fit->calibration;
    gain_in += std::abs(c.gain - gain) <= 2 * c.gain_uncertainty ? 1 : 0;
    offset_in += std::abs(c.offset.value() - offset) <= 2 * c.offset_uncertainty.value() ? 1 : 0;
    // And the power that is made of both, for which their correlation counts.
    const double told = 7, gu = c.gain_uncertainty, ou = c.offset_uncertainty.value();
    const double u =
        std::sqrt(told * told * gu * gu + ou * ou + 2 * told * c.correlation * gu * ou);
    power_in += std::abs(c.gain * told + c.offset.value() - gain * told - offset) <= 2 * u ? 1 : 0;
  }
  for (const int inside : {gain_in, offset_in, power_in}) {
    EXPECT_GE(inside, kCases * 93 / 100);
    EXPECT_LE(inside, kCases * 985 / 1000);
  }
}

TEST(FitCalibration, ScatterBeyondWhatIsStatedWidensIt) {
  Random random(1);
  auto points = drawn(random, 50, 1, 0, 0.02, 0.02);
  const auto honest = fit_calibration(points, {}, "");
  for (CommonMean& point : points) {
    point.told_uncertainty = point.told_uncertainty / 10;
    point.meter_uncertainty = point.meter_uncertainty / 10;
  }
  const auto boasting = fit_calibration(points, {}, "");
  ASSERT_TRUE(honest && boasting);
  EXPECT_NEAR(boasting->calibration.gain_uncertainty, honest->calibration.gain_uncertainty,
              0.3 * honest->calibration.gain_uncertainty);
}

TEST(FitCalibration, OnePowerLevelIsRefusedByName) {
  Random random(2);
  std::vector<CommonMean> points;
  for (int i = 0; i < 20; ++i)
    points.push_back(point(5 + 0.01 * random.normal(), 0.01, 5.2 + 0.01 * random.normal(), 0.01));
  const auto fit = fit_calibration(points, {}, "");
  ASSERT_FALSE(fit);
  EXPECT_EQ(fit.error().kind, ErrorKind::unmeasured);
  EXPECT_NE(fit.error().what.find("cannot be told apart"), std::string::npos);
  EXPECT_FALSE(fit.error().remedy.empty());
  const auto same = fit_calibration({4, point(5, 0.01, 5.2, 0.01)}, {}, "");
  ASSERT_FALSE(same);
  EXPECT_EQ(same.error().kind, ErrorKind::unmeasured);
}

TEST(FitCalibration, TooFewPointsOrNoNumbersAreErrors) {
  EXPECT_EQ(fit_calibration({}, {}, "").error().kind, ErrorKind::no_data);
  EXPECT_EQ(fit_calibration({2, point(1, 0.1, 1, 0.1)}, {}, "").error().kind, ErrorKind::no_data);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<CommonMean> points = {point(1, 0.01, 1, 0.01), point(2, 0.01, nan, 0.01),
                                    point(3, 0.01, 3, 0.01)};
  EXPECT_EQ(fit_calibration(points, {}, "").error().kind, ErrorKind::invalid);
  points[1] = point(2, std::numeric_limits<double>::infinity(), 2, 0.01);
  EXPECT_EQ(fit_calibration(points, {}, "").error().kind, ErrorKind::invalid);
}

TEST(FitCalibration, AMeterThatFallsIsRefused) {
  const auto fit = fit_calibration(
      {point(1, 0.01, -1, 0.01), point(3, 0.01, -3, 0.01), point(5, 0.01, -5, 0.01)}, {}, "");
  ASSERT_FALSE(fit);
  EXPECT_EQ(fit.error().kind, ErrorKind::invalid);
  EXPECT_NE(fit.error().remedy.find("sign"), std::string::npos);
}

TEST(FitCalibration, WhatIsNotLinearIsNamedAndWhatIsStays) {
  Random random(9);
  int named = 0;
  constexpr int kCases = 200;
  for (int i = 0; i < kCases; ++i) {
    const auto straight = fit_calibration(drawn(random, 30, 1.05, 0.1, 0.01, 0.01), {}, "");
    ASSERT_TRUE(straight);
    if (straight->bend) ++named;
  }
  EXPECT_LE(named, kCases * 2 / 100);
  auto points = drawn(random, 30, 1, 0, 0.01, 0.01);
  for (CommonMean& p : points) p.meter += Watt(0.01 * p.told.value() * p.told.value());
  const auto bent = fit_calibration(points, {}, "");
  ASSERT_TRUE(bent);
  ASSERT_TRUE(bent->bend);
  const double half = (bent->calibration.highest - bent->calibration.lowest).value() / 2;
  EXPECT_NEAR(bent->bend->value(), 0.01 * half * half / 2, 0.015);
  EXPECT_GE(bent->calibration.offset_uncertainty.value(), bent->bend->value() / 2);
}

TEST(FitCalibration, TheMetersOwnUncertaintyIsIncluded) {
  Random random(4);
  const auto points = drawn(random, 200, 1, 0.5, 1e-4, 1e-4);
  const auto fit = fit_calibration(points, {"PM-1", 0.005, Watt(0.02)}, "2026-11-21");
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->calibration.gain_uncertainty, 0.005, 1e-4);
  EXPECT_NEAR(fit->calibration.offset_uncertainty.value(), std::hypot(0.02, 0.5 * 0.005), 1e-3);
  EXPECT_EQ(fit->calibration.meter, "PM-1");
  EXPECT_EQ(fit->calibration.date, "2026-11-21");
  EXPECT_LT(fit->calibration.lowest, Watt(2.5));
  EXPECT_GT(fit->calibration.highest, Watt(11.5));
}

// Readings of a staircase by two sensors, the second with another gain, offset and clock.
PowerSeries staircase(double gain, double offset, double ahead_s, double period_s, double noise,
                      std::uint64_t seed) {
  Random random(seed);
  PowerSeries series;
  series.spacing_s = series.window_s = period_s;
  series.quantum_w = 0.001;
  for (double t = 0; t < 120; t += period_s) {
    const double level = 2 + static_cast<int>(t / 20) % 4 * 2.5;
    series.time_s.push_back(t + ahead_s);
    series.power_w.push_back(gain * level + offset + noise * random.normal());
  }
  return series;
}

TEST(CommonMeans, GainAndOffsetComeBackFromTwoRecords) {
  int gain_in = 0, offset_in = 0;
  constexpr int kCases = 100;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    const PowerSeries ours = staircase(1, 0, 0, 0.1, 0.05, 2 * seed + 1);
    const PowerSeries theirs = staircase(1.04, -0.2, 30, 0.25, 0.03, 2 * seed + 2);
    const ClockMatch match = stated_offset(Duration::from(Second(-30)), Duration::milliseconds(20));
    const auto stretches = common_stretches(ours, theirs, match);
    const auto means = common_means(ours, theirs, match, stretches);
    EXPECT_GT(means.size(), 20u);
    const auto fit = fit_calibration(means, {}, "");
    ASSERT_TRUE(fit) << to_string(fit.error());
    const Calibration& c = fit->calibration;
    gain_in += std::abs(c.gain - 1.04) <= 2 * c.gain_uncertainty ? 1 : 0;
    offset_in += std::abs(c.offset.value() + 0.2) <= 2 * c.offset_uncertainty.value() ? 1 : 0;
    EXPECT_NEAR(c.gain, 1.04, 0.01);
  }
  EXPECT_GE(gain_in, 88);
  EXPECT_GE(offset_in, 88);
}

TEST(CommonMeans, WhatOneDoesNotCoverIsLeftOut) {
  const PowerSeries ours = staircase(1, 0, 0, 0.1, 0, 1);
  PowerSeries theirs = staircase(1, 0, 0, 0.1, 0, 1);
  const auto hole = std::pair{theirs.time_s.begin() + 400, theirs.time_s.begin() + 800};
  theirs.power_w.erase(theirs.power_w.begin() + 400, theirs.power_w.begin() + 800);
  theirs.time_s.erase(hole.first, hole.second);
  const ClockMatch match = stated_offset({});
  const auto means = common_means(ours, theirs, match, common_stretches(ours, theirs, match));
  for (const CommonMean& mean : means)
    EXPECT_TRUE(mean.end.ns <= 40'100'000'000 || mean.begin.ns >= 79'900'000'000);
  EXPECT_TRUE(
      common_stretches(ours, theirs, stated_offset(Duration::milliseconds(500'000))).empty());
  EXPECT_TRUE(common_means({}, theirs, match, {}).empty());
}

}  // namespace
}  // namespace isojoule
