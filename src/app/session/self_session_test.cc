// A session whose memory is small, on a clock of our own.
#include "app/session/self_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/session/serve_session.h"
#include "experiment/fake_board.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

constexpr double kPower_w = 5;

class SelfSessionTest : public testing::Test {
 protected:
  SelfSessionTest() {
    board_.file.name = "fake";
    board_.file.total = "VDD_IN";
    board_.tree = &tree_;
    board_.clock = &clock_;
    board_.sensors.push_back(std::make_unique<fake::FakeSensor>([](Instant) { return kPower_w; }));
  }
  void pass(std::int64_t ms) { clock_.sleep_for(Duration::milliseconds(ms)); }
  std::string say(SelfSession& session, const std::string& words) {
    return session.take_line(words + " " + std::to_string(clock_.now().ns), clock_.now());
  }
  static void expect_power(const SessionAnswer& answer) {
    ASSERT_TRUE(answer.gross.value) << answer.gross.why_absent;
    EXPECT_NEAR(answer.gross.value->value(), kPower_w * answer.duration->value(), 1e-6);
  }

  MemoryTree tree_;
  fake::FakeClock clock_;
  Board board_;
};

TEST_F(SelfSessionTest, WhatIsForgottenIsAddedUpBefore) {
  SelfSession session(board_, Duration::milliseconds(10), {.readings = 500, .windows = 64});
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(say(session, "window begin a"), "");
    pass(30);
    ASSERT_EQ(say(session, "window end a"), "");
    pass(10);
  }
  EXPECT_LT(session.kept_windows().size(), 200u);
  const SessionAnswer named = session.named("a");
  EXPECT_EQ(named.count, 1000);
  EXPECT_NEAR(named.duration->value(), 30, 1e-6);
  expect_power(named);
  const SessionAnswer whole = session.whole(clock_.now());
  EXPECT_NEAR(whole.duration->value(), 40, 1e-6);
  expect_power(whole);
  EXPECT_EQ(session.all_named().size(), 1u);
}

TEST_F(SelfSessionTest, AWindowThatOutlastsTheReadingsIsAbsentAndTheRestIsNot) {
  SelfSession session(board_, Duration::milliseconds(10), {.readings = 200, .windows = 64});
  say(session, "window begin long");
  for (int i = 0; i < 100; ++i) {
    say(session, "window begin a");
    pass(90);
    say(session, "window end a");
    pass(10);
  }
  say(session, "window end long");
  pass(100);
  const SessionAnswer lasting = session.named("long");
  EXPECT_FALSE(lasting.gross.value);
  EXPECT_THAT(lasting.gross.why_absent, HasSubstr("longer than the readings are kept"));
  EXPECT_EQ(session.named("a").count, 100);
  expect_power(session.named("a"));
  expect_power(session.whole(clock_.now()));
}

// Each thread's marks wait in a ring of its own.
TEST_F(SelfSessionTest, AThreadThatTellsLateFindsItsReadings) {
  SelfSession session(board_, Duration::milliseconds(10), {.readings = 5000, .windows = 64});
  pass(1000);
  const std::int64_t begin = clock_.now().ns;
  for (int i = 0; i < 100; ++i) {
    say(session, "window begin early");
    pass(20);
    say(session, "window end early");
  }
  EXPECT_LT(session.kept_windows().size(), 100u) << "some were added up";
  session.take_line("window begin late " + std::to_string(begin), clock_.now());
  session.take_line("window end late " + std::to_string(begin + 100'000'000), clock_.now());
  pass(100);
  EXPECT_EQ(session.named("late").count, 1);
  expect_power(session.named("late"));
}

TEST_F(SelfSessionTest, AProgramThatSaysNothingFillsNoMemory) {
  SelfSession session(board_, Duration::milliseconds(10), {.readings = 200, .windows = 64});
  for (int i = 0; i < 100; ++i) {
    pass(500);
    session.tidy(clock_.now());
    ASSERT_LT(session.readings(), 300u);
  }
  const SessionAnswer whole = session.whole(clock_.now());
  EXPECT_NEAR(whole.duration->value(), 50, 1e-6);
  expect_power(whole);
}

TEST_F(SelfSessionTest, PhasesAndBatchesAreWindows) {
  SelfSession session(board_, Duration::milliseconds(10));
  session.take_idle(clock_.now());
  say(session, "begin inference");
  for (int i = 0; i < 3; ++i) {
    say(session, "batch begin");
    pass(100);
    say(session, "batch end");
  }
  say(session, "end inference");
  pass(100);
  expect_power(session.named("inference"));
  EXPECT_EQ(session.named("batch").count, 3);
  EXPECT_FALSE(session.named("none").gross.value);
}

TEST_F(SelfSessionTest, NonsenseIsSaidOnEveryQuestion) {
  SelfSession session(board_, Duration::milliseconds(10));
  pass(100);
  EXPECT_THAT(session.take_line("mark ahead 9000000000000000000", clock_.now()),
              HasSubstr("ahead of the clock"));
  EXPECT_NE(say(session, "mark good"), "");
  EXPECT_THAT(session.named("good").gross.why_absent, HasSubstr("said what cannot be"));
  EXPECT_THAT(session.window(1, 1).gross.why_absent, HasSubstr("said what cannot be"));
  const SessionAnswer whole = session.whole(clock_.now());
  expect_power(whole);
  EXPECT_THAT(whole.remark, HasSubstr("said what cannot be"));
}

TEST(SessionWords, QuestionsAreReadOrRefused) {
  const auto question = parse_question(
      R"({"type":"ask","question":3,"client":9,"what":"name","at_ns":5,"id":0,"name":"a"})");
  ASSERT_TRUE(question);
  EXPECT_EQ(question->number, 3);
  EXPECT_EQ(question->what, SessionQuestion::What::name);
  for (const char* line :
       {"", "7", "{}",
        R"({"type":"ask","question":"x","client":1,"what":"name","at_ns":1,"id":1,"name":"a"})",
        R"({"type":"ask","question":1,"client":1,"what":"none","at_ns":1,"id":1,"name":"a"})",
        R"({"type":"ask","question":1,"client":1,"what":"name","at_ns":1,"id":1})"})
    EXPECT_FALSE(parse_question(line)) << line;
}

TEST(SessionWords, AnAnswerHasNoSilentZero) {
  SessionAnswer answer;
  EXPECT_THAT(encode_answer(1, answer, false), HasSubstr("no reason was given"));
  answer.gross.why_absent = "a\ttab\nand more";
  EXPECT_EQ(encode_answer(1, answer, true), "answer 1 8 0 0 0 0 0 0 0\t\ta tab and more\n");
  answer.gross = {Joule(1), Joule(0.1), {}};
  answer.net.why_absent = "no idle";
  answer.remark = "no report";
  EXPECT_THAT(encode_answer(1, answer, false), HasSubstr("\tno report; no idle\n"));
}

}  // namespace
}  // namespace isojoule
