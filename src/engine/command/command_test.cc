// Every way in which a program can behave, with shell scripts as programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/peak_memory.h"
#include "engine/engine.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Outcome {
  std::map<std::string, std::string> notes;
  std::map<PhaseKind, Duration> phases;
  int batches = 0;
  bool finished = false;
  std::optional<Error> error;
};

class CommandTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "isojoule_command_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    auto engine = open_engine("command", {}, *clock_);
    ASSERT_TRUE(engine);
    engine_ = std::move(*engine);
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  Result<std::unique_ptr<Session>> start(std::vector<std::string> command, Job job = {}) {
    job.command = std::move(command);
    return engine_->start(job);
  }
  Outcome outcome_of(Session& session) {
    Outcome outcome;
    Instant begin;
    const Instant limit = clock_->now() + Duration::milliseconds(100'000);
    while (!outcome.finished && !outcome.error && clock_->now() < limit) {
      const auto event = session.next_event(limit);
      if (!event || !*event) break;
      const Event& seen = **event;
      if (seen.kind == EventKind::note) outcome.notes[seen.key] = seen.value;
      if (seen.kind == EventKind::phase_begin) begin = seen.begin;
      if (seen.kind == EventKind::phase_end) outcome.phases[seen.phase] = seen.end - begin;
      if (seen.kind == EventKind::batch) ++outcome.batches;
      outcome.finished = seen.kind == EventKind::finished;
      if (seen.kind == EventKind::failed) outcome.error = seen.error;
    }
    const auto more = session.next_event(clock_->now());
    EXPECT_TRUE(more && !*more);
    return outcome;
  }
  Outcome run(std::vector<std::string> command, Job job = {}) {
    const auto session = start(std::move(command), std::move(job));
    EXPECT_TRUE(session) << to_string(session.error());
    return session ? outcome_of(**session) : Outcome{};
  }
  Outcome shell(const std::string& script, Job job = {}) {
    return run({"sh", "-c", script}, std::move(job));
  }
  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  static std::string text_of(const std::string& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  // Waits a moment for it: a killed process is there until it is reaped by its new parent.
  static bool is_gone(const std::string& pid) {
    for (int i = 0; i < 200; ++i) {
      if (kill(std::stoi(pid), 0) != 0 && errno == ESRCH) return true;
      if (text_of("/proc/" + pid + "/stat").find(") Z ") != std::string::npos) return true;
      usleep(10'000);
    }
    return false;
  }

  fs::path folder_;
  std::unique_ptr<Clock> clock_ = make_real_clock();
  std::unique_ptr<Engine> engine_;
};

TEST_F(CommandTest, a_program_without_marks_is_one_inference) {
  const Outcome outcome = shell("sleep 0.1");
  ASSERT_TRUE(outcome.finished);
  ASSERT_EQ(outcome.phases.size(), 1u);
  EXPECT_GE(outcome.phases.at(PhaseKind::inference), Duration::milliseconds(100));
  EXPECT_EQ(outcome.notes.at("phases"), "none marked: the whole process is the inference phase");
  EXPECT_EQ(outcome.notes.at("exit_status"), "0");
  EXPECT_EQ(outcome.notes.at("command"), "sh -c sleep 0.1");
}

TEST_F(CommandTest, the_programs_peak_memory_is_noted) {
  const auto ours = own_peak_memory();
  ASSERT_TRUE(ours);
  const std::int64_t bytes = *ours + (std::int64_t{32} << 20);  // tail keeps all of it
  const std::string count = std::to_string(bytes);
  const Outcome large = shell("head -c " + count + " /dev/zero | tail -c " + count + " >/dev/null");
  ASSERT_TRUE(large.finished);
  EXPECT_GE(std::stoll(large.notes.at("peak_memory_bytes")), bytes);
  EXPECT_FALSE(large.notes.contains("peak_memory"));
  const std::vector<char> held(std::size_t{64} << 20, 'x');  // of which the program has nothing
  const Outcome small = shell("exit 0");
  ASSERT_TRUE(small.finished);
  EXPECT_EQ(held[held.size() / 2], 'x');
  EXPECT_FALSE(small.notes.contains("peak_memory_bytes"));
  EXPECT_THAT(small.notes.at("peak_memory"), HasSubstr("not known: no more than the "));
}

TEST_F(CommandTest, marks_come_over_standard_output_and_the_descriptor) {
  for (const char* to : {"", " >&$ISOJOULE_FD"}) {
    const std::string script =
        "say() { echo isojoule: $*" + std::string(to) +
        "; sleep 0.03; }; say begin load; say end load; say begin inference; say batch begin; say "
        "batch end; say batch begin; say batch end; say end inference; say note inferences 7";
    const Outcome outcome = shell(script);
    ASSERT_TRUE(outcome.finished) << to_string(outcome.error.value_or(Error{}));
    EXPECT_EQ(outcome.batches, 2);
    EXPECT_EQ(outcome.notes.at("inferences"), "7");
    EXPECT_GE(outcome.phases.at(PhaseKind::load), Duration::milliseconds(20));
    EXPECT_TRUE(outcome.phases.contains(PhaseKind::process_start));
    EXPECT_TRUE(outcome.phases.contains(PhaseKind::tear_down));
    EXPECT_THAT(outcome.notes.at("marks"), HasSubstr("timed when they arrived"));
  }
}

TEST_F(CommandTest, marks_with_a_time_of_their_own_may_come_at_once) {
  // /proc/uptime has steps of 10 ms: without the first sleep a step may lie before the start.
  const Outcome outcome = shell(
      "now() { awk '{printf \"%.0f\", $1 * 1e9}' /proc/uptime; }; sleep 0.05; a=$(now); sleep 0.1; "
      "b=$(now); "
      "echo \"isojoule: begin inference $a\"; echo \"isojoule: end inference $b\"");
  // /proc/uptime counts a suspended machine's time, CLOCK_MONOTONIC does not.
  if (outcome.error && outcome.error->what.find("ahead of the clock") != std::string::npos)
    GTEST_SKIP() << "skipped: this machine has slept";
  ASSERT_TRUE(outcome.finished) << to_string(outcome.error.value_or(Error{}));
  EXPECT_NEAR(outcome.phases.at(PhaseKind::inference).seconds().value(), 0.1, 0.05);
  EXPECT_FALSE(outcome.notes.contains("marks"));
}

TEST_F(CommandTest, programs_that_cannot_start_say_so_before) {
  const auto error_of = [&](const std::vector<std::string>& command) {
    const auto session = start(command);
    return session ? Error{} : session.error();
  };
  EXPECT_EQ(error_of({}).kind, ErrorKind::invalid);
  EXPECT_EQ(error_of({"isojoule-no-such-program"}).kind, ErrorKind::not_found);
  EXPECT_THAT(error_of({"isojoule-no-such-program"}).tried, HasSubstr("/bin"));
  EXPECT_EQ(error_of({file("nothing")}).kind, ErrorKind::not_found);
  EXPECT_EQ(error_of({folder_.string()}).kind, ErrorKind::invalid);
  std::ofstream(file("plain.py")) << "print(1)\n";
  EXPECT_EQ(error_of({file("plain.py")}).kind, ErrorKind::permission_denied);
  EXPECT_THAT(error_of({file("plain.py")}).remedy, HasSubstr("python3 "));
  chmod(file("plain.py").c_str(), 0755);
  EXPECT_NE(error_of({file("plain.py")}).what, "");  // no interpreter is named in it
  Job job;
  job.options["colour"] = "red";
  EXPECT_EQ(start({"true"}, job).error().kind, ErrorKind::not_found);
  job.options = {{"timeout_s", "soon"}};
  EXPECT_EQ(start({"true"}, job).error().kind, ErrorKind::invalid);
  job.options = {{"output", "printer"}};
  EXPECT_EQ(start({"true"}, job).error().kind, ErrorKind::invalid);
}

TEST_F(CommandTest, how_it_ended_is_told) {
  const Outcome three = shell("echo isojoule: begin inference; echo broken >&2; exit 3");
  ASSERT_TRUE(three.error);
  EXPECT_EQ(three.error->what,
            "the command ended with exit status 3 in phase inference; its last line: broken");
  EXPECT_EQ(three.notes.at("exit_status"), "3");
  const Outcome killed = shell("kill -KILL $$");
  ASSERT_TRUE(killed.error);
  EXPECT_THAT(killed.error->what, HasSubstr("ended by signal 9"));
  EXPECT_EQ(killed.notes.at("exit_status"), "137");
}

TEST_F(CommandTest, nonsense_and_disorder_stop_the_program) {
  const std::map<std::string, std::string> cases = {
      {"echo isojoule: dance", "none of begin, end"},
      {"echo isojoule: end load", "ends and did not begin"},
      {"echo 'hello' >&9", "none of begin, end"},
      {"echo '{\"type\":\"finished\"}' >&9", "by its exit status"},
      {"echo '{\"type\":\"phase_begin\",\"phase\":\"load\",\"at_ns\":1}' >&9",
       "before the event ahead of it"},
      {"head -c 2000000 /dev/zero >&9", "the line does not end"},
  };
  for (const auto& [script, why] : cases) {
    const Instant begin = clock_->now();
    const Outcome outcome = shell(script + "; sleep 30");
    ASSERT_TRUE(outcome.error) << script;
    EXPECT_EQ(outcome.error->kind, ErrorKind::engine);
    EXPECT_THAT(outcome.error->what, HasSubstr(why)) << script;
    EXPECT_LT(clock_->now() - begin, Duration::milliseconds(10'000)) << script;
  }
  const Outcome buffered =
      shell("printf 'isojoule: begin inference\\nisojoule: end inference\\n'; sleep 30");
  ASSERT_TRUE(buffered.error);
  EXPECT_THAT(buffered.error->what, HasSubstr("buffers its output"));
  const Outcome unfinished =
      shell("echo isojoule: begin load; sleep 0.05; echo isojoule: end load");
  ASSERT_TRUE(unfinished.error);
  EXPECT_THAT(unfinished.error->what, HasSubstr("no phase inference"));
}

TEST_F(CommandTest, lines_that_are_not_for_us_are_nobodys_business) {
  EXPECT_TRUE(
      shell("echo 'isojoule is nice'; echo ' isojoule: dance'; printf 'isojoule: x'").finished);
  EXPECT_TRUE(
      shell("head -c 10000000 /dev/zero; head -c 10000000 /dev/zero | tr '\\0' '\\n'").finished);
}

TEST_F(CommandTest, a_hang_ends_in_time) {
  Job job;
  job.options["timeout_s"] = "0.3";
  const Outcome outcome = shell("echo isojoule: begin load; trap '' TERM; sleep 60", job);
  ASSERT_TRUE(outcome.error);
  EXPECT_THAT(outcome.error->what,
              HasSubstr("more than the 0.3 s that it was given in phase load"));
  const Outcome flood = run({"yes"}, job);
  ASSERT_TRUE(flood.error);
  EXPECT_THAT(flood.error->what, HasSubstr("more than the 0.3 s"));
}

TEST_F(CommandTest, a_flood_of_output_does_not_hold_the_caller) {
  const auto session = start({"yes"});
  ASSERT_TRUE(session);
  ASSERT_TRUE((*session)->next_event(clock_->now()));  // the note of the command
  const Instant deadline = clock_->now() + Duration::milliseconds(100);
  const auto event = (*session)->next_event(deadline);
  ASSERT_TRUE(event);
  EXPECT_FALSE(event->has_value());
  EXPECT_LT(clock_->now() - deadline, Duration::milliseconds(2000));
}

TEST_F(CommandTest, a_closed_descriptor_is_its_own_affair) {
  EXPECT_TRUE(shell("exec 9>&-; sleep 0.05").finished);
  EXPECT_TRUE(shell("exec 1>&- 2>&-; sleep 0.05").finished);
}

TEST_F(CommandTest, what_it_leaves_behind_is_killed) {
  const Instant begin = clock_->now();
  const Outcome outcome = shell("sleep 50 & echo $! > " + file("left"));
  EXPECT_TRUE(outcome.finished);
  EXPECT_LT(clock_->now() - begin, Duration::milliseconds(10'000));
  EXPECT_TRUE(is_gone(text_of(file("left"))));
}

TEST_F(CommandTest, whoever_leaves_early_interrupts_it) {
  auto session =
      start({"sh", "-c",
             "trap 'echo interrupted > " + file("trapped") + "; exit 0' INT; echo $$ > " +
                 file("pid") + "; while :; do sleep 0.02; done"});
  ASSERT_TRUE(session);
  while (text_of(file("pid")).empty()) {
    const auto event = (*session)->next_event(clock_->now() + Duration::milliseconds(10));
    ASSERT_TRUE(event);
  }
  session->reset();
  EXPECT_EQ(text_of(file("trapped")), "interrupted\n");
  EXPECT_TRUE(is_gone(text_of(file("pid"))));
}

}  // namespace
}  // namespace isojoule
