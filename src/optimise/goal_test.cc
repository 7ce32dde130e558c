#include "optimise/goal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "optimise/test_grids.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

Metrics usual_metrics() {
  return test_probe(0, {{Metric::energy, 2.0},
                        {Metric::latency, 0.05},
                        {Metric::latency_p99, 0.08},
                        {Metric::power, 10.0}})
      .metrics;
}

double cost_of(const std::string& text, const Metrics& metrics = usual_metrics()) {
  const auto cost = CostFunction::parse(text);
  EXPECT_TRUE(cost.has_value()) << text << ": " << (cost ? "" : cost.error().what);
  return cost ? cost->of(metrics).value_or(-1) : -1;
}

TEST(Cost, TheNamedOnesAndTheirUnits) {
  EXPECT_DOUBLE_EQ(cost_of("energy"), 2);
  EXPECT_DOUBLE_EQ(cost_of(" latency "), 0.05);
  EXPECT_DOUBLE_EQ(cost_of("power"), 10);
  EXPECT_DOUBLE_EQ(cost_of("edp"), 0.1);
  EXPECT_DOUBLE_EQ(cost_of("ed2p"), 2 * 0.05 * 0.05);
  EXPECT_EQ(CostFunction::parse("edp")->unit(), "J s");
  EXPECT_EQ(CostFunction::parse("energy*latency")->unit(), "");
  EXPECT_EQ(CostFunction().text(), "energy");
  EXPECT_EQ(CostFunction().of(usual_metrics()), 2.0);
}

TEST(Cost, ExpressionsOfMetrics) {
  EXPECT_DOUBLE_EQ(cost_of("energy + 0.2*latency_p99"), 2.016);
  EXPECT_DOUBLE_EQ(cost_of("energy*latency^2"), cost_of("ed2p"));
  EXPECT_DOUBLE_EQ(cost_of("min(energy, power)"), 2);
  EXPECT_DOUBLE_EQ(cost_of("max(energy, power) / sqrt(4)"), 5);
  EXPECT_NEAR(cost_of("exp(log(energy))"), 2, 1e-12);
  EXPECT_NEAR(cost_of("log(power)"), std::log(10.0), 1e-12);
  EXPECT_DOUBLE_EQ(cost_of("latency <= 0.1 ? energy : 100*energy"), 2);
  EXPECT_THAT(CostFunction::parse("energy + latency_p99")->metrics(),
              testing::ElementsAre(Metric::energy, Metric::latency_p99));
}

// Searches divide costs by one another.
TEST(Cost, WhatIsNotAboveZeroIsNone) {
  for (const char* text : {"latency - energy", "energy - energy", "energy/(latency-latency)",
                           "sqrt(latency - energy)", "energy + memory"}) {
    const auto cost = CostFunction::parse(text);
    ASSERT_TRUE(cost.has_value()) << text;
    EXPECT_FALSE(cost->of(usual_metrics())) << text;
  }
}

TEST(Cost, WhatIsNoneSaysWhyAndWhatToWrite) {
  for (const char* text :
       {"", "energy +", "energy) + 1", "(energy", "sqr(energy)", "energy latency", "energy = 3",
        "energy, latency", "\"energy\"", "1 +* energy", "energy $ 2", "min()", "energy;latency"}) {
    const auto cost = CostFunction::parse(text);
    ASSERT_FALSE(cost.has_value()) << text;
    EXPECT_EQ(cost.error().kind, ErrorKind::parse) << text << ": " << cost.error().what;
    EXPECT_THAT(cost.error().remedy, HasSubstr("edp")) << text;
  }
  const auto near = CostFunction::parse("energi + latency");
  EXPECT_EQ(near.error().kind, ErrorKind::not_found);
  EXPECT_EQ(near.error().remedy, "Did you mean energy?");
  EXPECT_EQ(CostFunction::parse("3 + 4").error().kind, ErrorKind::invalid);
  EXPECT_EQ(CostFunction::parse("energy" + std::string(2000, ' ') + "+1").error().kind,
            ErrorKind::out_of_range);
  for (const char* text : {"weighted:", "weighted:1.5", "weighted:-0.1", "weighted:nan",
                           "weighted:0.5x", "weighted:half"})
    EXPECT_EQ(CostFunction::parse(text).error().kind, ErrorKind::out_of_range) << text;
}

TEST(Cost, WeightsAreOfTheReference) {
  auto cost = *CostFunction::parse("weighted:0.75");
  EXPECT_TRUE(cost.needs_reference());
  EXPECT_DOUBLE_EQ(*cost.of(usual_metrics()), 0.75 * 2 + 0.25 * 0.05);
  EXPECT_FALSE(cost.set_reference(test_probe(0, {{Metric::energy, 1.0}}).metrics));
  EXPECT_TRUE(cost.needs_reference());
  EXPECT_TRUE(cost.set_reference(usual_metrics()));
  EXPECT_FALSE(cost.needs_reference());
  EXPECT_DOUBLE_EQ(*cost.of(usual_metrics()), 1);
  EXPECT_FALSE(CostFunction::parse("energy")->needs_reference());
}

// Two searches of one goal: what the one is told, the other does not know.
TEST(Cost, ACopyIsOfItsOwn) {
  const auto first = *CostFunction::parse("weighted:0.5");
  auto second = first;
  second.set_reference(usual_metrics());
  EXPECT_TRUE(first.needs_reference());
  EXPECT_DOUBLE_EQ(*second.of(usual_metrics()), 1);
  auto third = second;
  EXPECT_DOUBLE_EQ(*third.of(usual_metrics()), 1);  // a copy keeps what it was told
  third = first;
  EXPECT_TRUE(third.needs_reference());
  std::optional<CostFunction> gone = *CostFunction::parse("energy + power");
  const CostFunction kept = *gone;
  gone.reset();
  EXPECT_DOUBLE_EQ(*kept.of(usual_metrics()), 12);
}

TEST(Limit, UnitsOfEveryQuantity) {
  const auto most = [](const char* text) {
    const auto limit = parse_limit(text);
    EXPECT_TRUE(limit.has_value()) << text;
    return limit ? limit->most : -1;
  };
  EXPECT_DOUBLE_EQ(most("latency_p99<33ms"), 0.033);
  EXPECT_DOUBLE_EQ(most(" power < 15 W "), 15);
  EXPECT_DOUBLE_EQ(most("power<=15W"), 15);
  EXPECT_DOUBLE_EQ(most("memory<2GB"), 2e9);
  EXPECT_DOUBLE_EQ(most("memory<1.5GiB"), 1.5 * 1073741824);
  EXPECT_DOUBLE_EQ(most("temperature<70C"), 70);
  EXPECT_DOUBLE_EQ(most("energy<500mJ"), 0.5);
  EXPECT_EQ(parse_limit("latency_p99<33ms")->metric, Metric::latency_p99);
  EXPECT_EQ(parse_limit("latency_p99<33ms")->text, "latency_p99<33ms");
}

TEST(Limit, WhatIsNoneSaysWhyAndWhatToWrite) {
  const auto error_of = [](const char* text) {
    const auto limit = parse_limit(text);
    EXPECT_FALSE(limit.has_value()) << text;
    return limit ? Error{} : limit.error();
  };
  EXPECT_EQ(error_of("latency").kind, ErrorKind::parse);
  EXPECT_THAT(error_of("latency>3ms").remedy, HasSubstr("latency_p99<33ms"));
  EXPECT_EQ(error_of("latncy<3ms").remedy, "Did you mean latency?");
  EXPECT_THAT(error_of("<3ms").remedy, HasSubstr("latency_p99"));
  EXPECT_EQ(error_of("latency<").kind, ErrorKind::parse);
  EXPECT_THAT(error_of("latency<33").what, HasSubstr("no unit"));
  EXPECT_THAT(error_of("latency<33W").remedy, HasSubstr("ms"));
  EXPECT_THAT(error_of("temperature<70F").remedy, HasSubstr("C"));
  EXPECT_EQ(error_of("power<0W").kind, ErrorKind::out_of_range);
  EXPECT_EQ(error_of("power<-3W").kind, ErrorKind::out_of_range);
  EXPECT_EQ(error_of("power<nanW").kind, ErrorKind::out_of_range);
  EXPECT_EQ(error_of("power<<3W").kind, ErrorKind::parse);
}

TEST(Goal, HowFarBeyondTheLimits) {
  const Goal goal = test_goal("energy", {"latency<40ms", "power<20W"});
  EXPECT_DOUBLE_EQ(*goal.beyond(usual_metrics()), 0.25);
  EXPECT_FALSE(goal.met(usual_metrics()));
  Metrics metrics = usual_metrics();
  at(metrics, Metric::latency) = 0.04;  // at the limit is within
  EXPECT_TRUE(goal.met(metrics));
  at(metrics, Metric::power) = 30;
  EXPECT_DOUBLE_EQ(*goal.beyond(metrics), 0.5);
  at(metrics, Metric::power) = std::nan("");
  EXPECT_FALSE(goal.beyond(metrics));
  EXPECT_FALSE(goal.met(metrics));
  at(metrics, Metric::power).reset();
  EXPECT_FALSE(goal.beyond(metrics));
  EXPECT_FALSE(goal.met(metrics));
  EXPECT_TRUE(test_goal("energy").met({}));
  EXPECT_THAT(test_goal("edp", {"latency<1s", "power<1W"}).metrics(),
              testing::ElementsAre(Metric::energy, Metric::latency, Metric::power));
}

}  // namespace
}  // namespace isojoule
