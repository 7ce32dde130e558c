// isojouled as a program, on a mounted twin: what a user without rights gets done through it, and
// what becomes of the board when either side dies.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>

#include "app/helper/protocol.h"
#include "app/helper/socket.h"
#include "whole/mounted_twin.h"

namespace isojoule::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* kMaximum = "/sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq";

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// isojouled over the mounted twin, until stop() or the end.
class Daemon {
 public:
  Daemon(const Workplace& place, const MountedTwin& twin, std::vector<std::string> more = {})
      : socket_(place.path("helper.sock")), log_(place.path("helper-log")) {
    std::vector<std::string> words = {ISOJOULE_BINARY_DIR "/bin/isojouled", "--socket", socket_,
                                      "--sysroot", twin.root()};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    process_ = ::fork();
    if (process_ == 0) {
      // The programs' own, so that they share journal and lock as on a machine.
      ::setenv("ISOJOULE_STATE", place.path("cache").c_str(), 1);
      if (std::freopen(log_.c_str(), "w", stderr) == nullptr) ::_exit(126);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    becomes_true([&] { return helper::connect_to(socket_).has_value(); });
  }
  ~Daemon() { stop(SIGTERM); }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // The exit status, as waitpid gives it.
  int stop(int signal) {
    int status = 0;
    if (process_ <= 0) return status;
    ::kill(process_, signal);
    ::waitpid(process_, &status, 0);
    process_ = -1;
    return status;
  }
  pid_t process() const { return process_; }
  const std::string& socket() const { return socket_; }
  std::string log() const { return text_of(log_); }

 private:
  std::string socket_, log_;
  pid_t process_ = -1;
};

// A client by hand.
class Caller {
 public:
  explicit Caller(const std::string& socket) {
    auto connected = helper::connect_to(socket);
    if (connected) socket_ = std::move(*connected);
  }
  // The reply's line; "" = the other side has closed.
  std::string say(const std::string& line) {
    (void)helper::send_some(socket_.get(), line + "\n");
    for (;;) {
      const auto reply = buffer_.next();
      if (!reply) return "too long";
      if (*reply) return **reply;
      const auto received = helper::receive_some(socket_.get());
      if (!received || received->bytes.empty()) return {};
      buffer_.append(received->bytes);
    }
  }
  std::string write(const std::string& path, const std::string& text) {
    helper::Request request;
    request.verb = helper::Verb::write;
    request.path = path;
    request.text = text;
    std::string line = helper::to_line(request);
    line.pop_back();
    return say(line);
  }

 private:
  Descriptor socket_;
  helper::LineBuffer buffer_{helper::kReplyLimit};
};

class HelperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = MountedTwin::why_not(); !why.empty()) GTEST_SKIP() << why;
    twin_ = std::make_unique<MountedTwin>(place_, "jetson-nano");
    ASSERT_TRUE(twin_->mounted()) << twin_->log();
    before_ = twin_->settings();
    daemon_ = std::make_unique<Daemon>(place_, *twin_);
  }
  std::vector<std::string> apply(const std::string& setting, const std::string& duration) const {
    return {"apply",    setting,           "--sysroot", twin_->root(),
            "--helper", daemon_->socket(), "--for",     duration};
  }
  bool is_set() const { return twin_->read(kMaximum) == "614400\n"; }
  bool is_restored() const { return twin_->settings() == before_; }

  Workplace place_;
  std::unique_ptr<MountedTwin> twin_;
  std::map<std::string, std::string> before_;
  std::unique_ptr<Daemon> daemon_;
};

TEST_F(HelperTest, SetsForAProgramAndPutsBackAtItsEnd) {
  const pid_t program = place_.start(apply("cpu_frequency=614.4MHz", "2s"));
  EXPECT_TRUE(becomes_true([&] { return is_set(); }));
  const Outcome outcome = place_.wait(program);
  EXPECT_EQ(outcome.status, 0) << outcome.err << daemon_->log();
  EXPECT_THAT(outcome.out, HasSubstr("614.4 MHz"));
  EXPECT_TRUE(becomes_true([&] { return is_restored(); }));
  EXPECT_THAT(daemon_->log(), HasSubstr("has the board"));
  EXPECT_TRUE(becomes_true([&] {
    return daemon_->log().find("the board is restored") != std::string::npos;
  })) << daemon_->log();
}

TEST_F(HelperTest, RestoresWithinASecondOfItsClientsDeath) {
  const pid_t program = place_.start(apply("cpu_frequency=614.4MHz", "60s"));
  ASSERT_TRUE(becomes_true([&] { return is_set(); }));
  ::kill(program, SIGKILL);
  EXPECT_TRUE(becomes_true([&] { return is_restored(); }, 1s)) << daemon_->log();
  place_.wait(program);
}

TEST_F(HelperTest, TheKeeperRestoresWithinASecondOfTheHelpersDeath) {
  const pid_t program = place_.start(apply("cpu_frequency=614.4MHz", "60s"));
  ASSERT_TRUE(becomes_true([&] { return is_set(); }));
  daemon_->stop(SIGKILL);
  EXPECT_TRUE(becomes_true([&] { return is_restored(); }, 1s));
  ::kill(program, SIGKILL);
  place_.wait(program);
}

TEST_F(HelperTest, RestoresAndRemovesItsSocketWhenToldToStop) {
  Caller caller(daemon_->socket());
  EXPECT_THAT(caller.say(R"({"request":"hello","protocol":1})"), HasSubstr("jetson-nano"));
  EXPECT_EQ(caller.write(kMaximum, "614400"), R"({"ok":true})");
  EXPECT_TRUE(is_set());
  EXPECT_EQ(daemon_->stop(SIGTERM), 0);
  EXPECT_TRUE(is_restored());
  EXPECT_NE(::access(daemon_->socket().c_str(), F_OK), 0);
}

TEST_F(HelperTest, WritesOnlyThisBoardsNodesAndOnlyValuesInRange) {
  Caller caller(daemon_->socket());
  EXPECT_THAT(caller.write(kMaximum, "9999999"), HasSubstr("out_of_range"));
  EXPECT_THAT(caller.write(kMaximum, "-1"), HasSubstr("out_of_range"));
  EXPECT_THAT(caller.write("/sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "nonsense"),
              HasSubstr("out_of_range"));
  EXPECT_THAT(caller.write("/sys/power/state", "mem"), HasSubstr("permission_denied"));
  EXPECT_THAT(caller.write("/etc/passwd", "x"), HasSubstr("permission_denied"));
  EXPECT_THAT(caller.say(R"({"request":"open","path":"/etc/shadow"})"),
              HasSubstr("permission_denied"));
  EXPECT_TRUE(is_restored());
  EXPECT_THAT(caller.write("/sys/../etc/passwd", "x"), HasSubstr("invalid"));
  EXPECT_EQ(caller.say(R"({"request":"hello","protocol":1})"), "") << "the connection is closed";
}

TEST_F(HelperTest, OneClientAtATimeHasTheBoard) {
  Caller first(daemon_->socket()), second(daemon_->socket());
  ASSERT_EQ(first.write(kMaximum, "614400"), R"({"ok":true})");
  EXPECT_THAT(second.write(kMaximum, "710400"),
              HasSubstr("process " + std::to_string(::getpid()) + " has the board"));
  EXPECT_EQ(first.say(R"({"request":"bye"})"), R"({"ok":true})");
  EXPECT_TRUE(is_restored());
  EXPECT_EQ(second.write(kMaximum, "710400"), R"({"ok":true})");
}

TEST_F(HelperTest, NonsenseEndsItsOwnConnectionAlone) {
  Caller good(daemon_->socket()), bad(daemon_->socket());
  ASSERT_EQ(good.write(kMaximum, "614400"), R"({"ok":true})");
  EXPECT_THAT(bad.say("nonsense"), HasSubstr("parse"));
  EXPECT_EQ(bad.say("more"), "");
  EXPECT_THAT(Caller(daemon_->socket()).say(R"({"request":"hello","protocol":2})"),
              HasSubstr("newer_schema"));
  EXPECT_TRUE(is_set());
  EXPECT_EQ(good.say(R"({"request":"bye"})"), R"({"ok":true})");
}

TEST_F(HelperTest, AProgramWithRightsIsToldWhoHasTheBoard) {
  Caller caller(daemon_->socket());
  ASSERT_EQ(caller.write(kMaximum, "614400"), R"({"ok":true})");
  const Outcome outcome =
      place_.run({"apply", "cpu_frequency=710.4MHz", "--sysroot", twin_->root(), "--for", "1s"});
  EXPECT_NE(outcome.status, 0);
  EXPECT_THAT(outcome.err, HasSubstr("isojouled for process " + std::to_string(::getpid())));
}

TEST_F(HelperTest, ProbeSaysThatItGoesThroughTheHelper) {
  const Outcome outcome =
      place_.run({"probe", "--sysroot", twin_->root(), "--helper", daemon_->socket()});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("helper " + daemon_->socket()));
}

TEST_F(HelperTest, ASocketThatIsNotThereIsSaid) {
  const Outcome outcome =
      place_.run({"probe", "--sysroot", twin_->root(), "--helper", place_.path("nobody")});
  EXPECT_NE(outcome.status, 0);
  EXPECT_THAT(outcome.err, HasSubstr(place_.path("nobody")));
}

TEST_F(HelperTest, WhatItCannotHoldIsRefused) {
  const Outcome outcome = place_.run({"apply", "cpu_frequency=614.4MHz", "--sysroot", twin_->root(),
                                      "--helper", daemon_->socket()});
  EXPECT_NE(outcome.status, 0);
  EXPECT_THAT(outcome.err, HasSubstr("--for"));
  EXPECT_TRUE(is_restored());
}

TEST_F(HelperTest, EndsWhenNobodyNeedsIt) {
  daemon_->stop(SIGTERM);
  Daemon idle(place_, *twin_, {"--idle", "0.2"});
  int status = 0;
  EXPECT_TRUE(becomes_true([&] { return ::waitpid(idle.process(), &status, WNOHANG) != 0; }));
  EXPECT_EQ(status, 0) << idle.log();
}

// The mode of the socket would keep it out; the peer's credentials must, too.
TEST_F(HelperTest, AUserOutsideTheGroupIsTurnedAway) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  ASSERT_EQ(::chmod(daemon_->socket().c_str(), 0666), 0);
  ASSERT_EQ(::chmod(place_.path("").c_str(), 0755), 0);
  const std::string heard = place_.path("heard");
  { std::ofstream(heard) << ""; }
  ASSERT_EQ(::chmod(heard.c_str(), 0666), 0);
  const pid_t process = ::fork();
  if (process == 0) {
    constexpr uid_t kNobody = 65534;
    if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) ::_exit(1);
    Caller caller(daemon_->socket());
    std::ofstream(heard) << caller.say(R"({"request":"hello","protocol":1})");
    ::_exit(0);
  }
  int status = 1;
  ::waitpid(process, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_THAT(text_of(heard), HasSubstr("may not use the helper"));
  EXPECT_THAT(text_of(heard), HasSubstr("group isojoule"));
}

}  // namespace
}  // namespace isojoule::test
