// The search for the least energy, as a user would ask for it: on a twin, in a table, interrupted.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "whole/program.h"

namespace isojoule::test {
namespace {

using nlohmann::json;

const std::vector<std::string> kOnTwin = {"tune",         "alexnet",
                                          "--board",      "twin:jetson-nano",
                                          "--axes",       "gpu_frequency",
                                          "--axis",       "cpu_frequency_mhz=102,710.4,1479",
                                          "--budget",     "8",
                                          "--inferences", "20",
                                          "--finalists",  "2",
                                          "--repeats",    "2"};

std::vector<std::string> with(std::vector<std::string> words,
                              const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// What does not depend on when it was made, or on whether it was interrupted.
json comparable(const std::string& text) {
  json root = json::parse(text);
  for (const char* key : {"study", "decide_s", "runs_already_there"}) root.erase(key);
  return root;
}

std::size_t lines_in(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  const std::string words = text.str();
  return static_cast<std::size_t>(std::count(words.begin(), words.end(), '\n'));
}

TEST(TuneCommand, FindsASettingThatIsBetterThanTheGovernors) {
  const Workplace place;
  const Outcome text =
      place.run(with(kOnTwin, {"--limit", "power<15W", "-o", place.path("a.study"), "--apply"}));
  ASSERT_EQ(text.status, 0) << text.err;
  for (const char* words : {"SIMULATED alexnet on twin:jetson-nano", "with power<15W",
                            "'o' measured", "Measured again, by turns with the governors", "Best ",
                            "Governors ", "Saving ", "8 probes of 36 settings", "Better? ",
                            "set: gpu_frequency ", "on a twin it ends with this program"})
    EXPECT_NE(text.out.find(words), std::string::npos) << words << "\n" << text.out;
  EXPECT_NE(text.err.find("8/8"), std::string::npos) << text.err;

  // Another cost without a measurement; every run is there for the other commands.
  const Outcome anew = place.run({"tune", place.path("a.study"), "--minimise", "edp", "--json"});
  ASSERT_EQ(anew.status, 0) << anew.err;
  const json root = json::parse(anew.out);
  EXPECT_EQ(root.at("minimise"), "edp");
  EXPECT_FALSE(root.at("measured_now").get<bool>());
  EXPECT_TRUE(root.at("simulated").get<bool>());
  EXPECT_EQ(root.at("probes").size(), 8U);
  EXPECT_TRUE(root.at("best").at("setting").contains("gpu_frequency_hz"));
  EXPECT_EQ(place.run({"show", place.path("a.study")}).status, 0);
  const Outcome elsewhere =
      place.run({"tune", place.path("a.study"), "--apply", "--board", "twin:jetson-tx2"});
  EXPECT_EQ(elsewhere.status, 2);
  EXPECT_NE(elsewhere.err.find("the search was on twin:jetson-nano"), std::string::npos);
}

TEST(TuneCommand, ASearchThatWasKilledEndsAsOneThatWasNot) {
  const Workplace place;
  const auto words = [&](const std::string& name) {
    return with(kOnTwin, {"--json", "-o", place.path(name)});
  };
  const Outcome whole = place.run(words("whole.study"));
  ASSERT_EQ(whole.status, 0) << whole.err;
  for (const int signal : {SIGKILL, SIGINT}) {
    const std::string name = std::to_string(signal) + ".study";
    std::filesystem::remove(place.path("err"));  // of the one before
    const pid_t process = place.start(words(name));
    ASSERT_TRUE(becomes_true([&] { return lines_in(place.path("err")) >= 4; }));
    ASSERT_EQ(::kill(process, signal), 0);
    const Outcome stopped = place.wait(process);
    const int expected = signal == SIGKILL ? 128 + SIGKILL : 130;
    EXPECT_TRUE(stopped.status == expected || stopped.status == 0) << stopped.err;
    const Outcome resumed = place.run(words(name));
    ASSERT_EQ(resumed.status, 0) << resumed.err;
    EXPECT_EQ(comparable(resumed.out), comparable(whole.out));
    EXPECT_GT(json::parse(resumed.out).at("runs_already_there"), 0);
  }
}

TEST(TuneCommand, LimitsThatNothingKeepsNameTheNearest) {
  const Workplace place;
  const Outcome outcome =
      place.run(with(kOnTwin, {"--limit", "latency<1us", "--json", "-o", place.path("a.study")}));
  EXPECT_EQ(outcome.status, 1) << outcome.err;
  const json best = json::parse(outcome.out).at("best");
  EXPECT_FALSE(best.at("met").get<bool>());
  EXPECT_GT(best.at("beyond"), 1);
  EXPECT_EQ(best.at("limits")[0].at("limit"), "latency<1us");
}

TEST(TuneCommand, ATableStandsForTheBoard) {
  const Workplace place;
  std::string table = "clock_mhz,batch,net,energy_mj,time_ms\n";
  for (int clock = 1; clock <= 6; ++clock)
    for (int batch = 1; batch <= 8; batch *= 2)
      table += std::to_string(100 * clock) + "," + std::to_string(batch) + ",a," +
               std::to_string(20 + (clock - 3) * (clock - 3) + 8 / batch) + "," +
               std::to_string(4.0 * batch / clock) + "\n";
  table += "300,8,a,nan,1\n300,8,b,1,1\n";
  const std::string path = place.write("runs.csv", table);
  const std::vector<std::string> words = {
      "tune",      "--recorded", path,      "--axes", "clock_mhz,batch", "--energy", "energy_mj",
      "--latency", "time_ms",    "--where", "net=a",  "--budget",        "24"};
  const Outcome outcome = place.run(with(words, {"--noise", "1%", "--seed", "3", "--json"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json root = json::parse(outcome.out);
  EXPECT_EQ(root.at("settings"), 24);
  EXPECT_EQ(root.at("rows"), 25);
  EXPECT_NEAR(root.at("true_minimum").get<double>(), 0.021, 1e-12);
  ASSERT_EQ(root.at("probes").size(), 24U);
  for (const json& probe : root.at("probes")) {
    EXPECT_GE(probe.at("regret"), -1e-12);
    EXPECT_GT(probe.at("energy_j"), 0);
    EXPECT_GT(probe.at("latency_s"), 0);
    EXPECT_TRUE(probe.at("setting").contains("batch"));
    EXPECT_TRUE(probe.at("recommended").contains("clock_mhz"));
  }
  EXPECT_EQ(root.at("best").at("regret"), root.at("probes").back().at("regret"));
  EXPECT_LT(root.at("best").at("regret"), 0.05);
  EXPECT_EQ(json::parse(place.run(with(words, {"--noise", "1%", "--seed", "3", "--json"})).out)
                .at("probes"),
            root.at("probes"));

  const Outcome text = place.run(words);
  ASSERT_EQ(text.status, 0) << text.err;
  for (const char* part : {"24 settings, recorded", "note: 1 row was left out", "without noise",
                           "regret", "Best ", "Truth "})
    EXPECT_NE(text.out.find(part), std::string::npos) << part << "\n" << text.out;

  const Outcome none = place.run(with(words, {"--limit", "latency<1us", "--json"}));
  EXPECT_EQ(none.status, 1) << none.err;
  const json nothing = json::parse(none.out);
  EXPECT_FALSE(nothing.at("met").get<bool>());
  EXPECT_TRUE(nothing.at("true_minimum").is_null());
  EXPECT_TRUE(nothing.at("best").at("regret").is_null());
  EXPECT_GT(nothing.at("best").at("beyond"), 0);
}

TEST(TuneCommand, SaysWhatIsWrongAndLeavesNothing) {
  const Workplace place;
  const std::string table = place.write("t.csv", "clock,energy_j,time_s\n1,2,3\n2,x,3\n");
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{"tune"}, "nothing to tune"},
      {{"tune", "alexnet", "--recorded", table}, "no network is named with it"},
      {{"tune", "--recorded", table, "--axes", "clock", "--energy", "energy_j", "--apply"},
       "--apply says nothing with --recorded"},
      {{"tune", "--recorded", table, "--axes", "clock", "--energy", "energy_j", "-o", "a.study"},
       "-o says nothing with --recorded"},
      {{"tune", "none.study", "--budget", "40"}, "--budget says nothing with a study"},
      {{"tune", "none.study", "--warm", "b.study"}, "--warm says nothing with a study"},
      {{"tune", "alexnett", "--board", "twin:jetson-nano"}, "alexnet"},
      {{"tune", "alexnet", "--board", "twin:jetson-nano", "--axis", "gpu_frequncy=all"},
       "gpu_frequency"},
      {{"tune", "alexnet", "--board", "twin:jetson-nano", "--limit", "power<15V"}, "W"},
      {{"tune", "alexnet", "--board", "twin:jetson-nano", "--minimise", "enrgy"}, "energy"},
      {{"tune", "alexnet", "--board", "twin:jetson-nano", "--optimiser", "blnd"}, "blend"},
      {{"tune", "alexnet", "--board", "twin:jetson-nano", "--for", "20"}, "unit"},
      {{"tune", "none.study"}, "none.study"},
      {{"tune", "--recorded", table, "--axes", "clock", "--energy", "energy_j", "--latency",
        "time_s"},
       "t.csv, line 3: column 'energy_j' holds 'x'"},
      {{"tune", "--recorded", table, "--axes", "clok", "--energy", "energy_j"}, "clock"},
      {{"tune", "--recorded", table, "--axes", "clock", "--energy", "time_s", "--noise", "2"},
       "Write 2% or 0.02"},
      {{"tune", "--recorded", table, "--axes", "clock", "--energy", "time_s", "--limit",
        "power<3W"},
       "--power COLUMN"},
  };
  const auto before = place.files();
  for (const auto& [words, part] : wrong) {
    const Outcome outcome = place.run(words);
    EXPECT_EQ(outcome.status, 2) << outcome.out << outcome.err;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << part << " not in: " << outcome.err;
    EXPECT_TRUE(outcome.out.empty()) << outcome.out;
    EXPECT_EQ(place.files(), before);
  }
}

}  // namespace
}  // namespace isojoule::test
