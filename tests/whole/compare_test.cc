// Two settings of a twin's study, and two studies, from the outside.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "whole/program.h"

namespace isojoule::test {
namespace {

class Compare : public testing::Test {
 protected:
  void sweep(const std::string& plan, const std::string& study) const {
    const std::string path = place_.write("plan.toml", plan);
    const Outcome swept =
        place_.run({"sweep", path, "--board", "twin:jetson-nano", "-o", place_.path(study)});
    ASSERT_EQ(swept.status, 0) << swept.err;
  }
  Workplace place_;
};

constexpr const char* kLeast = "gpu_frequency=614.4MHz cpu_frequency=1479MHz";

TEST_F(Compare, TwoSettingsOfAStudy) {
  sweep(small_plan(8, 1600), "a.study");
  const std::string study = place_.path("a.study");
  const Outcome text = place_.run({"compare", study, "--a", kLeast, "--b", "baseline=default"});
  ASSERT_EQ(text.status, 0) << text.err;
  EXPECT_NE(text.out.find("% less energy than B (95 %:"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("Paired: 8 blocks"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("SIMULATED"), std::string::npos) << text.out;

  const Outcome json = place_.run({"compare", study, "--a", kLeast, "--b", "baseline=default",
                                   "--quantity", "latency", "--json"});
  ASSERT_EQ(json.status, 0) << json.err;
  const auto root = nlohmann::json::parse(json.out);
  EXPECT_EQ(root.at("a_against_b").at("verdict"), "more");  // time for energy
  EXPECT_EQ(root.at("quantity"), "latency");
  EXPECT_EQ(root.at("b").at("baseline"), "default");
}

TEST_F(Compare, TwoStudiesOfOnePlanShowNoChange) {
  std::string plan = small_plan(6, 1600);
  sweep(plan, "a.study");
  plan.replace(plan.find("seed = 7"), 8, "seed = 8");
  sweep(plan, "b.study");
  const Outcome json =
      place_.run({"compare", place_.path("a.study"), place_.path("b.study"), "--json"});
  ASSERT_EQ(json.status, 0) << json.err;
  const auto root = nlohmann::json::parse(json.out);
  EXPECT_EQ(root.at("settings").size(), 7U);
  for (const auto& row : root.at("settings")) EXPECT_FALSE(row.at("holds_together").get<bool>());
  EXPECT_LT(root.at("all").at("percent_low").get<double>(), 0.5);
  const Outcome text = place_.run({"compare", place_.path("a.study"), place_.path("b.study")});
  EXPECT_NE(text.out.find("Mean over the settings"), std::string::npos) << text.out;
}

TEST_F(Compare, TheStudysTablesHaveItsRepeatsAndDrift) {
  sweep(small_plan(6, 1600), "a.study");
  const Outcome text = place_.run({"show", place_.path("a.study")});
  EXPECT_NE(text.out.find("What the repeats say"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("Drift: "), std::string::npos) << text.out;
  const Outcome json = place_.run({"show", "--json", place_.path("a.study")});
  const auto root = nlohmann::json::parse(json.out);
  EXPECT_EQ(root.at("drift").at("runs"), 6 * 7);
  const auto& interval = root.at("points")[0].at("repeats").at("median_interval_j");
  EXPECT_LE(interval.at("low").get<double>(), interval.at("high").get<double>());
}

TEST_F(Compare, WrongWordsEndWithOneLineThatSaysWhatThereIs) {
  sweep(small_plan(1), "a.study");
  const std::string study = place_.path("a.study");
  for (const auto& [arguments, word] :
       {std::pair{std::vector<std::string>{"compare", study, "--a", "batch=16", "--b",
                                           "baseline=default"},
                  "710.4MHz"},
        {{"compare", study}, "--a"},
        {{"compare", study, "--a", kLeast, "--b", "baseline=nobody"}, "default"},
        {{"compare", study, "--a", kLeast, "--b", "baseline=default", "--quantity", "joules"},
         "net_energy"},
        {{"compare", place_.path("none.study"), "--a", "x=1", "--b", "x=2"}, "none.study"}}) {
    const Outcome outcome = place_.run(arguments);
    EXPECT_EQ(outcome.status, 2) << outcome.out << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_NE(outcome.err.find(word), std::string::npos) << outcome.err;
  }
  const Outcome single = place_.run({"compare", study, "--a", kLeast, "--b", "baseline=default"});
  EXPECT_EQ(single.status, 0) << single.err;
  EXPECT_NE(single.out.find("Nothing can be said"), std::string::npos) << single.out;
}

}  // namespace
}  // namespace isojoule::test
