// `isojoule session`, the process that samples for a program that measures itself: how it starts,
// what it refuses, how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "whole/constant_power.h"

namespace isojoule::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

const std::string kProgram = ISOJOULE_BINARY_DIR "/bin/api_program";

class SessionTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("ISOJOULE_PROGRAM", program_path().c_str(), 1);
    setenv("ISOJOULE_SYSROOT", constant_power(place_).c_str(), 1);
  }
  void TearDown() override {
    for (const char* name : {"ISOJOULE_PROGRAM", "ISOJOULE_SYSROOT", "ISOJOULE_PERIOD_MS"})
      unsetenv(name);
  }
  Outcome run(const std::vector<std::string>& words) const {
    return place_.wait(place_.start({words.begin() + 1, words.end()}, words[0]));
  }
  // What a session with these options says: period, idle, timeout, report.
  std::string tries(const std::vector<std::string>& options) const {
    std::vector<std::string> words = {kProgram, "tries"};
    words.insert(words.end(), options.begin(), options.end());
    return run(words).out;
  }
  Workplace place_;
};

// By the session's arguments: its parent's number is among them.
std::vector<pid_t> samplers_of(pid_t parent) {
  std::vector<pid_t> found;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator("/proc", code)) {
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    std::string words((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    std::replace(words.begin(), words.end(), '\0', ' ');
    if (words.find("--parent " + std::to_string(parent) + " ") != std::string::npos)
      found.push_back(std::stoi(entry.path().filename().string()));
  }
  return found;
}

bool has_none(pid_t parent) {
  return becomes_true([parent] { return samplers_of(parent).empty(); });
}

TEST_F(SessionTest, TheSamplerEndsWithAProgramThatIsKilled) {
  const pid_t process = place_.start({"dies_alone"}, kProgram);
  EXPECT_EQ(place_.wait(process).status, 128 + SIGKILL);
  EXPECT_TRUE(has_none(process));
}

TEST_F(SessionTest, TheSamplerEndsWithAProgramThatIsKilledWhileItMeasuresTheIdlePower) {
  const pid_t process = place_.start({"tries", "10000000", "500000000000", "0"}, kProgram);
  EXPECT_TRUE(becomes_true([&] { return !samplers_of(process).empty(); }));
  usleep(200'000);  // the first of the two has gone
  kill(process, SIGKILL);
  EXPECT_EQ(place_.wait(process).status, 128 + SIGKILL);
  EXPECT_TRUE(has_none(process));
}

TEST_F(SessionTest, ASamplerThatWasKilledIsSaidAndBegunAnew) {
  std::ofstream(place_.path("alive")) << "";
  const pid_t process = place_.start({"loses", place_.path("alive")}, kProgram);
  EXPECT_TRUE(becomes_true([&] { return fs::exists(place_.path("alive.ready")); }));
  for (const pid_t sampler : samplers_of(process)) kill(sampler, SIGKILL);
  EXPECT_TRUE(has_none(process));
  fs::remove(place_.path("alive"));
  const Outcome outcome = place_.wait(process);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

TEST_F(SessionTest, WithoutTheProgramNobodyMeasuresAndItSaysWhy) {
  setenv("ISOJOULE_PROGRAM", "/nowhere/isojoule", 1);
  const Outcome outcome = run({kProgram, "alone"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("was not found"));
  setenv("ISOJOULE_PROGRAM", "/bin/false", 1);
  EXPECT_THAT(run({kProgram, "alone"}).err, HasSubstr("could not be started"));
  setenv("ISOJOULE_PROGRAM", program_path().c_str(), 1);
  setenv("ISOJOULE_SYSROOT", "/nowhere", 1);
  EXPECT_NE(run({kProgram, "alone"}).status, 0);
}

TEST_F(SessionTest, AProgramThatIsNoSamplerIsNotWaitedForForever) {
  const std::string sleeps = place_.write("sleeps", "#!/bin/sh\nexec sleep 300\n");
  fs::permissions(sleeps, fs::perms::owner_all);
  setenv("ISOJOULE_PROGRAM", sleeps.c_str(), 1);
  EXPECT_THAT(tries({"0", "0", "200000000"}), HasSubstr("could not be started"));
  const std::string leaves = place_.write("leaves", "#!/bin/sh\nsleep 2 &\n");
  fs::permissions(leaves, fs::perms::owner_all);
  setenv("ISOJOULE_PROGRAM", leaves.c_str(), 1);
  EXPECT_THAT(tries({"0", "0", "200000000"}), HasSubstr("no word from"));
}

// A period, the chip's window and the idle time are no delay of the sampler's.
TEST_F(SessionTest, PatienceIsCountedBesideTheWaiting) {
  const std::string out = tries({"1100000000", "1300000000", "1000000000"});
  EXPECT_THAT(out, testing::StartsWith("2 \n"));
  EXPECT_THAT(out, HasSubstr("energy 1 net 1"));
}

TEST_F(SessionTest, WhatItCannotDoTheProgramIsTold) {
  EXPECT_THAT(tries({"1000", "0", "0"}), HasSubstr("a sampling period of '0.001' ms"));
  EXPECT_THAT(tries({"0", "9000000000000", "0"}), HasSubstr("an idle time of"));
  EXPECT_THAT(tries({"0", "0", "0", "/nowhere/report.json"}), HasSubstr("/nowhere/report.json"));
  EXPECT_THAT(tries({"0", "0", "0", place_.path("machine")}), HasSubstr("machine"));
  setenv("ISOJOULE_PERIOD_MS", "often", 1);
  EXPECT_THAT(tries({"0", "0", "0"}), HasSubstr("'often'"));
  unsetenv("ISOJOULE_PERIOD_MS");
  setenv("ISOJOULE_SYSROOT", "/nowhere", 1);
  EXPECT_THAT(tries({"0", "0", "0"}), HasSubstr("/nowhere is no folder"));
}

TEST_F(SessionTest, AReportMayHaveTheProcessInItsName) {
  const pid_t process =
      place_.start({"tries", "10000000", "0", "0", place_.path("of_%p.json")}, kProgram);
  EXPECT_EQ(place_.wait(process).status, 0);
  EXPECT_TRUE(fs::exists(place_.path("of_" + std::to_string(process) + ".json")));
}

// `isojoule session` with a client of our own.
class RawSession {
 public:
  explicit RawSession(const std::string& sysroot) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return;
    ours_ = ends[0];
    const std::string number = std::to_string(ends[1]);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      execl(program_path().c_str(), "isojoule", "session", "--fd", number.c_str(), "--sysroot",
            sysroot.c_str(), "--period-ms", "10", static_cast<char*>(nullptr));
      _exit(127);
    }
    close(ends[1]);
    int status = -1;
    waitpid(child, &status, 0);
    started_ = status == 0;
  }
  ~RawSession() { close(ours_); }
  RawSession(const RawSession&) = delete;
  RawSession& operator=(const RawSession&) = delete;

  // Until it samples.
  bool hears_hello() const {
    return started_ && line().rfind("isojoule-session wait ", 0) == 0 &&
           line().rfind("isojoule-session 1 ", 0) == 0;
  }
  void say(const std::string& text) const {
    (void)!send(ours_, text.data(), text.size(), MSG_NOSIGNAL);
  }
  // "" when it has closed its end.
  std::string line() const {
    std::string text;
    char c = 0;
    for (pollfd ready{ours_, POLLIN, 0}; poll(&ready, 1, 30'000) > 0;) {
      if (recv(ours_, &c, 1, 0) <= 0) return "";
      if (c == '\n') return text;
      text += c;
    }
    return "(nothing in 30 s)";
  }

 private:
  int ours_ = -1;
  bool started_ = false;
};

std::string question(int number, const std::string& what = "whole") {
  return R"({"type":"ask","question":)" + std::to_string(number) + R"(,"client":1,"what":")" +
         what + R"(","at_ns":9000000000000000000,"id":1,"name":"a"})" + "\n";
}

TEST_F(SessionTest, ASessionOutlivesNonsenseOfItsProgram) {
  const RawSession session(place_.path("machine"));
  ASSERT_TRUE(session.hears_hello());
  session.say(R"({"type":"window_marks","client":1,"at_ns":1,"marks":[0,1,0,0]})"
              "\n");
  session.say(question(1, "window"));
  EXPECT_THAT(session.line(),
              testing::AllOf(testing::StartsWith("answer 1 0 "), HasSubstr("said what cannot be")));
  session.say(question(2));
  EXPECT_THAT(session.line(), testing::StartsWith("answer 2 "));
  session.say("{\"type\":\"ask\"}\n");
  EXPECT_EQ(session.line(), "") << "who asks nonsense is left";
}

TEST_F(SessionTest, ASessionEndsWithoutEverCrashing) {
  Random random(20261121);
  const std::vector<std::string> pieces = {
      "{\"type\":\"ask\",",
      "\"question\":1",
      "\"client\":",
      "{\"type\":\"window_marks\"",
      ",\"at_ns\":1",
      ",\"marks\":[0,1,2]",
      "}",
      "\n",
      "[",
      "\"",
      "9223372036854775807",
      "-1",
      "window begin a",
      "mark x",
      "batch begin",
      "begin load",
      "note a b",
      "\xff\xfe",
      std::string(1, '\0'),
      question(3),
      "1e999",
      R"({"type":"batches","marks_ns":[1,2]})",
      R"({"type":"window_names","client":1,"from":0,"names":["a"]})"};
  for (int round = 0; round < 12; ++round) {
    const RawSession session(place_.path("machine"));
    ASSERT_TRUE(session.hears_hello());
    std::string text;
    for (int i = 0; i < 200; ++i) {
      const auto pick =
          static_cast<std::size_t>(random.uniform() * static_cast<double>(pieces.size()));
      text += pieces[std::min(pick, pieces.size() - 1)];
      if (random.uniform() < 0.2) text += "\n";
    }
    session.say(text + "\n" + question(77));
    std::string heard = session.line();
    while (heard.rfind("answer ", 0) == 0 && heard.rfind("answer 77 ", 0) != 0)
      heard = session.line();
    // Either it says what it thinks of it, or it has left: it never hangs.
    EXPECT_TRUE(heard.empty() || heard.rfind("answer 77 ", 0) == 0) << heard;
  }
}

TEST_F(SessionTest, ALineWithoutEndEndsASession) {
  const RawSession session(place_.path("machine"));
  ASSERT_TRUE(session.hears_hello());
  const std::string piece(65536, 'x');
  for (int i = 0; i < 20; ++i) session.say(piece);
  EXPECT_EQ(session.line(), "");
}

TEST_F(SessionTest, ASessionIsStartedByPrograms) {
  const Outcome outcome = place_.run({"session", "--fd", "1"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("no socket"));
  EXPECT_EQ(place_.run({"session"}).status, 2);
}

}  // namespace
}  // namespace isojoule::test
