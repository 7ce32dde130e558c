// The C client, on a socket pair of our own.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "engine/command/mark_sequence.h"
#include "isojoule/isojoule.hpp"

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
  EXPECT_EQ(isojoule_open(), 0);
  EXPECT_EQ(isojoule_phase_begin("load"), 0);
}

// Programs close all that they do not know, and open files of their own.
TEST_F(MarkTest, a_file_that_has_our_number_now_is_not_written_to) {
  isojoule_mark("before");
  FILE* const file = std::tmpfile();
  ASSERT_EQ(dup2(fileno(file), ends_[1]), ends_[1]);
  EXPECT_EQ(isojoule_phase_begin("load"), 0);
  isojoule_close();
  EXPECT_EQ(lseek(fileno(file), 0, SEEK_END), 0);
  EXPECT_THAT(reason(), HasSubstr("closed the descriptor"));
  std::fclose(file);
}

// What a program starts has its environment, and seldom its descriptors.
TEST_F(MarkTest, a_descriptor_of_somebody_else_is_left_alone) {
  isojoule_close();
  setenv("ISOJOULE_FD_OWNER", std::to_string(getpid()).c_str(), 1);
  EXPECT_EQ(isojoule_open(), 1) << reason();
  isojoule_close();
  setenv("ISOJOULE_FD_OWNER", "1", 1);
  EXPECT_EQ(isojoule_open(), 0);
  EXPECT_THAT(reason(), HasSubstr("not handed on"));
  FILE* const file = std::tmpfile();
  setenv("ISOJOULE_FD", std::to_string(fileno(file)).c_str(), 1);
  setenv("ISOJOULE_FD_OWNER", std::to_string(getpid()).c_str(), 1);
  EXPECT_EQ(isojoule_open(), 0) << "no socket";
  unsetenv("ISOJOULE_FD_OWNER");
  std::fclose(file);
}

TEST_F(MarkTest, a_pipe_that_nobody_reads_is_no_signal) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  setenv("ISOJOULE_FD", std::to_string(pipe_ends[1]).c_str(), 1);
  isojoule_close();
  EXPECT_EQ(isojoule_open(), 1);
  EXPECT_EQ(isojoule_phase_begin("load"), 1);
  close(pipe_ends[0]);
  EXPECT_EQ(isojoule_phase_end("load"), 0);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigpending(&blocked);
  EXPECT_EQ(sigismember(&blocked, SIGPIPE), 0);
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  EXPECT_EQ(sigismember(&blocked, SIGPIPE), 0);
  close(pipe_ends[1]);
}

TEST_F(MarkTest, a_note_of_blanks_is_none) {
  for (const char* blank : {" ", "\n", "\t \x7f"}) {
    EXPECT_EQ(isojoule_note("key", blank), 0);
    EXPECT_EQ(isojoule_note(blank, "value"), 0);
  }
  EXPECT_EQ(said(), "");
}

TEST_F(MarkTest, options_that_cannot_be_are_refused) {
  isojoule_close();
  unsetenv("ISOJOULE_FD");
  isojoule_options options = {};
  EXPECT_EQ(isojoule_session_begin(&options), ISOJOULE_NOBODY);
  EXPECT_THAT(reason(), HasSubstr("size is not set"));
  options.size = sizeof(options);
  options.period_ns = -1;
  EXPECT_EQ(isojoule_session_begin(&options), ISOJOULE_NOBODY);
  EXPECT_THAT(reason(), HasSubstr("negative"));
  const std::string path(5000, 'x');
  options = {};
  options.size = sizeof(options);
  options.report = path.c_str();
  EXPECT_EQ(isojoule_session_begin(&options), ISOJOULE_NOBODY);
  EXPECT_THAT(reason(), HasSubstr("too long"));
  SessionOptions no_number;
  no_number.idle_s = std::nan("");
  EXPECT_EQ(MeasuredSession(no_number).listener(), Listener::nobody);
  EXPECT_THAT(isojoule::reason(), HasSubstr("no number"));
}

TEST_F(MarkTest, a_session_in_a_session_ends_nothing_and_says_so) {
  MeasuredSession session;
  EXPECT_EQ(session.listener(), Listener::measure);
  const Measured cost = session.end();
  EXPECT_FALSE(cost);
  EXPECT_THAT(cost.reason(), HasSubstr("part of another"));
  EXPECT_TRUE(std::isnan(cost.energy_j()) && std::isnan(cost.mean_power_w()));
  EXPECT_TRUE(mark("goes on"));
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

// What the client said of windows, put together.
std::vector<ClosedWindow> windows_of(const std::vector<Mark>& marks, WindowBook& book) {
  for (const Mark& mark : marks)
    if (mark.kind == Mark::Kind::windows) {
      EXPECT_EQ(book.take(mark.windows), "");
    }
  return book.take_closed();
}

TEST_F(MarkTest, windows_are_understood) {
  const std::int64_t begin = isojoule_now_ns();
  const std::int64_t outer = isojoule_window_begin("outer");
  const std::int64_t inner = isojoule_window_begin("in\"ner\\ \xff\n");
  EXPECT_GT(outer, 0);
  EXPECT_NE(inner, outer);
  EXPECT_EQ(isojoule_window_end(outer), 1);
  EXPECT_EQ(isojoule_mark("now"), 1);
  std::int64_t answer = 0;
  std::thread([&] { answer = isojoule_window_end(inner); }).join();
  EXPECT_EQ(answer, 1);
  EXPECT_EQ(said(), "") << "kept until there is time";
  isojoule_close();
  WindowBook book;
  const auto windows = windows_of(marks_of(said()), book);
  ASSERT_EQ(windows.size(), 3u);
  std::map<std::string, Window> by_name;
  for (const ClosedWindow& one : windows) by_name[one.window.name] = one.window;
  ASSERT_TRUE(by_name.contains("in\"ner\\ ? "));
  EXPECT_GE(by_name["outer"].begin.ns, begin);
  EXPECT_LE(by_name["outer"].begin, by_name["outer"].end);
  EXPECT_EQ(by_name["now"].begin, by_name["now"].end);
  EXPECT_EQ(book.take_faults(), WindowFaults{});
}

TEST_F(MarkTest, a_full_ring_is_sent_and_names_are_told_once) {
  std::string text;
  for (int i = 0; i < 5000; ++i) {
    isojoule_window_end(isojoule_window_begin(i % 2 == 0 ? "even" : "odd"));
    text += said();
  }
  EXPECT_FALSE(text.empty());
  isojoule_close();
  text += said();
  WindowBook book;
  EXPECT_EQ(windows_of(marks_of(text), book).size(), 5000u);
  EXPECT_EQ(text.find("\"even\""), text.rfind("\"even\""));
}

TEST_F(MarkTest, a_name_is_what_it_says_wherever_it_stands) {
  char name[400] = "first";
  isojoule_mark(name);
  std::strcpy(name, "second");  // the same place
  isojoule_mark(name);
  std::memset(name, 'x', 254);
  std::strcpy(name + 254, "\xc3\xa4 and more");  // the limit lies in the letter
  isojoule_mark(name);
  isojoule_close();
  WindowBook book;
  const auto windows = windows_of(marks_of(said()), book);
  ASSERT_EQ(windows.size(), 3u);
  EXPECT_EQ(windows[0].window.name, "first");
  EXPECT_EQ(windows[1].window.name, "second");
  EXPECT_EQ(windows[2].window.name, std::string(254, 'x'));
}

TEST_F(MarkTest, windows_of_a_fork_are_its_own) {
  isojoule_mark("parent");
  const pid_t child = fork();
  if (child == 0) {
    const bool silent = isojoule_mark("silent") == 0;
    const bool opened = isojoule_open() == 1;
    isojoule_mark("child");
    isojoule_close();
    _exit(silent && opened ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  isojoule_close();
  WindowBook book;
  const auto windows = windows_of(marks_of(said()), book);
  ASSERT_EQ(windows.size(), 2u);
  EXPECT_EQ(windows[0].window.name, "child");
  EXPECT_EQ(windows[1].window.name, "parent");
}

TEST_F(MarkTest, a_listener_says_nothing_of_energies) {
  isojoule_result result = {};
  result.size = sizeof(result);
  EXPECT_EQ(isojoule_listener(), ISOJOULE_MEASURE);
  EXPECT_EQ(isojoule_session_begin(nullptr), ISOJOULE_MEASURE);
  const std::int64_t window = isojoule_window_begin("w");
  EXPECT_EQ(isojoule_window_energy(window, &result), 0);
  EXPECT_EQ(result.flags, 0u);
  EXPECT_THAT(result.reason, HasSubstr("measure"));
  EXPECT_EQ(isojoule_session_end(&result), 0);
  EXPECT_EQ(isojoule_window_end(window), 1) << "it goes on";
}

}  // namespace
}  // namespace isojoule
