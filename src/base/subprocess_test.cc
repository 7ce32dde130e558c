#include "base/subprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <fstream>
#include <vector>

namespace isojoule {
namespace {

Instant after(std::int64_t ms) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant{now.tv_sec * 1'000'000'000LL + now.tv_nsec} + Duration::milliseconds(ms);
}

std::unique_ptr<Subprocess> shell(const std::string& script,
                                  std::map<std::string, std::string> environment = {},
                                  std::size_t limit = 8192) {
  SubprocessOptions options;
  options.command = {"/bin/sh", "-c", script};
  options.environment = std::move(environment);
  options.channel = 3;
  options.output_limit = limit;
  auto started = Subprocess::start(options);
  EXPECT_TRUE(started) << to_string(started.error());
  return started ? std::move(*started) : nullptr;
}

std::string receive_all(Subprocess& child) {
  std::string text;
  std::array<char, 100> buffer{};
  while (true) {
    const auto count = child.receive(buffer, after(20'000));
    if (!count || *count == 0) return text;
    text.append(buffer.data(), *count);
  }
}

TEST(Subprocess, tells_the_exit_status_again_and_again) {
  const auto child = shell("exit 7");
  EXPECT_EQ(child->wait(after(20'000)), (ExitState{false, 7}));
  EXPECT_EQ(child->wait(after(0)), (ExitState{false, 7}));
  EXPECT_EQ(child->stop(Duration{0}), (ExitState{false, 7}));
  EXPECT_EQ(to_string(ExitState{false, 7}), "exit status 7");
}

TEST(Subprocess, tells_the_signal) {
  const auto child = shell("kill -SEGV $$");
  EXPECT_EQ(child->wait(after(20'000)), (ExitState{true, SIGSEGV}));
  EXPECT_EQ(to_string(ExitState{true, SIGSEGV}), "signal 11 (Segmentation fault)");
}

TEST(Subprocess, keeps_a_bounded_end_of_what_it_writes) {
  const auto child = shell(
      "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; "
      "echo the last >&2; echo; exit 1",
      {}, 64);
  EXPECT_EQ(child->wait(after(20'000)), (ExitState{false, 1}));
  EXPECT_LE(child->output_tail().size(), 64u);
  EXPECT_THAT(child->output_tail(), testing::EndsWith("line 2999\nthe last\n\n"));
  EXPECT_EQ(child->last_output_line(), "the last");
}

TEST(Subprocess, knows_the_most_memory_that_the_child_had) {
  const auto none = shell("exit 0");
  EXPECT_FALSE(none->peak_memory());  // it has not ended
  none->wait(after(20'000));
  ASSERT_GT(none->inherited_memory(), 0);
  // tail keeps all that may be asked for, and is a child of the child.
  const std::int64_t bytes = none->inherited_memory() + (std::int64_t{32} << 20);
  const auto child = shell("head -c " + std::to_string(bytes) + " /dev/zero | tail -c " +
                           std::to_string(bytes) + " > /dev/null");
  EXPECT_EQ(child->wait(after(20'000)), (ExitState{false, 0}));
  ASSERT_TRUE(child->peak_memory());
  EXPECT_GE(*child->peak_memory(), bytes);
  EXPECT_LT(*child->peak_memory(), 3 * bytes);
}

TEST(Subprocess, does_not_take_the_parents_memory_for_the_childs) {
  const std::vector<char> ours(std::size_t{64} << 20, 'x');
  const auto child = shell("exit 0");
  child->wait(after(20'000));
  EXPECT_EQ(ours[ours.size() / 2], 'x');
  EXPECT_GE(child->inherited_memory(), static_cast<std::int64_t>(ours.size()));
  EXPECT_EQ(child->peak_memory(), std::nullopt);
}

TEST(Subprocess, talks_both_ways_over_the_channel) {
  const auto child = shell("read line <&3; echo \"got $line, $COLOUR\" >&3", {{"COLOUR", "blue"}});
  ASSERT_TRUE(child->send("hello\n", after(20'000)));
  EXPECT_EQ(receive_all(*child), "got hello, blue\n");
  EXPECT_EQ(child->wait(after(20'000)), (ExitState{false, 0}));
}

TEST(Subprocess, output_is_taken_as_it_comes) {
  const auto child = shell("echo one; read answer <&3; echo two; exit 0");
  EXPECT_EQ(child->take_output(after(20'000)), "one\n");
  EXPECT_EQ(child->take_output(after(0)), "");
  EXPECT_FALSE(child->output_closed());
  ASSERT_TRUE(child->send("go\n", after(20'000)).has_value());
  EXPECT_EQ(child->take_output(after(20'000)), "two\n");
  EXPECT_EQ(child->take_output(after(20'000)), "");  // its end, long before the deadline
  EXPECT_TRUE(child->output_closed());
  EXPECT_EQ(child->wait(after(20'000)), (ExitState{false, 0}));
}

TEST(Subprocess, environment_changes_replace_what_is_inherited) {
  setenv("ISOJOULE_SUBPROCESS_TEST", "old", 1);
  const auto child = shell("echo \"$ISOJOULE_SUBPROCESS_TEST\"; env | grep -c SUBPROCESS_TEST=",
                           {{"ISOJOULE_SUBPROCESS_TEST", "new"}});
  child->wait(after(20'000));
  EXPECT_EQ(child->output_tail(), "new\n1\n");
}

TEST(Subprocess, receive_keeps_its_deadline) {
  const auto child = shell("exec sleep 30");
  std::array<char, 8> buffer{};
  const Instant deadline = after(50);
  const auto got = child->receive(buffer, deadline);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::timeout);
  EXPECT_GE(after(0), deadline);
  EXPECT_FALSE(child->wait(after(5)).has_value());
}

TEST(Subprocess, a_chatty_child_does_not_block_while_we_wait_for_its_channel) {
  // 400 kB is more than a pipe holds: it ends only when its output is read meanwhile.
  const auto child = shell("head -c 400000 /dev/zero; echo done >&3");
  EXPECT_EQ(receive_all(*child), "done\n");
}

TEST(Subprocess, stop_is_gentle_first_then_not) {
  const auto gentle = shell("trap 'exit 5' TERM; echo up >&3; while :; do sleep 0.01; done");
  std::array<char, 8> buffer{};
  ASSERT_TRUE(gentle->receive(buffer, after(20'000)));
  EXPECT_EQ(gentle->stop(Duration::milliseconds(20'000)), (ExitState{false, 5}));

  const auto stubborn = shell("trap '' TERM; echo up >&3; while :; do sleep 0.01; done");
  ASSERT_TRUE(stubborn->receive(buffer, after(20'000)));
  EXPECT_EQ(stubborn->stop(Duration::milliseconds(30)), (ExitState{true, SIGKILL}));
}

TEST(Subprocess, a_program_that_is_not_there_is_a_typed_error) {
  SubprocessOptions options;
  options.command = {"/nowhere/at-all"};
  const auto started = Subprocess::start(options);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, ErrorKind::not_found);
  EXPECT_THAT(started.error().what, testing::HasSubstr("/nowhere/at-all"));

  options.command = {"/etc/passwd"};
  const auto refused = Subprocess::start(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::permission_denied);

  options.command = {};
  EXPECT_EQ(Subprocess::start(options).error().kind, ErrorKind::invalid);
}

TEST(Subprocess, does_not_outlive_its_owner) {
  pid_t pid = 0;
  { pid = shell("exec sleep 300")->pid(); }
  EXPECT_EQ(kill(pid, 0), -1);  // gone, and waited for: no zombie either
}

// A parent that is killed without warning takes the child along.
TEST(Subprocess, dies_with_its_parent) {
  const std::string file = testing::TempDir() + "isojoule_child_" + std::to_string(getpid());
  const pid_t parent = fork();
  if (parent == 0) {
    const auto child = shell("exec sleep 300");
    std::ofstream(file) << child->pid() << std::endl;
    raise(SIGKILL);
    _exit(0);
  }
  ASSERT_GT(parent, 0);
  int state = 0;
  ASSERT_EQ(waitpid(parent, &state, 0), parent);
  pid_t child = 0;
  std::ifstream(file) >> child;
  unlink(file.c_str());
  ASSERT_GT(child, 0);
  // It belongs to init now, which may take a moment, or never come, to collect it: a zombie is
  // dead.
  const auto dead = [child] {
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    std::string number, name, letter;
    return !(stat >> number >> name >> letter) || letter == "Z";
  };
  const Instant limit = after(10'000);
  while (!dead() && after(0) < limit) usleep(2000);
  EXPECT_TRUE(dead());
}

}  // namespace
}  // namespace isojoule
