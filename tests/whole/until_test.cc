// `isojoule measure --until`, `--budget` and `show --budget` from the outside.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "whole/program.h"

namespace isojoule::test {
namespace {

using nlohmann::json;

std::vector<std::string> on_twin(std::vector<std::string> more) {
  std::vector<std::string> command = {
      "measure", "--board", "twin:jetson-nano", "--model", "alexnet", "--batch", "16"};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

TEST(Until, ATwinReachesIt) {
  const Workplace place;
  const Outcome outcome = place.run(on_twin({"--inferences", "800", "--until", "4%", "--json"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json root = json::parse(outcome.out);
  const json& until = root.at("until");
  EXPECT_TRUE(until.at("reached").get<bool>());
  EXPECT_LE(until.at("percent").get<double>(), 4);
  EXPECT_GE(until.at("repeats").get<int>(), 5);
  EXPECT_GT(until.at("common_percent").get<double>(), 1);
  const json& one = root.at("per_inference");
  const double value = one.at("energy_j").get<double>();
  EXPECT_NEAR(100 * one.at("expanded_j").get<double>() / value, until.at("percent").get<double>(),
              1e-9);
  EXPECT_GE(one.at("k").get<double>(), 2 - 1e-6);
  // The mean of what the runs say.
  double sum = 0;
  for (const json& run : root.at("runs"))
    sum += run.at("energy_j").get<double>() / run.at("inferences").get<double>();
  EXPECT_NEAR(value, sum / static_cast<double>(root.at("runs").size()), 1e-9 * value);
  double squares = 0;
  for (const auto& [cause, u] : one.at("budget_j").items())
    squares += u.get<double>() * u.get<double>();
  EXPECT_NEAR(std::sqrt(squares), one.at("energy_u_j").get<double>(), 1e-9 * value);
}

TEST(Until, AFirstRunThatIsTooShortIsLengthenedAndKeptApart) {
  const Workplace place;
  const std::string study = place.path("u.study");
  const Outcome outcome =
      place.run(on_twin({"--inferences", "16", "--until", "5%", "-o", study, "--json"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json root = json::parse(outcome.out);
  EXPECT_GT(root.at("inferences").get<int>(), 16);
  EXPECT_EQ(root.at("inferences").get<int>() % 16, 0);
  EXPECT_NE(root.at("until").at("lengthened").get<std::string>().find("16 inferences"),
            std::string::npos);
  const Outcome shown = place.run({"show", study, "--budget", "--json"});
  ASSERT_EQ(shown.status, 0) << shown.err;
  const json budgets = json::parse(shown.out);
  ASSERT_EQ(budgets.at("points").size(), 2u);
  EXPECT_TRUE(budgets.at("points")[0].at("baseline").is_null());
  EXPECT_EQ(budgets.at("points")[1].at("baseline"), "sizing");
  EXPECT_EQ(budgets.at("points")[0].at("repeats"), root.at("until").at("repeats"));
  // The same runs joined from the file: the same figure.
  const json& joined = budgets.at("points")[0];
  EXPECT_NEAR(joined.at("energy_j").get<double>() / joined.at("inferences").get<double>(),
              root.at("energy_per_inference_j").get<double>(), 1e-12);
  EXPECT_NEAR(joined.at("expanded_percent").get<double>(),
              root.at("until").at("percent").get<double>(), 1e-9);
  // An existing file is not written over, and nothing is run for it.
  EXPECT_EQ(place.run(on_twin({"--until", "5%", "-o", study})).status, 2);
}

TEST(Until, WhatNoNumberOfRunsReachesIsSaidAtOnce) {
  const Workplace place;
  const Outcome gain = place.run(on_twin({"--until", "0.5%"}));
  EXPECT_EQ(gain.status, 2);
  EXPECT_NE(gain.err.find("gain alone is 1.2 %"), std::string::npos) << gain.err;
  EXPECT_NE(gain.err.find("isojoule calibrate"), std::string::npos) << gain.err;
  // With the offset, which only a run shows.
  const Outcome both = place.run(on_twin({"--until", "1.4%", "--inferences", "800"}));
  EXPECT_EQ(both.status, 2);
  EXPECT_NE(both.err.find("offset"), std::string::npos) << both.err;
  EXPECT_EQ(gain.out + both.out, "");
}

TEST(Until, ALimitOfTimeEndsItWithWhatThereIs) {
  const Workplace place;
  const Outcome outcome =
      place.run(on_twin({"--inferences", "800", "--until", "2.3%", "--at-most", "60s", "--json"}));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("not reached"), std::string::npos) << outcome.err;
  const json until = json::parse(outcome.out).at("until");
  EXPECT_FALSE(until.at("reached").get<bool>());
  EXPECT_GE(until.at("repeats").get<int>(), 1);
  EXPECT_LE(until.at("spent_s").get<double>(), 75);  // the run that is under way is finished
}

TEST(Until, WordsThatMakeNoSense) {
  const Workplace place;
  for (const char* word : {"1", "0%", "-1%", "100%", "x%", "1 J", ""})
    EXPECT_EQ(place.run(on_twin({"--until", word, "--inferences", "16"})).status, 2) << word;
  EXPECT_EQ(place.run(on_twin({"--until", "5%", "--at-most", "10"})).status, 2);
  EXPECT_EQ(place.run(on_twin({"--at-most", "10m"})).status, 2);
  EXPECT_EQ(place.run(on_twin({"--until", "nan%"})).status, 2);
  EXPECT_EQ(place.run(on_twin({"--period-ms", "nan"})).status, 2);
  EXPECT_EQ(place.run(on_twin({"--timeout", "nan"})).status, 2);
  EXPECT_EQ(place.run(on_twin({"--until", "5%", "--overhead"})).status, 2);
}

TEST(Until, WithoutAPowerSourceNothingIsRun) {
  const Workplace place;
  const Outcome outcome = place.run({"measure", "--until", "5%", "--", "/bin/true"});
  if (outcome.status == 0) GTEST_SKIP() << "skipped: this machine has a power source";
  EXPECT_EQ(outcome.status, 3) << outcome.err;
  EXPECT_EQ(outcome.out, "");
}

TEST(Budget, OfOneRunAddsUpToItsUncertainty) {
  const Workplace place;
  const Outcome outcome = place.run(on_twin({"--inferences", "3200", "--budget", "--json"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json root = json::parse(outcome.out);
  int with_energy = 0;
  for (const json& phase : root.at("phases")) {
    if (phase.at("energy_j").is_null()) {
      EXPECT_FALSE(phase.contains("budget_j"));
      EXPECT_FALSE(phase.at("why_absent").get<std::string>().empty()) << phase;
      continue;
    }
    ++with_energy;
    double squares = 0;
    for (const auto& [cause, u] : phase.at("budget_j").items())
      squares += u.get<double>() * u.get<double>();
    const double u = phase.at("energy_u_j").get<double>();
    EXPECT_NEAR(std::sqrt(squares), u, 1e-9 * u) << phase;
  }
  EXPECT_GT(with_energy, 4);
  EXPECT_EQ(root.at("budgets").size(), root.at("phases").size());
  const Outcome text = place.run(on_twin({"--inferences", "3200", "--budget"}));
  for (const char* word : {"gain *", "quantisation", "combined", "expanded", "JCGM 100:2008"})
    EXPECT_NE(text.out.find(word), std::string::npos) << word << text.out;
}

TEST(Budget, APhaseTooShortToSeeSaysHowOftenItWouldHaveToBeRepeated) {
  const Workplace place;
  const Outcome outcome = place.run({"measure", "--board", "twin:jetson-nano", "--model",
                                     "mobilenet-v2", "--inferences", "1", "--json"});
  const json root = json::parse(outcome.out);
  for (const json& phase : root.at("phases")) {
    if (phase.at("phase") != "inference") continue;
    const json& unseen = phase.at("too_short");
    const double length = phase.at("duration_s").get<double>();
    EXPECT_NEAR(unseen.at("resolution_s").get<double>(), 0.1, 1e-9);  // the sampling period
    const auto needed = unseen.at("inferences").get<double>();
    EXPECT_GE(needed * length, 10 * 0.1);
    EXPECT_LT((needed - 1) * length, 10 * 0.1);
  }
}

TEST(Budget, OfARunThatIsNotThereNamesThoseThatAre) {
  const Workplace place;
  const std::string plan = place.write("p.toml", small_plan(2));
  ASSERT_EQ(
      place.run({"sweep", plan, "--board", "twin:jetson-nano", "-o", place.path("s.study")}).status,
      0);
  const Outcome one = place.run({"show", place.path("s.study"), "--budget", "--run", "1"});
  EXPECT_EQ(one.status, 0) << one.err;
  EXPECT_NE(one.out.find("inference: "), std::string::npos) << one.out;
  const Outcome none = place.run({"show", place.path("s.study"), "--budget", "--run", "999"});
  EXPECT_EQ(none.status, 2);
  EXPECT_NE(none.err.find("Its runs are 1 to"), std::string::npos) << none.err;
  EXPECT_EQ(place.run({"show", place.path("s.study"), "--run", "1"}).status, 2);
}

// A program that says nothing of what it does: nothing is divided by one.
TEST(Measure, AProgramWithoutACountHasNoEnergyOfAnInference) {
  const Workplace place;
  const Outcome outcome = place.run({"measure", "--allow-unmeasured", "--json", "--", "/bin/true"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json root = json::parse(outcome.out);
  EXPECT_TRUE(root.at("energy_per_inference_j").is_null());
  EXPECT_TRUE(root.contains("why_no_energy_per_inference"));
  const Outcome counted = place.run(
      {"measure", "--allow-unmeasured", "--json", "--inferences", "1", "--", "/bin/true"});
  EXPECT_FALSE(json::parse(counted.out).contains("why_no_energy_per_inference"));
}

}  // namespace
}  // namespace isojoule::test
