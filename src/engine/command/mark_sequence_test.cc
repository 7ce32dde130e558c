#include "engine/command/mark_sequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace isojoule {
namespace {

using testing::HasSubstr;

constexpr Instant kNow{1'000'000};

// Lines of marks, one after the other; the first fault, or "".
std::string feed(MarkSequence& sequence, const std::string& text) {
  std::istringstream lines(text);
  std::int64_t read = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto marks = parse_marks(line, kNow);
    EXPECT_TRUE(marks) << line;
    ++read;
    for (const Mark& mark : *marks)
      if (const std::string fault = sequence.take(mark, kNow, read); !fault.empty()) return fault;
  }
  return {};
}

// "load 5-10, inference 10-20 (2), ...": the phases, with the batches inside.
std::string words_of(MarkSequence& sequence) {
  std::string words;
  int batches = 0;
  Instant begin;
  for (const Event& event : sequence.events()) {
    if (event.kind == EventKind::phase_begin) begin = event.begin, batches = 0;
    if (event.kind == EventKind::batch) ++batches;
    if (event.kind != EventKind::phase_end) continue;
    words += (words.empty() ? "" : ", ") + std::string(name_of(event.phase)) + " " +
             std::to_string(begin.ns) + "-" + std::to_string(event.end.ns);
    if (batches > 0) words += " (" + std::to_string(batches) + ")";
  }
  return words;
}

std::string phases_of(const std::string& text, Instant end = {900}) {
  MarkSequence sequence({1});
  if (const std::string fault = feed(sequence, text); !fault.empty()) return fault;
  if (const std::string fault = sequence.finish(end); !fault.empty()) return fault;
  EXPECT_EQ(sequence.events().back().kind, EventKind::finished);
  return words_of(sequence);
}

TEST(MarkSequence, without_a_mark_the_whole_process_is_the_inference) {
  EXPECT_EQ(phases_of(""), "inference 1-900");
  EXPECT_EQ(phases_of("note model x"), "inference 1-900");
}

TEST(MarkSequence, what_is_not_marked_is_the_process_at_both_ends) {
  EXPECT_EQ(phases_of("begin load 5\nend load 10\nbegin inference 12\nend inference 20"),
            "process_start 1-5, load 5-10, inference 12-20, tear_down 20-900");
  EXPECT_EQ(phases_of("begin inference 12\nend inference 20\nbegin tear_down 30\nend tear_down 40"),
            "process_start 1-12, inference 12-20, tear_down 30-40");
}

TEST(MarkSequence, a_phase_that_is_open_ends_with_the_process) {
  EXPECT_EQ(phases_of("begin inference 12"), "process_start 1-12, inference 12-900");
}

TEST(MarkSequence, batches_alone_make_the_inference_phase) {
  EXPECT_EQ(phases_of("batch begin 5\nbatch end 9\nbatch begin 10\nbatch end 20"),
            "process_start 1-5, inference 5-20 (2), tear_down 20-900");
  EXPECT_EQ(phases_of(R"({"type":"batches","marks_ns":[5,9,10,20]})"
                      "\nbegin post_processing 22\nend post_processing 30"),
            "process_start 1-5, inference 5-20 (2), post_processing 22-30, tear_down 30-900");
}

TEST(MarkSequence, faults_are_said) {
  const std::map<std::string, std::string> cases = {
      {"end load 5", "ends and did not begin"},
      {"begin load 5\nbegin inference 6", "phase load has not ended"},
      {"begin load 5\nend inference 6", "phase inference ends and did not begin"},
      {"begin load 5\nend load 4", "before the event ahead of it"},
      {"begin load 5\nend load 6\nbegin load 7", "begins a second time"},
      {"begin load 99999999", "ahead of the clock"},
      {"begin idle 5", "phase idle is isojoule's own"},
      {"begin process_start 5", "phase process_start is isojoule's own"},
      {"begin load 5\nend load 6", "no phase inference"},
      {"batch end 5", "a batch ends and did not begin"},
      {"batch begin 5\nbatch begin 6", "before the one ahead of it has ended"},
      {"batch begin 6\nbatch end 5", "ends before it begins"},
      {"batch begin 6", "a batch has not ended"},
      {"begin inference 5\nbatch begin 6\nend inference 7", "before its batch has ended"},
      {"begin load 5\nbatch begin 6\nbatch end 7", "outside the inference phase"},
      {"note inferences many", "no whole number"},
      {"note inferences 0", "no whole number"},
      {R"({"type":"layers","layers":[]})", "layers outside the profiling phase"},
  };
  for (const auto& [text, why] : cases) EXPECT_THAT(phases_of(text), HasSubstr(why)) << text;
}

TEST(MarkSequence, windows_lie_between_the_start_and_now) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"type":"window_marks","client":1,"at_ns":99,"marks":[1,1,0]})", "before the program's"},
      {R"({"type":"window_marks","client":1,"at_ns":201,"marks":[1,1,0]})", "ahead of the clock"},
      {R"({"type":"window_names","client":1,"from":5,"names":["a"]})", "number 5 instead of 0"},
      {R"({"type":"window_marks","client":1,"at_ns":100,"marks":[1,1,0,1,2,100]})", ""}};
  for (const auto& [line, why] : cases) {
    MarkSequence sequence({100});
    const auto marks = parse_marks(line, {200});
    ASSERT_TRUE(marks) << line;
    const std::string fault = sequence.take(marks->front(), {200}, 1);
    EXPECT_NE(fault.find(why), std::string::npos) << fault;
    EXPECT_EQ(fault.empty(), why.empty()) << fault;
  }
}

TEST(MarkSequence, a_begin_and_its_end_in_one_read_are_a_buffer) {
  const auto mark = [](const char* line) { return parse_marks(line, kNow)->at(0); };
  for (const auto& [begin, end] :
       {std::pair("begin inference", "end inference"), std::pair("batch begin", "batch end")}) {
    MarkSequence together({1}), apart({1});
    EXPECT_EQ(together.take(mark(begin), kNow, 1), "");
    EXPECT_THAT(together.take(mark(end), kNow, 1), HasSubstr("buffers its output"));
    EXPECT_EQ(apart.take(mark(begin), kNow, 1), "");
    EXPECT_EQ(apart.take(mark(end), kNow, 2), "");
  }
  MarkSequence kept({1}, true);
  EXPECT_EQ(kept.take(mark("begin inference"), kNow, 1), "");
  EXPECT_EQ(kept.take(mark("end inference"), kNow, 1), "");
  EXPECT_EQ(kept.together(), 1);
  MarkSequence timed({1});
  EXPECT_EQ(timed.take(mark("begin inference 5"), kNow, 1), "");
  EXPECT_EQ(timed.take(mark("end inference 6"), kNow, 1), "");
}

}  // namespace
}  // namespace isojoule
