// `isojoule govern` and `isojoule status` from the outside, on a mounted twin with a real service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "isojoule/isojoule.h"
#include "whole/mounted_twin.h"

namespace isojoule::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

const std::string kService = ISOJOULE_BINARY_DIR "/bin/example_governed";

class GovernTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = MountedTwin::why_not(); !why.empty())
      GTEST_SKIP() << "skipped: " << why;
    ::setenv("ISOJOULE_STATE", place_.path("state").c_str(), 1);
    ::setenv("ISOJOULE_RUNTIME", place_.path("run").c_str(), 1);
    ::setenv("ISOJOULE_GOVERN", socket().c_str(), 1);
    study_ = place_.path("nano.study");
    const Outcome swept = place_.run({"sweep", place_.write("plan.toml", small_plan(1)), "--board",
                                      "twin:jetson-nano", "-o", study_});
    ASSERT_EQ(swept.status, 0) << swept.err;
    twin_ = std::make_unique<MountedTwin>(place_, "jetson-nano");
    ASSERT_TRUE(twin_->mounted()) << twin_->log();
  }
  void TearDown() override {
    for (const char* name : {"ISOJOULE_STATE", "ISOJOULE_RUNTIME", "ISOJOULE_GOVERN"})
      ::unsetenv(name);
  }

  std::string socket() const { return place_.path("govern.sock"); }
  std::vector<std::string> words(const std::vector<std::string>& more) const {
    std::vector<std::string> all = {"govern",  "--sysroot",  twin_->root(), "--table", study_,
                                    "--limit", "latency<5s", "--epoch",     "200ms",   "--period",
                                    "20ms",    "--socket",   socket()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::string gpu_minimum() const {
    return twin_->read("/sys/devices/57000000.gpu/devfreq/57000000.gpu/min_freq");
  }
  // The first governor's state, where one is there.
  nlohmann::json state() const {
    const auto status = nlohmann::json::parse(place_.run({"status", "--json"}).out, nullptr, false);
    for (const auto& one : status.value("governors", nlohmann::json::array()))
      if (one.value("socket", "") == socket()) return one;
    return nlohmann::json::object();
  }
  // As a service of our own.
  bool connects() const {
    return becomes_true([] { return isojoule_governed(0) != 0; });
  }

  Workplace place_;
  std::unique_ptr<MountedTwin> twin_;
  std::string study_;
};

TEST_F(GovernTest, WrapsAServiceAndLeavesTheBoardAsItWas) {
  const auto before = twin_->settings();
  const Outcome outcome = place_.run(words({"--json", "--", kService, "2.5", "100", "5", "4"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::size_t begin = outcome.out.find('{');
  ASSERT_NE(begin, std::string::npos) << outcome.out;
  EXPECT_THAT(outcome.out.substr(0, begin), HasSubstr("requests, governed")) << "the service's own";
  const auto result = nlohmann::json::parse(outcome.out.substr(begin));
  EXPECT_GT(result["served"].get<int>(), 100);
  EXPECT_EQ(result["lost_marks"], 0);
  EXPECT_EQ(result["absurd_marks"], 0);
  EXPECT_GE(result["switches"].get<int>(), 1);
  EXPECT_GT(result["energy_j"].get<double>(), 0.5);
  EXPECT_TRUE(result["simulated"].get<bool>());
  EXPECT_EQ(result["program"], "exit status 0");
  EXPECT_THAT(outcome.err, HasSubstr("SIMULATED"));
  auto after = twin_->settings();
  for (const auto& [path, text] : before)
    if (path.ends_with("/min_freq") || path.ends_with("/max_freq") ||
        path.ends_with("/scaling_min_freq") || path.ends_with("/scaling_max_freq")) {
      EXPECT_EQ(after[path], text) << path;
    }
  EXPECT_EQ(place_.run({"status"}).status, 1);
}

TEST_F(GovernTest, TwoServicesComeAndGoAndSigtermEndsIt) {
  const std::string before = gpu_minimum();
  const pid_t governor = place_.start(words({}));
  ASSERT_TRUE(becomes_true([this] { return fs::exists(socket()); }));
  // Each writes its output elsewhere: this place has one pair of files.
  const Workplace first, second;
  const pid_t one = first.start({"20", "50", "5"}, kService);
  const pid_t two = second.start({"2", "50", "5"}, kService);
  EXPECT_TRUE(becomes_true([this] { return state().value("services", 0) == 2; }));
  EXPECT_TRUE(becomes_true([&] { return gpu_minimum() != before; }));
  EXPECT_EQ(second.wait(two).status, 0);
  EXPECT_TRUE(becomes_true([this] { return state().value("services", 0) == 1; }));
  ::kill(one, SIGKILL);
  first.wait(one);
  EXPECT_TRUE(becomes_true(
      [this] { return state().value("blind", "").find("no service") != std::string::npos; }));
  EXPECT_EQ(gpu_minimum(), before) << "the stock governors at once";
  const Outcome text = place_.run({"status"});
  EXPECT_EQ(text.status, 0);
  EXPECT_THAT(text.out, testing::AllOf(HasSubstr("the stock governors'"), HasSubstr("no service"),
                                       HasSubstr("board: set by process")));
  ::kill(governor, SIGTERM);
  const Outcome outcome = place_.wait(governor);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, testing::AllOf(HasSubstr("requests answered"), HasSubstr("energy"),
                                          HasSubstr("switches"), HasSubstr("no_service 1"),
                                          HasSubstr("the board is as it was before")));
  EXPECT_FALSE(fs::exists(socket()));
  EXPECT_EQ(place_.run({"status"}).status, 1);
}

TEST_F(GovernTest, AServiceThatLiesAndOneThatFallsSilent) {
  const std::string before = gpu_minimum();
  std::vector<std::string> short_limit = words({});
  short_limit[6] = "latency<1s";  // three of them are no longer than five seconds
  const pid_t governor = place_.start(short_limit);
  ASSERT_TRUE(becomes_true([this] { return fs::exists(socket()); }));
  ASSERT_TRUE(connects());
  isojoule_request_answered(isojoule_request_arrived());
  EXPECT_TRUE(becomes_true([&] { return gpu_minimum() != before; }));
  isojoule_request_answered(INT64_MAX);
  isojoule_batch_served(-5, -7);
  EXPECT_TRUE(becomes_true([this] { return state().value("absurd_marks", 0) == 2; }));
  EXPECT_TRUE(becomes_true([this] {
    return state().value("fallbacks", nlohmann::json::object()).contains("absurd_marks");
  }));
  // Somebody waits, and nothing more is said: five seconds.
  isojoule_request_arrived();
  EXPECT_TRUE(becomes_true(
      [this] { return state().value("blind", "").find("silent") != std::string::npos; },
      std::chrono::seconds(15)));
  EXPECT_EQ(gpu_minimum(), before);
  ::kill(governor, SIGINT);
  EXPECT_EQ(place_.wait(governor).status, 0);
}

TEST_F(GovernTest, WhatItCannotGovernItSays) {
  const auto err = [this](const std::vector<std::string>& all) {
    const Outcome outcome = place_.run(all);
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    return outcome.err;
  };
  const std::string orin = place_.path("orin.study");
  ASSERT_EQ(place_
                .run({"sweep",
                      place_.write("orin.toml",
                                   "name = \"o\"\n[protocol]\ninferences = 320\nrepeats = 1\n"
                                   "[[grid]]\nname = \"g\"\nnetworks = [\"alexnet\"]\n"
                                   "axes = { gpu_frequency = \"all\" }\n"),
                      "--board", "twin:jetson-orin-nx", "-o", orin})
                .status,
            0);
  std::vector<std::string> foreign = words({"--", "true"});
  foreign[4] = orin;
  EXPECT_THAT(err(foreign), HasSubstr("the study is of the twin of jetson-orin-nx, this is the "
                                      "twin of jetson-nano"));
  EXPECT_THAT(err(words({"--limit", "latency_p99<1s"})), HasSubstr("two limits of the latency"));
  EXPECT_THAT(err({"govern", "--simulate", "--board", "twin:jetson-tx2", "--network", "resnet-18",
                   "--limit", "latency_p99<1s", "--late", "5%"}),
              HasSubstr("--late 5% contradicts a limit that 1 % may be beyond"));
  EXPECT_THAT(err(words({"--network", "alexnot"})), HasSubstr("alexnet"));
  EXPECT_THAT(err(words({"--limit", "memory<1GB"})), HasSubstr("no such limit"));
  EXPECT_THAT(err(words({"--late", "2"})), HasSubstr("no share"));
  EXPECT_THAT(err(words({"--", "/nowhere/service"})), HasSubstr("/nowhere/service"));
  EXPECT_THAT(err({"govern", "--table", study_, "--sysroot", twin_->root()}),
              HasSubstr("no limit of the latency"));
  EXPECT_THAT(
      err({"govern", "--board", "twin:jetson-nano", "--table", study_, "--limit", "latency<1s"}),
      HasSubstr("Mount the twin"));
  const Outcome fails = place_.run(words({"--quiet", "--", "sh", "-c", "exit 7"}));
  EXPECT_EQ(fails.status, 7) << "the program's own";
}

}  // namespace
}  // namespace isojoule::test
