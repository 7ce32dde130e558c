// `isojoule apply` and `isojoule restore` from the outside, on a mounted twin.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "whole/mounted_twin.h"

namespace isojoule::test {
namespace {

namespace fs = std::filesystem;

// Within a second of the program's death; a sanitized program on a busy machine is slower.
#ifdef __SANITIZE_ADDRESS__
constexpr std::chrono::seconds kKeeperLimit{30};
#else
constexpr std::chrono::seconds kKeeperLimit{1};
#endif
constexpr const char* kMaximum = "/sys/class/devfreq/57000000.gpu/max_freq";

class Apply : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = MountedTwin::why_not(); !why.empty())
      GTEST_SKIP() << "skipped: " << why;
    twin_ = std::make_unique<MountedTwin>(place_, "jetson-nano");
    ASSERT_TRUE(twin_->mounted()) << twin_->log();
    before_ = twin_->settings();
  }
  Outcome run(std::vector<std::string> words, const std::string& command = "apply") const {
    words.insert(words.begin(), {command, "--sysroot", twin_->root()});
    return place_.run(words);
  }
  std::string maximum() const { return twin_->read(kMaximum); }
  std::string journal() const {
    std::error_code code;  // no folder: nothing was ever set
    for (const auto& entry : fs::directory_iterator(place_.path("cache"), code))
      if (entry.path().extension() == ".journal") return entry.path().string();
    return {};
  }
  // Starts `apply --for 60s` and waits until it says what it has set: a signal before that is an
  // apply that was interrupted.
  pid_t hold() const {
    fs::remove(place_.path("out"));  // what an earlier one said
    const pid_t process = place_.start(
        {"apply", "--sysroot", twin_->root(), "--for", "60s", "gpu_frequency=307.2MHz"});
    becomes_true([this] { return said_something(); }, std::chrono::seconds(30));
    EXPECT_EQ(maximum(), "307200000\n");
    return process;
  }

  bool said_something() const {
    std::error_code code;  // not there yet
    const auto size = fs::file_size(place_.path("out"), code);
    return !code && size > 0;
  }

  Workplace place_;
  std::unique_ptr<MountedTwin> twin_;
  std::map<std::string, std::string> before_;
};

TEST_F(Apply, StaysUntilRestore) {
  const Outcome set = run({"gpu_frequency=614.4MHz", "cpu_frequency_hz=1224000000"});
  ASSERT_EQ(set.status, 0) << set.err;
  EXPECT_EQ(maximum(), "614400000\n");
  const Outcome again = run({"gpu_frequency=307200kHz"});  // what was first stays the way back
  ASSERT_EQ(again.status, 0) << again.err;
  const Outcome sweep = place_.run({"measure", "--sysroot", twin_->root(), "--model", "alexnet",
                                    "--set", "gpu_frequency=921600000"});
  EXPECT_EQ(sweep.status, 2);
  EXPECT_NE(sweep.err.find("held by isojoule apply"), std::string::npos) << sweep.err;
  const Outcome back = run({}, "restore");
  EXPECT_EQ(back.status, 0) << back.err;
  EXPECT_NE(back.out.find("wrote "), std::string::npos);
  EXPECT_EQ(twin_->settings(), before_);
  EXPECT_EQ(run({}, "restore").out.rfind("nothing to restore", 0), 0u);
}

TEST_F(Apply, AWhileOnAHeldBoardLeadsBackToWhatIsHeld) {
  ASSERT_EQ(run({"gpu_frequency=614.4MHz"}).status, 0);
  const Outcome probe = place_.run({"probe", "--sysroot", twin_->root()});
  EXPECT_NE(probe.out.find("held by isojoule apply"), std::string::npos) << probe.out;
  const Outcome second = run({"gpu_frequency=307.2MHz", "--for", "0.2s"});
  EXPECT_EQ(second.status, 0) << second.err;
  EXPECT_EQ(maximum(), "614400000\n");
  ASSERT_EQ(run({}, "restore").status, 0);
  EXPECT_EQ(twin_->settings(), before_);
}

TEST_F(Apply, WhatCannotBeIsRefusedByADryRunToo) {
  for (const char* word : {"gpu_frequency=abc", "cpu_online=99", "gpu_frequency=-1",
                           "fan_speed=101", "gpu_governor=fast"})
    for (const char* how : {"--dry-run", "--systemd"})
      EXPECT_EQ(run({word, how}).status, 2) << word;
  const Outcome both = run({"cpu_frequency=102MHz", "cpu_maximum_frequency=1.479GHz"});
  EXPECT_EQ(both.status, 2);
  EXPECT_NE(both.err.find("Name one of the two"), std::string::npos) << both.err;
  const Outcome measured =
      place_.run({"measure", "--model", "alexnet", "--board", "twin:jetson-nano", "--set",
                  "cpu_frequency=102MHz", "--set", "cpu_maximum_frequency=1.479GHz"});
  EXPECT_NE(measured.err.find("Name one of the two"), std::string::npos) << measured.err;
  for (const char* time : {"0s", "--for=-1s", "1e30s"}) {
    const Outcome outcome = *time == '-' ? run({"gpu_frequency=614.4MHz", time})
                                         : run({"gpu_frequency=614.4MHz", "--for", time});
    EXPECT_EQ(outcome.status, 2) << time;
  }
  EXPECT_EQ(twin_->settings(), before_);
}

// The kernel moves a maximum below the minimum up, or refuses it: what is there is told.
TEST_F(Apply, ACapThatAnotherOneMovedIsNotReached) {
  const Outcome outcome =
      run({"cpu_minimum_frequency=1.479GHz", "cpu_maximum_frequency=102MHz", "--for", "0.1s"});
  EXPECT_NE(outcome.status, 0) << outcome.out;
  EXPECT_EQ(twin_->settings(), before_);
}

TEST_F(Apply, ForAWhileAndThenBack) {
  const Outcome outcome = run({"--for", "0.3s", "minimum"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("as it was before"), std::string::npos);
  EXPECT_EQ(twin_->settings(), before_);
}

TEST_F(Apply, ASignalRestoresInOrderAndSigkillThroughTheKeeper) {
  for (const int signal : {SIGINT, SIGTERM, SIGKILL}) {
    const pid_t process = hold();
    ::kill(process, signal);
    const Outcome outcome = place_.wait(process);
    EXPECT_EQ(outcome.status, signal == SIGKILL ? 128 + SIGKILL : 0) << signal << outcome.err;
    becomes_true([this] { return journal().empty(); }, kKeeperLimit);
    EXPECT_EQ(twin_->settings(), before_) << "signal " << signal;
  }
}

TEST_F(Apply, ASecondProgramIsRefusedAndToldWhoIsThere) {
  const pid_t process = hold();
  const Outcome second = run({"maximum"});
  EXPECT_EQ(second.status, 2);
  EXPECT_NE(second.err.find("process " + std::to_string(process)), std::string::npos) << second.err;
  EXPECT_NE(second.err.find("--for 60s"), std::string::npos) << second.err;
  EXPECT_EQ(run({}, "restore").status, 2);
  ::kill(process, SIGTERM);
  place_.wait(process);
  EXPECT_EQ(twin_->settings(), before_);
}

TEST_F(Apply, AJournalFromBeforeARestartIsOnlyRemoved) {
  ASSERT_EQ(run({"gpu_frequency=614.4MHz"}).status, 0);
  auto root = nlohmann::json::parse(std::ifstream(journal()));
  root["boot_id"] = "another boot";
  std::ofstream(journal()) << root.dump();
  const Outcome outcome = run({}, "restore");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("restarted since"), std::string::npos) << outcome.out;
  EXPECT_TRUE(journal().empty());
  EXPECT_EQ(maximum(), "614400000\n");
}

TEST_F(Apply, ADamagedJournalStaysAndTellsTheRemedy) {
  ASSERT_EQ(run({"gpu_frequency=614.4MHz"}).status, 0);
  const std::string path = journal();
  std::ofstream(path) << "half a jour";
  const Outcome outcome = run({}, "restore");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("damaged"), std::string::npos) << outcome.err;
  EXPECT_TRUE(fs::exists(path));
}

TEST_F(Apply, AFileAndADryRun) {
  const std::string file = place_.write(
      "best.toml",
      "board = \"jetson-nano\"\n[setting]\ngpu_frequency = \"614.4MHz\"\ncpu_online = 2\n");
  const Outcome dry = run({"--dry-run", file});
  EXPECT_EQ(dry.status, 0) << dry.err;
  EXPECT_NE(dry.out.find("/max_freq"), std::string::npos);
  EXPECT_EQ(twin_->settings(), before_);
  EXPECT_TRUE(journal().empty());
  ASSERT_EQ(run({file}).status, 0);
  EXPECT_EQ(twin_->read("/sys/devices/system/cpu/cpu3/online"), "0\n");
  ASSERT_EQ(run({}, "restore").status, 0);
  EXPECT_EQ(twin_->settings(), before_);
}

TEST_F(Apply, BadInputIsNamedAndNothingIsWritten) {
  const std::pair<std::string, std::string> cases[] = {
      {"gpu_frequency=600MHz", "537600000 and 614400000"},  // the two nearest
      {"gpu_frequency=600Mhz", "no such unit"},
      {"gpu_frequenzy=600MHz", "gpu_frequency"},
      {"gpu_governor=fast", "userspace"},
      {"gpu_frequency=", "value is missing"},
      {"no-such-file.toml", "no-such-file.toml"},
      {place_.write("other.toml", "board = \"jetson-tx2\"\n[setting]\n"), "jetson-tx2"},
      {place_.write("empty.toml", ""), "[setting]"},
      {place_.write("odd.toml", "[setting]\ngpu_frequency = [1]\n"), "odd.toml:2"}};
  for (const auto& [word, expected] : cases) {
    const Outcome outcome = run({word});
    EXPECT_EQ(outcome.status, 2) << word;
    EXPECT_NE(outcome.err.find(expected), std::string::npos) << word << ": " << outcome.err;
    EXPECT_EQ(twin_->settings(), before_) << word;
  }
}

TEST_F(Apply, AUnitForSystemd) {
  const Outcome outcome = run({"--systemd", "maximum"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  for (const char* line : {"[Service]", " apply \"maximum\"", "ExecStopPost=", " restore\n",
                           "WantedBy=multi-user.target"})
    EXPECT_NE(outcome.out.find(line), std::string::npos) << line;
  EXPECT_EQ(twin_->settings(), before_);
  // What systemd would take for itself.
  EXPECT_NE(run({"--systemd", "gpu_governor=userspace", "--release", "32.7"})
                .out.find("\"--release=32.7\""),
            std::string::npos);
}

}  // namespace
}  // namespace isojoule::test
