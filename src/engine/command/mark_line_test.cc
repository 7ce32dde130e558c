#include "engine/command/mark_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace isojoule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Instant kNow{1000};

Mark single(const std::string& line) {
  const auto marks = parse_marks(line, kNow);
  EXPECT_TRUE(marks) << line << ": " << to_string(marks.error());
  if (!marks || marks->size() != 1) return {};
  return marks->at(0);
}

TEST(MarkLine, words_become_events) {
  const Mark begin = single("begin load");
  EXPECT_EQ(begin.event.kind, EventKind::phase_begin);
  EXPECT_EQ(begin.event.phase, PhaseKind::load);
  EXPECT_EQ(begin.event.begin, kNow);
  EXPECT_FALSE(begin.timed);

  const Mark end = single("  end   post_processing 123456789012345 \r");
  EXPECT_EQ(end.event.kind, EventKind::phase_end);
  EXPECT_EQ(end.event.phase, PhaseKind::post_processing);
  EXPECT_EQ(end.event.end, Instant{123456789012345});
  EXPECT_TRUE(end.timed);

  EXPECT_EQ(single("batch begin").kind, Mark::Kind::batch_begin);
  EXPECT_EQ(single("batch end 7").at, Instant{7});
  const Mark note = single("note model ResNet 18, of ours");
  EXPECT_EQ(note.event.key, "model");
  EXPECT_EQ(note.event.value, "ResNet 18, of ours");
}

TEST(MarkLine, json_is_that_of_the_workers) {
  EXPECT_EQ(single(R"({"type":"phase_begin","phase":"load","at_ns":5})").event.begin, Instant{5});
  EXPECT_EQ(single(R"({"type":"note","key":"a","value":"b"})").event.value, "b");
  const auto batches = parse_marks(R"({"type":"batches","marks_ns":[1,2,3,4]})", kNow);
  ASSERT_TRUE(batches);
  ASSERT_EQ(batches->size(), 2u);
  EXPECT_EQ(batches->at(1).event.end, Instant{4});
}

TEST(MarkLine, nonsense_is_a_parse_error_that_says_what) {
  const std::map<std::string, std::string> cases = {
      {"", "none of begin, end, batch, note"},
      {"dance", "none of begin, end, batch, note"},
      {"begin", "unknown phase"},
      {"begin inferense", "'inference'"},
      {"begin load soon", "no whole number of nanoseconds"},
      {"begin load -5", "no whole number of nanoseconds"},
      {"begin load 1.5", "no whole number of nanoseconds"},
      {"begin load 99999999999999999999", "no whole number of nanoseconds"},
      {"begin load 5 now", "too many words"},
      {"batch", "neither begin nor end"},
      {"batch stop", "neither begin nor end"},
      {"note", "a key and a value"},
      {"note key", "a key and a value"},
      {"{", "not a JSON object"},
      {R"({"type":"finished"})", "by its exit status"},
      {R"({"type":"failed","kind":"engine","what":"","tried":"","remedy":""})",
       "by its exit status"},
  };
  for (const auto& [line, why] : cases) {
    const auto marks = parse_marks(line, kNow);
    ASSERT_FALSE(marks) << line;
    EXPECT_EQ(marks.error().kind, ErrorKind::parse) << line;
    EXPECT_THAT(marks.error().what, HasSubstr(why)) << line;
  }
}

TEST(MarkScanner, only_lines_that_are_for_us_come_out) {
  MarkScanner scanner;
  EXPECT_THAT(scanner.take("loading\nisojoule: begin load\nisojoule says hello\n isojoule: end\n"),
              ElementsAre(" begin load"));
  EXPECT_THAT(scanner.take("isojo"), ElementsAre());
  EXPECT_THAT(scanner.take("ule: end load"), ElementsAre());
  EXPECT_THAT(scanner.take("\n"), ElementsAre(" end load"));
  EXPECT_THAT(scanner.take(std::string(10'000'000, 'x')), ElementsAre());
  EXPECT_THAT(scanner.take("isojoule: begin load\n"), ElementsAre());  // in the middle of a line
  EXPECT_THAT(scanner.take("isojoule:" + std::string(100'000, 'y') + "\nisojoule:z\n"),
              ElementsAre("z"));
}

RC_GTEST_PROP(MarkLine, any_bytes_hold, (const std::string& bytes)) {
  RC_ASSERT(marks_hold(bytes));
  RC_ASSERT(marks_hold("isojoule:" + bytes + "\n" + bytes));
}

// What the fuzzer found worth keeping, whole, cut short at each byte and with each byte changed.
TEST(MarkLine, the_corpus_holds) {
  int seen = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(ISOJOULE_SOURCE_DIR "/src/engine/command/corpus")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    ++seen;
    EXPECT_TRUE(marks_hold(text)) << entry.path();
    for (std::size_t i = 0; i < text.size(); ++i) {
      ASSERT_TRUE(marks_hold(text.substr(0, i))) << entry.path() << " cut at " << i;
      for (const char byte : {'\0', '\n', '9', '\xff'}) {
        std::string changed = text;
        changed[i] = byte;
        ASSERT_TRUE(marks_hold(changed)) << entry.path() << " changed at " << i;
      }
    }
  }
  EXPECT_GE(seen, 8);
}

}  // namespace
}  // namespace isojoule
