#include "optimise/probe_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "optimise/test_grids.h"

namespace isojoule {
namespace {

Probe failed(GridPoint point, bool definite) {
  Probe probe;
  probe.point = point;
  probe.failure = "it failed";
  probe.definite = definite;
  return probe;
}

TEST(Metric, NamesUnitsAndTheNearest) {
  for (std::size_t m = 0; m < kMetrics; ++m) {
    const auto metric = static_cast<Metric>(m);
    EXPECT_EQ(metric_named(name_of(metric)), metric);
    EXPECT_FALSE(unit_of(metric).empty());
  }
  EXPECT_EQ(name_of(Metric::latency_p99), "latency_p99");
  EXPECT_EQ(metric_named("latency_99").error().remedy, "Did you mean latency_p99?");
  EXPECT_THAT(metric_named("joules").error().remedy, testing::HasSubstr("energy"));
}

class ProbeLogs : public testing::Test {
 protected:
  SearchSpace space_ = test_clocks(2, 3);
  Goal goal_ = test_goal("energy", {"latency<10ms"});
  ProbeLog log_{space_, goal_};
  void add(GridPoint point, double energy, double latency) {
    log_.add(test_probe(point, {{Metric::energy, energy}, {Metric::latency, latency}}));
  }
};

TEST_F(ProbeLogs, MeansAreGeometricAndOfTheProbesThatHadTheMetric) {
  add(1, 2, 0.005);
  log_.add(test_probe(1, {{Metric::energy, 8}}));
  add(1, 4, 0.02);
  EXPECT_EQ(log_.count(1), 3);
  EXPECT_NEAR(*at(*log_.mean(1), Metric::energy), 4, 1e-12);
  EXPECT_NEAR(*at(*log_.mean(1), Metric::latency), 0.01, 1e-12);  // of two, not of three
  EXPECT_NEAR(*log_.cost(1), 4, 1e-12);
  EXPECT_EQ(log_.mean(0), nullptr);
  EXPECT_EQ(log_.count(0), 0);
  EXPECT_FALSE(log_.cost(0));
}

TEST_F(ProbeLogs, WhatIsNoFiniteNumberWasNotMeasured) {
  add(1, std::nan(""), 0.005);
  EXPECT_FALSE(log_.cost(1));
  EXPECT_FALSE(log_.best());
  add(1, 3, std::numeric_limits<double>::infinity());
  EXPECT_EQ(log_.cost(1), 3.0);
  EXPECT_DOUBLE_EQ(*at(*log_.mean(1), Metric::latency), 0.005);
}

TEST_F(ProbeLogs, TheBestMeetsTheLimitsBeforeItIsCheap) {
  EXPECT_FALSE(log_.best());
  add(0, 1, 0.02);
  EXPECT_EQ(log_.best(), 0);  // nothing is nearer
  EXPECT_FALSE(log_.meets(0));
  add(1, 5, 0.015);
  EXPECT_EQ(log_.best(), 1);
  add(2, 9, 0.009);
  add(3, 8, 0.008);
  EXPECT_EQ(log_.best(), 3);
  EXPECT_THAT(log_.points(), testing::ElementsAre(0, 1, 2, 3));
  log_.add(failed(3, true));  // it ran, and never will again
  EXPECT_EQ(log_.best(), 2);
}

TEST_F(ProbeLogs, FailuresAreGivenUpAtOnceOrAfterAFew) {
  EXPECT_TRUE(log_.may_run(1));
  log_.add(failed(1, true));
  EXPECT_TRUE(log_.is_out(1));
  EXPECT_FALSE(log_.may_run(1));
  for (int i = 0; i < ProbeLog::kMostMisses; ++i) {
    EXPECT_TRUE(log_.may_run(2));
    log_.add(failed(2, false));
  }
  EXPECT_FALSE(log_.may_run(2));
  EXPECT_FALSE(log_.is_out(2));
  for (int i = 0; i < ProbeLog::kMostMisses; ++i) {
    EXPECT_TRUE(log_.may_run(3));
    log_.add(test_probe(3, {{Metric::energy, 2}}));  // without the latency, of no use
  }
  EXPECT_FALSE(log_.may_run(3));
}

TEST_F(ProbeLogs, APointThatTheSpaceHasNotIsPassedOver) {
  add(-1, 1, 0.001);
  add(space_.size(), 1, 0.001);
  EXPECT_TRUE(log_.probes().empty());
}

TEST_F(ProbeLogs, TheFirstThatCanBeIsTheReference) {
  goal_ = test_goal("weighted:0.5");
  log_.add(failed(0, false));
  log_.add(test_probe(1, {{Metric::energy, 4}}));
  add(2, 2, 0.01);
  add(3, 4, 0.01);
  EXPECT_DOUBLE_EQ(*log_.cost(2), 1);
  EXPECT_DOUBLE_EQ(*log_.cost(3), 1.5);
}

}  // namespace
}  // namespace isojoule
