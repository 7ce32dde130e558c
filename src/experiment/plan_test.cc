#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "experiment/experiment.h"

namespace isojoule {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const char* const kPlan = R"(name = "map"
board = "jetson-nano"

[protocol]
inferences = 320
repeats = 3
sampling_period_ms = 10
cool_down_s = 1.5
seed = 7
keep_traces = false

[[baseline]]
name = "default"
cpu_governor = "schedutil"

[[grid]]
name = "map"
networks = ["alexnet"]
axes = { cpu_frequency = "all", gpu_frequency_mhz = [614.4, 921.6] }
fixed = { batch = 16 }
baselines = ["default"]
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string error_of(const std::string& text) {
  const auto plan = parse_plan(text, "p.toml");
  if (plan) return "no error";
  return to_string(plan.error());
}

TEST(Plan, HasInferencesOfAGrid) {
  const std::string with =
      replaced(kPlan, "fixed = { batch = 16 }", "fixed = { batch = 16 }\ninferences = 50");
  EXPECT_EQ(parse_plan(with, "p.toml")->grids.at(0).inferences, 50);
  EXPECT_EQ(parse_plan(kPlan, "p.toml")->grids.at(0).inferences, 0);
  EXPECT_THAT(error_of(replaced(with, "= 50", "= 0")), HasSubstr("must be at least 1"));
}

TEST(Plan, IsReadWhole) {
  const auto plan = parse_plan(kPlan, "p.toml");
  ASSERT_TRUE(plan) << to_string(plan.error());
  EXPECT_EQ(plan->name, "map");
  EXPECT_EQ(plan->board, "jetson-nano");
  EXPECT_EQ(plan->text, kPlan);
  EXPECT_EQ(plan->protocol.inferences, 320);
  EXPECT_EQ(plan->protocol.repeats, 3);
  EXPECT_EQ(plan->protocol.sampling_period, Duration::milliseconds(10));
  EXPECT_EQ(plan->protocol.cool_down, Duration::milliseconds(1500));
  EXPECT_EQ(plan->protocol.idle, Protocol{}.idle);  // not named: the usual
  EXPECT_EQ(plan->protocol.seed, 7u);
  EXPECT_FALSE(plan->protocol.keep_traces);
  ASSERT_EQ(plan->grids.size(), 1u);
  const PlanGrid& grid = plan->grids[0];
  ASSERT_EQ(grid.axes.size(), 2u);
  EXPECT_TRUE(grid.axes[0].all);
  // Megahertz outside, whole hertz inside.
  EXPECT_EQ(grid.axes[1].values, (std::vector<Value>{614400000.0, 921600000.0}));
  EXPECT_EQ(grid.fixed.number("batch"), 16.0);
  ASSERT_EQ(plan->baselines.size(), 1u);
  EXPECT_EQ(plan->baselines[0].setting.text("cpu_governor"), "schedutil");
}

TEST(Plan, TheProtocolAsJsonHasThePlansKeys) {
  const auto plan = parse_plan(kPlan, "p.toml");
  ASSERT_TRUE(plan);
  EXPECT_EQ(
      protocol_json(plan->protocol),
      "{\"inferences\":320,\"warmup_batches\":2,\"warmup_s\":0.0,\"warmup_until_stable\":false,"
      "\"profile_batches\":0,\"repeats\":3,\"sampling_period_ms\":10,"
      "\"settle_ms\":500,\"idle_ms\":2000,\"start_temperature_c\":0.0,\"cool_down_s\":1.5,"
      "\"variation_percent\":5.0,\"seed\":7,\"keep_traces\":false}");
}

TEST(Plan, SyntaxErrorsHaveLineAndColumn) {
  EXPECT_THAT(error_of("name = \"a\"\nboard = = 2\n"), StartsWith("error: p.toml:2:9: "));
}

TEST(Plan, UnknownKeysNameTheNearest) {
  const std::string error = error_of(replaced(kPlan, "repeats = 3", "repeat = 3"));
  EXPECT_THAT(error, StartsWith("error: p.toml:6:1: unknown key 'repeat' in [protocol]"));
  EXPECT_THAT(error, HasSubstr("Did you mean 'repeats'?"));
  EXPECT_THAT(error_of(replaced(kPlan, "networks", "network")), HasSubstr("'networks'"));
}

TEST(Plan, WrongTypesHaveLineAndColumn) {
  EXPECT_THAT(error_of(replaced(kPlan, "repeats = 3", "repeats = \"3\"")),
              StartsWith("error: p.toml:6:11: 'repeats' must be a whole number"));
  EXPECT_THAT(error_of(replaced(kPlan, "cool_down_s = 1.5", "warmup_s = inf")),
              HasSubstr("'warmup_s' must be from 0 to 1000000"));
  EXPECT_THAT(error_of(replaced(kPlan, "sampling_period_ms = 10", "idle_ms = 9000000000000000")),
              HasSubstr("'idle_ms' must be at most"));
  EXPECT_THAT(error_of(replaced(kPlan, "repeats = 3", "repeats = 0")),
              HasSubstr("p.toml:6:11: 'repeats' must be at least 1"));
  EXPECT_THAT(error_of(replaced(kPlan, "\"all\"", "\"most\"")),
              HasSubstr("must be \"all\" or a list of values"));
  EXPECT_THAT(error_of(replaced(kPlan, "[\"alexnet\"]", "\"alexnet\"")),
              HasSubstr("p.toml:18:12: 'networks' must be a list of texts"));
}

TEST(Plan, FrequenciesNeedTheirUnit) {
  EXPECT_THAT(error_of(replaced(kPlan, "gpu_frequency_mhz", "gpu_frequency")),
              HasSubstr("Write gpu_frequency_hz, gpu_frequency_khz or gpu_frequency_mhz"));
}

TEST(Plan, NamesMustFit) {
  EXPECT_THAT(error_of(replaced(kPlan, "baselines = [\"default\"]", "baselines = [\"defualt\"]")),
              HasSubstr("Did you mean 'default'?"));
  EXPECT_THAT(error_of(replaced(kPlan, "batch = 16", "batch = 16, cpu_frequency_mhz = 102")),
              HasSubstr("both turns and fixes 'cpu_frequency'"));
  EXPECT_THAT(error_of("name = \"a\"\n"), HasSubstr("has no [[grid]]"));
}

// The plans that come with the program are plans.
TEST(Plan, ReadyPlansAreRead) {
  int plans = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(ISOJOULE_SOURCE_DIR) + "/studies")) {
    if (entry.path().extension() != ".toml") continue;
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    const auto plan = parse_plan(text.str(), entry.path().string());
    ASSERT_TRUE(plan) << to_string(plan.error());
    EXPECT_EQ(plan->name, entry.path().stem().string());
    ++plans;
    const Protocol& protocol = plan->protocol;
    if (plan->name.starts_with("agx-orin")) {  // the paper's own
      EXPECT_EQ(protocol.inferences, 3000);    // but for this: a window of the power chip
      EXPECT_EQ(protocol.warmup, Duration::milliseconds(10'000));
      EXPECT_EQ(protocol.sampling_period, Duration::milliseconds(4));
      continue;
    }
    if (!plan->name.starts_with("rpe")) continue;
    EXPECT_EQ(protocol.inferences, plan->name == "rpe-nano-graph" ? 288 : 3200);
    EXPECT_EQ(protocol.repeats, 10);
    EXPECT_EQ(protocol.sampling_period, Duration::milliseconds(100));
  }
  EXPECT_GE(plans, 10);
}

}  // namespace
}  // namespace isojoule
