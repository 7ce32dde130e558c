#include "engine/command/window_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isojoule {
namespace {

using testing::HasSubstr;
using Kind = WindowMark::Kind;

WindowWords names(std::vector<std::string> all, std::int64_t from = 0, std::int64_t client = 7) {
  WindowWords words;
  words.client = client;
  words.names_from = from;
  words.names = std::move(all);
  return words;
}

WindowWords marks(std::vector<WindowMark> all, std::int64_t client = 7) {
  WindowWords words;
  words.client = client;
  words.marks = std::move(all);
  return words;
}

WindowWords spoken(Kind kind, const std::string& name, std::int64_t at) {
  WindowWords words = marks({{kind, 0, 0, {at}}});
  words.name = name;
  return words;
}

std::vector<Window> closed(WindowBook& book) {
  std::vector<Window> windows;
  for (const ClosedWindow& one : book.take_closed()) windows.push_back(one.window);
  return windows;
}

TEST(WindowBook, BeginsAndEndsMeetInAnyOrder) {
  WindowBook book;
  ASSERT_EQ(book.take(names({"a", "b"})), "");
  ASSERT_EQ(book.take(marks({{Kind::end, 2, 0, {50}}})), "");  // its begin is in another thread's
  ASSERT_EQ(book.take(marks({{Kind::begin, 1, 0, {10}},
                             {Kind::begin, 2, 1, {20}},
                             {Kind::moment, 0, 1, {25}},
                             {Kind::end, 1, 0, {30}}})),
            "");
  EXPECT_EQ(closed(book),
            (std::vector<Window>{{"b", {20}, {50}}, {"b", {25}, {25}}, {"a", {10}, {30}}}));
  EXPECT_EQ(book.take_faults(), WindowFaults{});
  EXPECT_TRUE(closed(book).empty());
}

TEST(WindowBook, WhatDoesNotFitIsCounted) {
  WindowBook book;
  book.take(names({"a"}));
  book.take(marks({{Kind::begin, 1, 0, {10}}, {Kind::begin, 2, 0, {20}}, {Kind::end, 2, 0, {30}}}));
  book.take(marks({{Kind::end, 2, 0, {40}}, {Kind::end, 9, 0, {40}}}));    // again; never begun
  book.take(marks({{Kind::begin, 3, 0, {60}}, {Kind::end, 3, 0, {50}}}));  // backwards
  EXPECT_NE(book.open(7, 1), nullptr);
  EXPECT_EQ(book.earliest_open({99}).ns, 10);
  book.close_all({100});
  const WindowFaults faults = book.take_faults();
  EXPECT_EQ(faults.not_ended, 1u);
  EXPECT_EQ(faults.not_begun, 3u);
  EXPECT_EQ(closed(book), (std::vector<Window>{{"a", {20}, {30}}, {"a", {10}, {100}}}));
  EXPECT_EQ(book.open(7, 1), nullptr);
}

TEST(WindowBook, ClientsHaveTheirOwnNamesAndNumbers) {
  WindowBook book;
  book.take(names({"parent"}));
  book.take(names({"child"}, 0, 8));
  book.take(marks({{Kind::begin, 1, 0, {10}}}));
  book.take(marks({{Kind::begin, 1, 0, {20}}, {Kind::end, 1, 0, {30}}}, 8));
  book.take(marks({{Kind::end, 1, 0, {40}}}));
  EXPECT_EQ(closed(book), (std::vector<Window>{{"child", {20}, {30}}, {"parent", {10}, {40}}}));
  // One that begins anew tells its names anew.
  EXPECT_EQ(book.take(names({"other"})), "");
  book.take(marks({{Kind::moment, 0, 0, {50}}}));
  EXPECT_EQ(closed(book), (std::vector<Window>{{"other", {50}, {50}}}));
}

TEST(WindowBook, WordsNeedNoNumbers) {
  WindowBook book;
  book.take(spoken(Kind::begin, "a", 10));
  book.take(spoken(Kind::begin, "a", 20));
  book.take(spoken(Kind::begin, "b", 25));
  book.take(spoken(Kind::end, "a", 30));  // the latest
  book.take(spoken(Kind::end, "b", 35));
  book.take(spoken(Kind::end, "a", 40));
  book.take(spoken(Kind::end, "a", 50));
  book.take(spoken(Kind::moment, "m", 60));
  EXPECT_EQ(closed(book),
            (std::vector<Window>{
                {"a", {20}, {30}}, {"b", {25}, {35}}, {"a", {10}, {40}}, {"m", {60}, {60}}}));
  EXPECT_EQ(book.take_faults().not_begun, 1u);
}

TEST(WindowBook, NonsenseIsNamed) {
  WindowBook book;
  EXPECT_THAT(book.take(marks({{Kind::begin, 1, 0, {1}}})), HasSubstr("not told"));
  EXPECT_EQ(book.take(names({"a"})), "");
  EXPECT_THAT(book.take(marks({{Kind::moment, 0, 1, {1}}})), HasSubstr("name number 1"));
  EXPECT_THAT(book.take(names({"b"}, 3)), HasSubstr("number 3 instead of 1"));
}

TEST(WindowBook, MemoryIsBounded) {
  WindowBook book({.windows = 3, .open = 2, .names = 4, .clients = 2});
  EXPECT_EQ(book.take(names({"a", "b"})), "");
  EXPECT_NE(book.take(names({"c", "d", "e"}, 2)), "");
  EXPECT_EQ(book.take(names({"x"}, 0, 8)), "");
  EXPECT_NE(book.take(names({"y"}, 0, 9)), "");
  for (std::int64_t id = 1; id <= 4; ++id) book.take(marks({{Kind::begin, id, 0, {id}}}));
  EXPECT_EQ(book.take_faults().lost, 2u);
  for (std::int64_t id = 10; id < 14; ++id) book.take(marks({{Kind::end, id, 0, {id}}}));
  EXPECT_EQ(book.take_faults().not_begun, 2u);
  for (int i = 0; i < 5; ++i) book.take(marks({{Kind::moment, 0, 0, {20}}}));
  EXPECT_EQ(closed(book).size(), 3u);
  EXPECT_EQ(book.take_faults().lost, 2u);
  book.release(3);
  book.take(marks({{Kind::moment, 0, 0, {20}}}));
  EXPECT_EQ(closed(book).size(), 1u);
}

TEST(WindowMarks, TheClientsLinesAreRead) {
  const Instant now{1000};
  const auto names =
      parse_marks(R"({"type":"window_names","client":7,"from":0,"names":["a","ä"]})", now);
  ASSERT_TRUE(names);
  EXPECT_EQ(names->front().windows.names, (std::vector<std::string>{"a", "ä"}));
  const auto marks = parse_marks(
      R"({"type":"window_marks","client":7,"at_ns":100,"marks":[0,5,1,0,1,5,20,2,0,-3]})", now);
  ASSERT_TRUE(marks);
  const auto& all = marks->front().windows.marks;
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].kind, Kind::begin);
  EXPECT_EQ(all[0].id, 5);
  EXPECT_EQ(all[0].name, 1);
  EXPECT_EQ(all[0].at.ns, 100);
  EXPECT_EQ(all[1].kind, Kind::end);
  EXPECT_EQ(all[1].at.ns, 120);
  EXPECT_EQ(all[2].kind, Kind::moment);
  EXPECT_EQ(all[2].at.ns, 117);
  const auto words = parse_marks("window begin preprocess 900", now);
  ASSERT_TRUE(words);
  EXPECT_EQ(words->front().windows.name, "preprocess");
  EXPECT_TRUE(words->front().timed);
  EXPECT_EQ(words->front().windows.marks.front().at.ns, 900);
  EXPECT_FALSE(parse_marks("mark frame", now)->front().timed);
}

TEST(WindowMarks, OthersAreRefusedWithAReason) {
  for (const char* line :
       {R"({"type":"window_marks"})",
        R"({"type":"window_marks","client":1,"at_ns":1,"marks":7})",
        R"({"type":"window_marks","client":1,"at_ns":-1,"marks":[]})",
        R"({"type":"window_marks","client":1,"at_ns":1,"marks":[3,1,1]})",
        R"({"type":"window_marks","client":1,"at_ns":1,"marks":[0,1]})",
        R"({"type":"window_marks","client":1,"at_ns":1,"marks":[0,-1,0,0]})",
        R"({"type":"window_marks","client":1,"at_ns":1,"marks":[2,0,-5]})",
        R"({"type":"window_marks","client":1,"at_ns":1,"marks":[2,0,9223372036854775807]})",
        R"({"type":"window_marks","client":1,"at_ns":1,"marks":[2,0,18446744073709551615]})",
        R"({"type":"window_marks","client":1,"at_ns":1,"marks":["a"]})",
        R"({"type":"window_marks","client":1,"at_ns":1,"marks":[1e300,0,0]})",
        R"({"type":"window_names","client":1,"from":0,"names":[1]})",
        R"({"type":"window_names","client":1,"names":["a"]})",
        R"({"type":"window_)",
        R"({"type":"window_other"})",
        "window",
        "window begin",
        "window middle a",
        "mark",
        "mark a b c",
        "window begin a -1"}) {
    const auto marks = parse_marks(line, {1000});
    ASSERT_FALSE(marks) << line;
    EXPECT_EQ(marks.error().kind, ErrorKind::parse) << line;
  }
  const std::string name(256, 'x');
  EXPECT_FALSE(parse_marks(
      R"({"type":"window_names","client":1,"from":0,"names":[")" + name + R"("]})", {1}));
  EXPECT_FALSE(parse_marks("mark " + name, {1}));
}

}  // namespace
}  // namespace isojoule
