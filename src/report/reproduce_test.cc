#include "report/reproduce.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace isojoule {
namespace {

using testing::HasSubstr;

Estimate estimate(double value, double uncertainty = 0) { return {value, uncertainty, 1.5, 10}; }

Point point(const std::string& network, double batch, double energy_j, double latency_s) {
  Point point;
  point.network = network;
  point.setting.set("batch", batch);
  point.energy_j = estimate(energy_j, energy_j / 1000);
  point.latency_s = estimate(latency_s);
  point.power_w = estimate(energy_j / latency_s);
  point.inferences = 3200;
  point.runs = 10;
  return point;
}

Point grid_point(double cpu, double gpu, double energy_j, double latency_s, double batch = 16) {
  Point made = point("alexnet", batch, energy_j, latency_s);
  made.setting.set("cpu_frequency", cpu);
  made.setting.set("gpu_frequency", gpu);
  return made;
}

Point baseline(const std::string& name, double energy_j, double latency_s) {
  Point made = point("alexnet", 16, energy_j, latency_s);
  made.baseline = name;
  return made;
}

// A Nano whose figures are made up: best 86 J at 614.4 MHz against 100 J in 100 s.
StudySummary nano() {
  StudySummary study;
  study.info.name = "rpe-nano";
  study.info.board = "jetson-nano";
  study.info.simulated = true;
  for (const double cpu : {1132.8e6, 1479e6}) {
    study.points.push_back(grid_point(cpu, 537.6e6, 95, 150));
    study.points.push_back(grid_point(cpu, 614.4e6, 86, 130));
    study.points.push_back(grid_point(cpu, 691.2e6, 90, 120));
    study.points.push_back(grid_point(cpu, 921.6e6, 98, 99));
  }
  study.points.push_back(baseline("default", 100, 100));
  study.points.back().residency_percent["gpu_frequency"] = {{76.8e6, 15.0}, {921.6e6, 85.0}};
  study.points.push_back(baseline("cpu powersave", 101, 143));
  study.points.push_back(baseline("cpu ondemand", 99.5, 102.6));
  study.points.push_back(baseline("gpu performance", 103, 100));
  Minimum minimum;
  minimum.network = "alexnet";
  minimum.batch = 16;
  minimum.best = study.points[1];
  minimum.grid_points = 8;
  minimum.comparisons.push_back({"default", study.points[8], 14.0, 0.2, 30.0});
  study.minima.push_back(minimum);
  return study;
}

ReproduceTable ask(const std::string& claims, const std::vector<StudySummary>& studies) {
  std::vector<const StudySummary*> pointers;
  for (const StudySummary& study : studies) pointers.push_back(&study);
  auto table = reproduce(pointers,
                         "[[source]]\nid = \"s\"\ntitle = \"A source\"\n"
                         "[[group]]\nsource = \"s\"\nboard = \"jetson-nano\"\n"
                         "networks = [\"alexnet\"]\nbatches = 16\nclaim = [\n" +
                             claims + "\n]\n",
                         "claims.toml");
  EXPECT_TRUE(table) << to_string(table.error());
  return table ? *table : ReproduceTable{};
}

TEST(Reproduce, SavingsWithinTwoPoints) {
  auto table = ask(R"({ id = "a", kind = "saving", claimed = 13.5 },
                      { id = "b", kind = "saving", claimed = 16.1 })",
                   {nano()});
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0].verdict, Verdict::met);
  EXPECT_DOUBLE_EQ(*table.rows[0].finding.value, 14.0);
  EXPECT_DOUBLE_EQ(table.rows[0].finding.uncertainty, 0.2);
  EXPECT_DOUBLE_EQ(*table.rows[0].difference, 0.5);
  EXPECT_TRUE(table.rows[0].finding.simulated);
  EXPECT_EQ(table.rows[1].verdict, Verdict::not_met);  // 2.1 points off
  EXPECT_EQ(table.met, 1);
  EXPECT_EQ(table.not_met, 1);
}

TEST(Reproduce, BestClockOrItsNeighbourInTheTable) {
  const auto table = ask(R"({ id = "same", kind = "best_gpu_frequency", claimed = 614400000 },
                            { id = "above", kind = "best_gpu_frequency", claimed = 537600000 },
                            { id = "below", kind = "best_gpu_frequency", claimed = 691200000 },
                            { id = "far", kind = "best_gpu_frequency", claimed = 921600000 })",
                         {nano()});
  EXPECT_EQ(table.rows[0].verdict, Verdict::met);
  EXPECT_EQ(table.rows[0].finding.note, "");
  for (const std::size_t i : {1u, 2u}) {
    EXPECT_EQ(table.rows[i].verdict, Verdict::met);
    EXPECT_THAT(table.rows[i].finding.note, HasSubstr("neighbour"));
  }
  EXPECT_EQ(table.rows[3].verdict, Verdict::not_met);
}

TEST(Reproduce, SpansAlongOneClock) {
  const auto table = ask(
      R"({ id = "p", kind = "span", quantity = "power", unit = "W", claimed = 0.35, fixed = { cpu_frequency_hz = 1132800000 } },
         { id = "t", kind = "span", quantity = "latency", unit = "s", claimed = [50, 55], fixed = { cpu_frequency_hz = 1132800000 } },
         { id = "none", kind = "span", quantity = "latency", unit = "s", claimed = 51, fixed = { cpu_frequency_hz = 102000000 } })",
      {nano()});
  // Power runs from 95/150 to 98/99 W.
  EXPECT_NEAR(*table.rows[0].finding.value, 98.0 / 99 - 95.0 / 150, 1e-12);
  EXPECT_EQ(table.rows[0].verdict, Verdict::met);  // 0.3566, 10 % of 0.35
  EXPECT_DOUBLE_EQ(*table.rows[1].finding.value, 51);
  EXPECT_DOUBLE_EQ(*table.rows[1].difference, 0);  // inside the range
  EXPECT_EQ(table.rows[2].verdict, Verdict::not_covered);
  EXPECT_THAT(table.rows[2].finding.reason, HasSubstr("cpu_frequency=102000000"));
}

TEST(Reproduce, Governors) {
  const auto table = ask(R"({ id = "r", kind = "residency", watch = "gpu_frequency", claimed = 83 },
             { id = "w", kind = "residency", watch = "cpu_frequency", claimed = 89 },
             { id = "e", kind = "governor_change", baseline = "cpu powersave", quantity = "energy", claimed = 0.01 },
             { id = "t", kind = "governor_change", baseline = "cpu powersave", quantity = "latency", claimed = 43 },
             { id = "o", kind = "others_within", claimed = 2, relation = "at most" },
             { id = "b", kind = "best_other", quantity = "power", claimed = -2.9 })",
                         {nano()});
  EXPECT_EQ(table.rows[0].verdict, Verdict::met);
  EXPECT_DOUBLE_EQ(*table.rows[0].finding.value, 85);
  EXPECT_EQ(table.rows[1].verdict, Verdict::not_covered);
  EXPECT_NEAR(*table.rows[2].finding.value, 1.0, 1e-9);
  EXPECT_NEAR(table.rows[2].finding.uncertainty, 100 * 1.01 * std::sqrt(2e-6), 1e-9);
  EXPECT_NEAR(*table.rows[3].finding.value, 43.0, 1e-9);
  EXPECT_EQ(table.rows[4].verdict, Verdict::not_met);  // gpu performance: 3 %
  EXPECT_NEAR(*table.rows[4].finding.value, 3.0, 1e-9);
  EXPECT_THAT(table.rows[4].finding.note, HasSubstr("gpu performance"));
  EXPECT_NEAR(*table.rows[5].finding.value, 100 * (99.5 / 102.6 - 1), 1e-9);
}

TEST(Reproduce, BatchEffectIsARangeOverTheClocks) {
  StudySummary study = nano();
  study.points.push_back(grid_point(1479e6, 614.4e6, 100, 10, 8));
  study.points.push_back(grid_point(1479e6, 921.6e6, 100, 10, 8));
  study.points.push_back(grid_point(1479e6, 614.4e6, 58, 10, 64));
  study.points.push_back(grid_point(1479e6, 921.6e6, 50, 10, 64));
  const std::string claim =
      R"({ id = "b", kind = "batch_effect", batches = [8, 64], claimed = [40, 45], fixed = { cpu_frequency_hz = 1479000000 } })";
  auto table = ask(claim, {study});
  EXPECT_DOUBLE_EQ(table.rows[0].finding.low, 42);
  EXPECT_DOUBLE_EQ(table.rows[0].finding.high, 50);
  EXPECT_DOUBLE_EQ(*table.rows[0].difference, 5);  // the upper end is farther off
  EXPECT_EQ(table.rows[0].verdict, Verdict::not_met);
  study.points.back().energy_j = estimate(53);
  EXPECT_EQ(ask(claim, {study}).rows[0].verdict, Verdict::met);  // 47: within 3 points
}

TEST(Reproduce, BoardsAgainstEachOther) {
  StudySummary other = nano();
  other.info.board = "jetson-orin-nx";
  other.minima[0].best.energy_j = estimate(30);
  const std::string claim =
      R"({ id = "x", kind = "board_ratio", other_board = "jetson-orin-nx", networks = ["alexnet", "resnet-18"], claimed = [2, 5] })";
  auto table = ask(claim, {nano(), other});
  EXPECT_NEAR(*table.rows[0].finding.value, 86.0 / 30, 1e-12);
  EXPECT_EQ(table.rows[0].verdict, Verdict::met);
  EXPECT_EQ(table.rows[0].finding.note, "of alexnet");
  table = ask(claim, {nano()});
  EXPECT_EQ(table.rows[0].finding.reason, "no study of jetson-orin-nx is given");
}

TEST(Reproduce, SaysWhatIsNotCoveredAndWhy) {
  StudySummary without_energy = nano();
  for (Point& made : without_energy.points) made.energy_j.reset();
  const std::string claims =
      R"({ id = "declared", what = "a graph", covered = false, reason = "not built yet", claimed = 25, unit = "%" },
         { id = "network", kind = "saving", networks = ["yolov4-tiny"], claimed = 9.9 },
         { id = "other", kind = "governor_change", baseline = "cpu powersave", quantity = "energy", claimed = 1 })";
  const auto table = ask(claims, {without_energy});
  EXPECT_EQ(table.not_covered, 3);
  EXPECT_EQ(table.rows[0].finding.reason, "not built yet");
  EXPECT_THAT(table.rows[1].finding.reason, HasSubstr("no energy map of yolov4-tiny"));
  EXPECT_EQ(table.rows[2].finding.reason, "a baseline has no energy");
  EXPECT_EQ(ask(claims, {}).rows[1].finding.reason, "no study of jetson-nano is given");
}

// A study with one setting an accelerator.
StudySummary accelerators(const std::string& mode, double gpu_j, double dla_j, double dla_s) {
  StudySummary study;
  study.info.name = "agx-" + mode;
  study.info.board = "jetson-nano";
  for (const std::string name : {"gpu", "dla"}) {
    Point made = name == "gpu" ? point("alexnet", 1, gpu_j, 1) : point("alexnet", 1, dla_j, dla_s);
    made.setting.set("accelerator", name);
    made.setting.set("power_mode", mode);
    made.loading_energy_j = estimate(name == "gpu" ? 4 : 5);
    made.whole_energy_j = estimate(made.energy_j->value + 10);
    study.points.push_back(made);
  }
  return study;
}

TEST(Reproduce, TwoSettingsAgainstEachOther) {
  const auto table = ask(
      R"({ id = "e", kind = "change", quantity = "energy", claimed = -20, fixed = { power_mode = "30W" }, setting = { accelerator = "dla" }, against = { accelerator = "gpu" } },
         { id = "d", kind = "change", quantity = "edp", claimed = 60, fixed = { power_mode = "30W" }, setting = { accelerator = "dla" }, against = { accelerator = "gpu" } },
         { id = "l", kind = "change", quantity = "loading_energy", claimed = 25, fixed = { power_mode = "30W" }, setting = { accelerator = "dla" }, against = { accelerator = "gpu" } },
         { id = "w", kind = "change", quantity = "whole_energy", claimed = -10, fixed = { power_mode = "30W" }, setting = { accelerator = "dla" }, against = { accelerator = "gpu" } },
         { id = "m", kind = "change", quantity = "energy", claimed = 0, relation = "at most", tolerance = 0, fixed = { accelerator = "dla" }, setting = { power_mode = "50W" }, against = { power_mode = "30W" } },
         { id = "n", kind = "change", quantity = "energy", claimed = 0, fixed = { accelerator = "dla1" }, setting = { power_mode = "50W" }, against = { power_mode = "30W" } })",
      {accelerators("30W", 10, 8, 2), accelerators("50W", 9, 6, 1.5)});
  EXPECT_NEAR(*table.rows[0].finding.value, -20, 1e-9);
  EXPECT_EQ(table.rows[0].finding.study, "agx-30W");
  EXPECT_NEAR(*table.rows[1].finding.value, 60, 1e-9);
  EXPECT_NEAR(*table.rows[2].finding.value, 25, 1e-9);
  EXPECT_NEAR(*table.rows[3].finding.value, -10, 1e-9);
  EXPECT_NEAR(*table.rows[4].finding.value, -25, 1e-9);  // of two studies
  EXPECT_EQ(table.rows[4].finding.study, "agx-50W, agx-30W");
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(table.rows[i].verdict, Verdict::met) << i;
  EXPECT_EQ(table.rows[5].verdict, Verdict::not_covered);
  EXPECT_THAT(table.rows[5].finding.reason, HasSubstr("accelerator=dla1"));
}

TEST(Reproduce, TheEffectOfAnAxisIsLeastUnderMost) {
  const auto table = ask(
      R"({ id = "e", kind = "effect", axis = "gpu_frequency", quantity = "energy", claimed = 12, fixed = { cpu_frequency_mhz = 1132.8 } },
         { id = "n", kind = "effect", axis = "dla0_core_frequency", quantity = "energy", claimed = 12 })",
      {nano()});
  EXPECT_NEAR(*table.rows[0].finding.value, 100 * (1 - 86.0 / 98), 1e-9);
  EXPECT_EQ(table.rows[0].verdict, Verdict::met);
  EXPECT_EQ(table.rows[1].verdict, Verdict::not_covered);
}

TEST(Reproduce, ASecondStudyOfTheBoardFillsIn) {
  StudySummary empty = nano();
  empty.info.name = "first";
  empty.minima.clear();
  const auto table = ask(R"({ id = "a", kind = "saving", claimed = 14 })", {empty, nano()});
  EXPECT_EQ(table.rows[0].verdict, Verdict::met);
  EXPECT_EQ(table.rows[0].finding.study, "rpe-nano");
}

TEST(Reproduce, TextAndJsonShowEachRow) {
  const auto table = ask(R"({ id = "a", kind = "saving", what = "saving", claimed = 13.5 },
                            { id = "b", what = "graph", covered = false, reason = "not built yet" })",
                         {nano()});
  const std::string text = to_text(table);
  EXPECT_THAT(text, HasSubstr("saving, alexnet"));
  EXPECT_THAT(text, HasSubstr("14 ± 0.20 %"));
  EXPECT_THAT(text, HasSubstr("+0.50 %"));
  EXPECT_THAT(text, HasSubstr("met (within 2 points); simulated"));
  EXPECT_THAT(text, HasSubstr("not covered: not built yet"));
  EXPECT_THAT(text, HasSubstr("1 met, 0 not met, 1 not covered"));
  const nlohmann::json json = to_json(table);
  EXPECT_EQ(json["claims"][0]["measured_percent"], 14.0);
  EXPECT_EQ(json["claims"][0]["claimed_low_percent"], 13.5);
  EXPECT_EQ(json["claims"][0]["simulated"], true);
  EXPECT_TRUE(json["claims"][1]["measured"].is_null());
  EXPECT_TRUE(json["claims"][1]["claimed_low"].is_null());
}

std::string error_of(const std::string& text) {
  const auto file = parse_claims(text, "c.toml");
  return file ? "no error" : to_string(file.error());
}

TEST(Claims, ErrorsHaveLineAndColumn) {
  EXPECT_THAT(error_of("[[group]]\nsorce = \"a\"\n"), HasSubstr("c.toml:2:1: unknown key 'sorce'"));
  const std::string head = "[[source]]\nid = \"rpe\"\n[[group]]\nsource = \"rpe\"\nclaim = [\n";
  EXPECT_THAT(error_of(head + "{ id = \"x\", kind = \"savings\", claimed = 1 },\n]"),
              HasSubstr("Did you mean 'saving'?"));
  EXPECT_THAT(error_of(head + "{ id = \"x\", kind = \"saving\" },\n]"),
              HasSubstr("c.toml:6:1: a claim without 'claimed'"));
  EXPECT_THAT(error_of(head + "{ id = \"x\", covered = false },\n]"), HasSubstr("needs a reason"));
  EXPECT_THAT(error_of(head + "{ id = \"x\", kind = \"saving\", claimed = [2, 1] },\n]"),
              HasSubstr("[low, high]"));
}

// The claims that come with the program.
TEST(Claims, ReadyClaimsAreRead) {
  std::int64_t asked = 0, all = 0;
  for (const char* name : {"rpe", "agx-orin", "uncovered"}) {
    std::ifstream file(std::string(ISOJOULE_SOURCE_DIR) + "/studies/claims/" + name + ".toml");
    std::stringstream text;
    text << file.rdbuf();
    const auto claims = parse_claims(text.str(), name);
    ASSERT_TRUE(claims) << to_string(claims.error());
    for (const Claim& claim : claims->claims) {
      EXPECT_FALSE(claim.what.empty()) << claim.id;
      asked += claim.covered;
      ++all;
    }
  }
  EXPECT_GE(asked, 95);
  EXPECT_GT(all, asked + 12);
}

}  // namespace
}  // namespace isojoule
