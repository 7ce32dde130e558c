// The C client, on a socket pair of our own.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "engine/command/mark_sequence.h"
#include "isojoule/isojoule.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

Instant now() { return {isojoule_now_ns()}; }

class MarkTest : public testing::Test {
 protected:
  void SetUp() override {
    isojoule_close();
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0);
    setenv("ISOJOULE_FD", std::to_string(ends_[1]).c_str(), 1);
    ASSERT_EQ(isojoule_open(), 1);
  }
  void TearDown() override {
    isojoule_close();
    unsetenv("ISOJOULE_FD");
    close(ends_[0]);
    close(ends_[1]);
  }
  // What has come so far.
  std::string said() const {
    std::string text;
    char buffer[4096];
    for (ssize_t count = 1; count > 0;) {
      count = recv(ends_[0], buffer, sizeof(buffer), MSG_DONTWAIT);
      if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
  }
  // The same as marks, each line understood.
  static std::vector<Mark> marks_of(const std::string& text) {
    std::vector<Mark> all;
    std::size_t at = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', at)) {
      const auto marks = parse_marks(text.substr(at, end - at), now());
      EXPECT_TRUE(marks) << to_string(marks.error());
      if (marks) all.insert(all.end(), marks->begin(), marks->end());
      at = end + 1;
    }
    EXPECT_EQ(at, text.size()) << "a line does not end";
    return all;
  }

  int ends_[2] = {-1, -1};
};

TEST_F(MarkTest, a_run_is_understood) {
  const Instant begin = now();
  EXPECT_EQ(isojoule_phase_begin("load"), 1);
  EXPECT_EQ(isojoule_phase_end("load"), 1);
  EXPECT_EQ(isojoule_phase_begin("inference"), 1);
  for (int i = 0; i < 1500; ++i) {
    EXPECT_EQ(isojoule_batch_begin(), 1);
    EXPECT_EQ(isojoule_batch_end(), 1);
  }
  const std::int64_t late = isojoule_now_ns();
  EXPECT_EQ(isojoule_batch(late, late + 1), 1);
  EXPECT_EQ(isojoule_phase_end("inference"), 1);
  EXPECT_EQ(isojoule_note("engine", "ours 1.2"), 1);
  MarkSequence sequence(begin);
  std::int64_t read = 0;
  for (const Mark& mark : marks_of(said())) ASSERT_EQ(sequence.take(mark, now(), ++read), "");
  ASSERT_EQ(sequence.finish(now()), "");
  int batches = 0;
  std::string engine;
  for (const Event& event : sequence.events()) {
    batches += event.kind == EventKind::batch ? 1 : 0;
    if (event.key == "engine") engine = event.value;
    EXPECT_NE(event.key, "marks") << "a mark came without its time";
  }
  EXPECT_EQ(batches, 1501);
  EXPECT_EQ(engine, "ours 1.2");
}

TEST_F(MarkTest, batches_wait_until_there_is_time) {
  isojoule_phase_begin("inference");
  EXPECT_THAT(said(), HasSubstr("begin inference "));
  isojoule_batch_begin();
  isojoule_batch_end();
  EXPECT_EQ(said(), "");
  isojoule_phase_end("inference");
  EXPECT_THAT(said(), HasSubstr("batches"));
  isojoule_batch(1, 2'000'000'000'000'000'000);  // long after the last sending
  EXPECT_THAT(said(), HasSubstr("[1,2000000000000000000]"));
}

TEST_F(MarkTest, where_nobody_measures_nothing_happens) {
  for (const char* number : {"", "abc", "-1", "99999999999999999999", "3x"}) {
    isojoule_close();
    setenv("ISOJOULE_FD", number, 1);
    EXPECT_EQ(isojoule_open(), 0) << number;
    EXPECT_EQ(isojoule_phase_begin("load"), 0);
    EXPECT_EQ(isojoule_batch_begin(), 0);
    EXPECT_EQ(isojoule_batch_end(), 0);
    EXPECT_EQ(isojoule_note("a", "b"), 0);
  }
  unsetenv("ISOJOULE_FD");
  EXPECT_EQ(isojoule_open(), 0);
}

TEST_F(MarkTest, a_listener_that_goes_is_no_matter) {
  shutdown(ends_[0], SHUT_RDWR);
  EXPECT_EQ(isojoule_phase_begin("load"), 0);  // and no SIGPIPE
  EXPECT_EQ(isojoule_phase_end("load"), 0);
  setenv("ISOJOULE_FD", "1000", 1);  // not open
  EXPECT_EQ(isojoule_open(), 1);     // nobody knows yet
  EXPECT_EQ(isojoule_phase_begin("load"), 0);
}

TEST_F(MarkTest, a_file_serves_as_well) {
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  setenv("ISOJOULE_FD", std::to_string(null).c_str(), 1);
  isojoule_close();
  EXPECT_EQ(isojoule_open(), 1);
  EXPECT_EQ(isojoule_phase_begin("load"), 1);
  isojoule_close();
  close(null);
}

TEST_F(MarkTest, odd_words_stay_one_line) {
  EXPECT_EQ(isojoule_note("a key", "two\nlines\tand \"more\" \xff"), 1);
  EXPECT_EQ(isojoule_note("long", std::string(100'000, 'x').c_str()), 1);
  EXPECT_EQ(isojoule_note("", "x"), 0);
  EXPECT_EQ(isojoule_note("x", ""), 0);
  EXPECT_EQ(isojoule_note(nullptr, nullptr), 0);
  EXPECT_EQ(isojoule_phase_begin(nullptr), 0);
  const auto marks = marks_of(said());
  ASSERT_EQ(marks.size(), 2u);
  EXPECT_EQ(marks[0].event.key, "a_key");
  EXPECT_THAT(marks[0].event.value, testing::StartsWith("two lines and \"more\""));
  EXPECT_LT(marks[1].event.value.size(), 1024u);
  EXPECT_EQ(isojoule_phase_begin(std::string(100'000, 'x').c_str()), 1);
  const std::string line = said();
  EXPECT_EQ(line.back(), '\n');
  EXPECT_FALSE(parse_marks(line, now()));  // it is told what it said, not what it broke
}

TEST_F(MarkTest, threads_do_not_mix_their_lines) {
  std::vector<std::thread> threads;  // fewer words than the socket holds: nobody reads meanwhile
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([] {
      for (int k = 0; k < 40; ++k) isojoule_note("thread", "some words of one of them");
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(marks_of(said()).size(), 160u);
}

TEST_F(MarkTest, a_fork_is_silent_unless_it_opens) {
  isojoule_batch(1, 2);
  const pid_t child = fork();
  if (child == 0) {
    isojoule_note("child", "silent");
    isojoule_close();
    const bool opened = isojoule_open() == 1;
    isojoule_note("child", "heard");
    isojoule_close();
    _exit(opened ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  isojoule_close();
  const std::string text = said();
  EXPECT_THAT(text, testing::Not(HasSubstr("silent")));
  EXPECT_THAT(text, HasSubstr("note child heard"));
  EXPECT_EQ(marks_of(text).size(), 2u);  // the parent's batch once
}

}  // namespace
}  // namespace isojoule
