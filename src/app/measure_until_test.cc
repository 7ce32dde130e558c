#include "app/measure_until.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace isojoule {
namespace {

ChannelInfo channel(const std::string& rail, const std::string& sensor, double gain) {
  ChannelInfo info;
  info.rail = rail;
  info.sensor = sensor;
  info.gain_uncertainty = gain;
  return info;
}

TEST(LeastGain, IsABoundWhateverTheShares) {
  EXPECT_DOUBLE_EQ(least_gain("A", {channel("A", "x", 0.006)}), 0.006);
  // Two channels of one chip err together; two chips do not.
  const auto a = channel("A", "ina3221 1-0040 channel 0", 0.006),
             b = channel("B", "ina3221 1-0040 channel 1", 0.008),
             c = channel("C", "ina3221 1-0041 channel 0", 0.008);
  EXPECT_DOUBLE_EQ(least_gain("A + B", {a, b}), 0.006);
  const double bound = least_gain("A + C", {a, c});
  EXPECT_NEAR(bound, 0.0048, 1e-12);
  for (double share = 0; share <= 1; share += 0.05)
    EXPECT_LE(bound, std::hypot(share * 0.006, (1 - share) * 0.008) + 1e-12);
  EXPECT_EQ(least_gain("A + D", {a, b}), 0);  // nothing is known
  EXPECT_EQ(least_gain("", {a}), 0);
}

TEST(LeastGain, OfACalibratedRailIsTheCalibrations) {
  auto info = channel("A", "x", 0.006);
  info.calibration = Calibration{};
  info.calibration->gain = 1.05;
  info.calibration->gain_uncertainty = 0.00105;
  EXPECT_NEAR(least_gain("A", {info}), 0.001, 1e-12);
}

// Gain and offset of a line err against each other: what they leave at any power is not below the
// bound, and comes near to it at some.
TEST(LeastGain, OfACalibrationIsABoundAtEveryPower) {
  auto info = channel("A", "x", 0.006);
  info.calibration =
      Calibration{1.02, Watt(-0.1), 0.01, Watt(0.03), -0.95, "PM-1", "", Watt(0), Watt(0)};
  const Calibration& c = *info.calibration;
  const double bound = least_gain("A", {info});
  double least = 1;
  for (double power = 0.2; power < 20; power += 0.01) {
    const double u = c.gain_uncertainty * power, v = c.offset_uncertainty.value();
    const double all = std::sqrt(u * u + v * v + 2 * c.correlation * u * v);
    least = std::min(least, all / (c.gain * power + c.offset.value()));
  }
  EXPECT_LE(bound, least * (1 + 1e-9));
  EXPECT_GT(bound, 0.99 * least);
  EXPECT_LT(bound, 0.006);  // far below the gain's own 1 %
}

// Two chips that one meter calibrated err together (trace/phase_energies.cc); two meters do not.
TEST(LeastGain, OfOneMetersCalibrationsIsNotAveragedOut) {
  auto a = channel("A", "ina3221 1-0040 channel 0", 0.006),
       b = channel("B", "ina3221 1-0041 channel 0", 0.006);
  for (ChannelInfo* info : {&a, &b}) {
    info->calibration = Calibration{};
    info->calibration->gain_uncertainty = 0.002;
    info->calibration->meter = "PM-1";
  }
  EXPECT_NEAR(least_gain("A + B", {a, b}), 0.002, 1e-12);
  b.calibration->meter = "PM-2";
  EXPECT_NEAR(least_gain("A + B", {a, b}), 0.002 / std::sqrt(2), 1e-12);
}

PhaseEnergy one_run(double joules) {
  PhaseEnergy energy{PhaseKind::inference, "total", Second(1), {}, {}, {}};
  energy.gross = {Joule(joules), Joule(0), ""};
  return energy;
}

struct Stopped {
  double covered = 0;  // share of the cases whose interval holds the truth
  double runs = 0;     // mean
};

// A board whose runs spread by so many times the wanted 1 %, until the rule says that it is there.
Stopped stop(double spread, int cases) {
  Random random(7);
  Stopped result;
  for (int i = 0; i < cases; ++i) {
    StopRule rule(1, 5);
    std::vector<PhaseEnergy> runs;
    Joined joined;
    do {
      runs.push_back(one_run(100 + spread * random.normal()));
      joined = join_repeats(runs);
    } while (!rule.is_reached(joined));
    const double error = std::abs(joined.mean.gross.value->value() - 100);
    result.covered += error <= joined.expanded_j() ? 1.0 / cases : 0;
    result.runs += static_cast<double>(joined.count) / cases;
  }
  return result;
}

// To look after every run and to stop when it suits makes intervals too short. Five runs, Student's
// t and two looks in a row keep that small: 95.4 % are promised.
TEST(StopRule, TheIntervalStillCoversWhatItSays) {
  for (const double spread : {0.5, 1.0}) {
    const Stopped stopped = stop(spread, 500);
    EXPECT_GT(stopped.covered, 0.92) << spread;
    EXPECT_LT(stopped.runs, 15) << spread;
  }
}

TEST(StopRule, AsksForEnoughRunsAndTwoLooks) {
  StopRule rule(1, 5);
  std::vector<PhaseEnergy> runs;
  for (int i = 0; i < 4; ++i) {
    runs.push_back(one_run(100));
    EXPECT_FALSE(rule.is_reached(join_repeats(runs))) << i;
  }
  runs.push_back(one_run(100));
  EXPECT_TRUE(rule.is_reached(join_repeats(runs)));
  StopRule wide(1, 2);
  std::vector<PhaseEnergy> unlike = {one_run(90), one_run(110)};
  EXPECT_FALSE(wide.is_reached(join_repeats(unlike)));
  EXPECT_FALSE(wide.is_reached(join_repeats(std::vector<PhaseEnergy>(3, one_run(100)))));
  EXPECT_TRUE(wide.is_reached(join_repeats(std::vector<PhaseEnergy>(4, one_run(100)))));
  EXPECT_TRUE(std::isinf(relative_percent(join_repeats({}))));
}

}  // namespace
}  // namespace isojoule
