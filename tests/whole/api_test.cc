// isojoule.h, isojoule.hpp and the Python module from the outside: under `isojoule measure`, alone,
// and against a program that says what cannot be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "whole/constant_power.h"
#include "whole/mounted_twin.h"
#include "whole/program.h"

namespace isojoule::test {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

const std::string kBin = ISOJOULE_BINARY_DIR "/bin/";
const std::string kProgram = kBin + "api_program";
// What a program needs that measures itself on that machine.
class Api : public testing::Test {
 protected:
  void SetUp() override {
    setenv("ISOJOULE_PROGRAM", program_path().c_str(), 1);
    setenv("ISOJOULE_SYSROOT", constant_power(place_).c_str(), 1);
  }
  void TearDown() override {
    for (const char* name :
         {"ISOJOULE_PROGRAM", "ISOJOULE_SYSROOT", "ISOJOULE", "ISOJOULE_REPORT", "PYTHONPATH"})
      unsetenv(name);
  }
  Outcome run(const std::vector<std::string>& words) const {
    return place_.wait(place_.start({words.begin() + 1, words.end()}, words[0]));
  }
  Outcome measure(const std::vector<std::string>& program,
                  const std::vector<std::string>& options = {"--json"}) const {
    std::vector<std::string> words = {"measure", "--sysroot", place_.path("machine"), "--period-ms",
                                      "10"};
    words.insert(words.end(), options.begin(), options.end());
    words.emplace_back("--");
    words.insert(words.end(), program.begin(), program.end());
    return place_.run(words);
  }
  static const nlohmann::json& named(const nlohmann::json& root, const std::string& name) {
    static const nlohmann::json none;
    for (const auto& one : root.at("windows"))
      if (one.at("name") == name) return one;
    ADD_FAILURE() << "no windows named " << name << " in " << root;
    return none;
  }
  static void expect_constant_power(const nlohmann::json& one) {
    ASSERT_TRUE(one.at("energy_j").is_number()) << one;
    const double expected = kPower_w * one.at("duration_s").get<double>();
    EXPECT_NEAR(one.at("energy_j").get<double>(), expected, 1e-6 * (1 + expected));
    EXPECT_GT(one.at("energy_u_j").get<double>(), 0);
  }

  Workplace place_;
};

TEST_F(Api, WindowsOfAllShapesStandInTheReport) {
  const Outcome outcome = measure({kProgram, "shapes"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto root = nlohmann::json::parse(outcome.out);
  for (const char* name : {"outer", "inner", "elsewhere", "never ended"}) {
    EXPECT_EQ(named(root, name).at("count"), 1) << name;
    expect_constant_power(named(root, name));
  }
  EXPECT_EQ(named(root, "a \"moment\" with \\ odd ? letters ä").at("moments"), 1);
  EXPECT_GE(named(root, "outer").at("duration_s").get<double>(), 0.06);
  EXPECT_EQ(root.at("counters").at("window_not_ended"), 1);
  EXPECT_EQ(root.at("counters").at("window_not_begun"), 2);
  ASSERT_EQ(root.at("each_window").size(), 5u);
  double last = 0;
  for (const auto& window : root.at("each_window")) {
    EXPECT_GE(window.at("begin_s").get<double>(), last);
    last = window.at("begin_s").get<double>();
  }
  expect_constant_power(root.at("each_window")[0]);
}

TEST_F(Api, ThePrintedReportSaysWhatIsKnownTogetherOnly) {
  const Outcome outcome = measure({kProgram, "million", "3000"}, {});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, testing::ContainsRegex("short +3000"));
  EXPECT_THAT(outcome.out, HasSubstr("known together"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("window_lost")));
}

TEST_F(Api, AMillionWindowsAreNothingSpecial) {
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const int count = 1'000'000;
#else
  const int count = 50'000;  // programs that are not optimised take their time
#endif
  const Outcome outcome = measure({kProgram, "million", std::to_string(count)});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto root = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(named(root, "short").at("count"), count);
  expect_constant_power(named(root, "short"));
  EXPECT_EQ(root.at("windows_left_out"), count - 10'000);
  EXPECT_FALSE(root.at("counters").contains("window_lost"));
}

TEST_F(Api, ThreadsMarkAtOnce) {
  const Outcome outcome = measure({kProgram, "threads"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto root = nlohmann::json::parse(outcome.out);
  for (const char* name : {"thread 0", "thread 1", "thread 2", "thread 3"})
    EXPECT_EQ(named(root, name).at("count"), 20'000) << name;
  EXPECT_EQ(named(root, "hundred").at("moments"), 800);
  EXPECT_FALSE(root.at("counters").contains("window_not_ended"));
  EXPECT_FALSE(root.at("counters").contains("window_not_begun"));
}

TEST_F(Api, FurtherNamesAreOne) {
  const Outcome outcome = run({kProgram, "names"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

TEST_F(Api, AProgramThatIsKilledIsAFailedRun) {
  const Outcome outcome = measure({kProgram, "dies"});
  EXPECT_EQ(outcome.status, 128 + SIGKILL);
  EXPECT_THAT(outcome.err, HasSubstr("signal 9"));
  const auto root = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(root.at("state"), "failed");
}

TEST_F(Api, MainReturnsWhileThreadsMark) {
  const Outcome outcome = measure({kProgram, "leaves"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_GT(named(nlohmann::json::parse(outcome.out), "at the end").at("count").get<int>(), 0);
}

TEST_F(Api, APluginMayGo) {
  // Its names and rings stay (docs/api.md), which the address sanitizer calls a leak.
  const char* const kept = getenv("ASAN_OPTIONS");
  const std::string options = kept != nullptr ? kept : "";
  setenv("ASAN_OPTIONS", (options + ":detect_leaks=0").c_str(), 1);
  const Outcome outcome = measure({kProgram, "plugin", ISOJOULE_BINARY_DIR "/lib/api_plugin.so"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(named(nlohmann::json::parse(outcome.out), "in a plugin").at("count"), 1);
  setenv("ASAN_OPTIONS", options.c_str(), 1);
}

TEST_F(Api, AloneAProgramMeasuresItself) {
  const Outcome outcome = run({kProgram, "alone"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

TEST_F(Api, AloneManyThreadsMarkAndAsk) {
  const Outcome outcome = run({kProgram, "threads_alone"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

TEST_F(Api, TheSamplerIsNobodysChildAndACopyIsSilent) {
  const Outcome outcome = run({kProgram, "forks"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("0\n")) << "a program that was started got our socket";
}

TEST_F(Api, TheEnvironmentStartsASessionAndItsReportIsThereAtTheEnd) {
  setenv("ISOJOULE", "1", 1);
  setenv("ISOJOULE_REPORT", place_.path("report.json").c_str(), 1);
  const Outcome outcome = run({kProgram, "shapes"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  std::ifstream file(place_.path("report.json"));
  const auto root = nlohmann::json::parse(file);
  EXPECT_EQ(root.at("board"), "generic-linux");
  EXPECT_EQ(root.at("simulated"), false);
  EXPECT_EQ(root.at("counters").at("window_not_ended"), 1);
  expect_constant_power(named(root, "outer"));
  expect_constant_power(root);
}

TEST_F(Api, WithoutAPowerSourceThereAreTimesAndAReason) {
  fs::remove_all(place_.path("machine") + "/sys");
  setenv("ISOJOULE", "1", 1);
  setenv("ISOJOULE_REPORT", place_.path("report.json").c_str(), 1);
  ASSERT_EQ(run({kProgram, "shapes"}).status, 0);
  std::ifstream file(place_.path("report.json"));
  const auto root = nlohmann::json::parse(file);
  EXPECT_TRUE(root.at("energy_j").is_null());
  EXPECT_TRUE(named(root, "outer").at("energy_j").is_null());
  EXPECT_FALSE(named(root, "outer").at("why_absent").get<std::string>().empty());
  EXPECT_GE(named(root, "outer").at("duration_s").get<double>(), 0.06);
}

TEST_F(Api, TheExamplesRunAloneAndMeasured) {
  std::vector<std::vector<std::string>> examples = {{kBin + "example_windows_c"},
                                                    {kBin + "example_windows_cc"}};
#if defined(ISOJOULE_PYTHON) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  setenv("PYTHONPATH", ISOJOULE_BINARY_DIR "/python", 1);
  examples.push_back({ISOJOULE_PYTHON, ISOJOULE_SOURCE_DIR "/examples/windows.py"});
#endif
  for (const auto& example : examples) {
    const Outcome own = run(example);
    ASSERT_EQ(own.status, 0) << own.err;
    EXPECT_THAT(own.out, HasSubstr("measures itself")) << example.back();
    EXPECT_THAT(own.out, testing::ContainsRegex("request: [0-9.e-]+ J"));
    EXPECT_THAT(own.out, Not(HasSubstr("absent")));
    const Outcome outcome = measure(example);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("is measured"));
    expect_constant_power(named(nlohmann::json::parse(outcome.out), "request"));
  }
}

#if defined(ISOJOULE_PYTHON) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(Api, ThePythonModuleDoesAsItSays) {
  setenv("PYTHONPATH", ISOJOULE_BINARY_DIR "/python", 1);
  const std::string script = ISOJOULE_SOURCE_DIR "/tests/api/module.py";
  const Outcome alone = run({ISOJOULE_PYTHON, script, "alone"});
  EXPECT_EQ(alone.status, 0) << alone.err;
  const Outcome nobody = run({ISOJOULE_PYTHON, script, "nobody"});
  EXPECT_EQ(nobody.status, 0) << nobody.err;
  const Outcome measured = measure({ISOJOULE_PYTHON, script, "measure"});
  ASSERT_EQ(measured.status, 0) << measured.err;
  const auto root = nlohmann::json::parse(measured.out);
  EXPECT_EQ(named(root, "decorated").at("count"), 3);
  EXPECT_EQ(root.at("batch_durations_s").size(), 2u);
}
#endif

TEST_F(Api, TheClientHoldsUnderTheThreadSanitizer) {
  const std::string program = kBin + "api_program_tsan";
  if (!fs::exists(program)) GTEST_SKIP() << "skipped: no thread sanitizer here";
  // The sanitizer of older compilers cannot map its shadow at every random address.
  const bool fixed = std::system("setarch -R true 2> /dev/null") == 0;
  for (const char* mode : {"threads_alone", "forks", "leaves", "alone"}) {
    if (std::string(mode) == "leaves") setenv("ISOJOULE", "1", 1);
    std::vector<std::string> words = {"/usr/bin/env", program, mode};
    if (fixed) words = {"/usr/bin/env", "setarch", "-R", program, mode};
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, 0) << mode << ": " << outcome.err;
    EXPECT_THAT(outcome.err, Not(HasSubstr("ThreadSanitizer"))) << mode;
  }
}

// ---- Programs that say what cannot be ----

// Each of them costs a run: mark_sequence_test has the others.
TEST_F(Api, NonsenseFailsTheRunWithItsReason) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"type":"window_marks","client":1,"at_ns":1,"marks":[0,1,0,0]})", "before the program's"},
      {"window middle x", "neither begin nor end"},
  };
  for (const auto& [line, why] : cases) {
    const Outcome outcome = measure({"sh", "-c", "echo '" + line + "' >&9; sleep 60"});
    EXPECT_EQ(outcome.status, 1) << line;
    EXPECT_THAT(outcome.err, HasSubstr(why)) << line;
  }
}

TEST_F(Api, WindowsInWordsNeedNoLibrary) {
  const Outcome outcome = measure(
      {"sh", "-c",
       "echo 'window begin copy' >&9; sleep 0.1; echo 'mark half' >&9; sleep 0.1; echo 'window end "
       "copy' >&9; echo 'isojoule: window begin open' "});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto root = nlohmann::json::parse(outcome.out);
  expect_constant_power(named(root, "copy"));
  EXPECT_EQ(named(root, "half").at("moments"), 1);
  EXPECT_EQ(root.at("counters").at("window_not_ended"), 1);
}

TEST_F(Api, AMountedTwinIsSampledAndSaysThatItIsSimulated) {
  if (const std::string why = MountedTwin::why_not(); !why.empty())
    GTEST_SKIP() << "skipped: " << why;
  const MountedTwin twin(place_, "jetson-nano");
  ASSERT_TRUE(twin.mounted()) << twin.log();
  setenv("ISOJOULE_SYSROOT", twin.root().c_str(), 1);
  setenv("ISOJOULE", "1", 1);
  setenv("ISOJOULE_REPORT", place_.path("report.json").c_str(), 1);
  ASSERT_EQ(run({kProgram, "shapes"}).status, 0);
  std::ifstream file(place_.path("report.json"));
  const auto root = nlohmann::json::parse(file);
  EXPECT_EQ(root.at("board"), "jetson-nano");
  EXPECT_EQ(root.at("simulated"), true);
  EXPECT_GT(root.at("energy_j").get<double>(), 0);
}

}  // namespace
}  // namespace isojoule::test
