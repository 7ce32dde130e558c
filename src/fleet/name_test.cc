#include "fleet/name.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace isojoule::fleet {
namespace {

TEST(FleetName, SubjectsAndKeysAreThoseOfTheirPermissions) {
  EXPECT_EQ(block_subject("s1", 2, 3), "isojoule.block.s1.2.3");
  EXPECT_EQ(lane_filter("s1", 2), "isojoule.block.s1.2.*");
  EXPECT_EQ(study_blocks_filter("s1"), "isojoule.block.s1.>");
  EXPECT_EQ(lane_queue("s1", 2), "s1_2");
  EXPECT_EQ(run_subject("b", "s1", 3, 4), "isojoule.run.b.s1.3.4");
  EXPECT_EQ(study_runs_filter("s1"), "isojoule.run.*.s1.>");
  EXPECT_EQ(block_runs_filter("s1", 3), "isojoule.run.*.s1.3.*");
  EXPECT_EQ(object_subject("plan", "ab", 1), "isojoule.object.plan.ab.1");
  EXPECT_EQ(ask_subject("b"), "isojoule.ask.b");
  EXPECT_EQ(join_key("s1", "b"), "s1.b");
  EXPECT_EQ(trouble_key("s1", 4), "s1.4");
}

TEST(FleetName, ARunsSubjectIsReadBack) {
  const auto place = parse_run_subject(run_subject("board-1", "0f", 12, 3456));
  ASSERT_TRUE(place);
  EXPECT_EQ(place->board, "board-1");
  EXPECT_EQ(place->study, "0f");
  EXPECT_EQ(place->block, 12);
  EXPECT_EQ(place->sequence, 3456);
  for (const char* subject :
       {"", "isojoule.run.b.s.1", "isojoule.run.b.s.1.2.3", "isojoule.run..s.1.2",
        "isojoule.run.b..1.2", "isojoule.run.b.s.x.2", "isojoule.run.b.s.1.-2",
        "isojoule.block.b.s.1.2", "isojoule.run.b.s.1.99999999999999999999"})
    EXPECT_FALSE(parse_run_subject(subject)) << subject;
}

TEST(FleetName, ABoardsNameIsOneToken) {
  for (const char* name : {"b", "Board_1", "nano-07"}) EXPECT_TRUE(check_board_name(name)) << name;
  EXPECT_TRUE(check_board_name(std::string(48, 'a')));
  EXPECT_FALSE(check_board_name(std::string(49, 'a')));
  const Status dotted = check_board_name("rack.1");
  ASSERT_FALSE(dotted);
  EXPECT_NE(dotted.error().remedy.find("rack-1"), std::string::npos);
}

TEST(FleetName, WhatANameCouldBeIsAName) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    RC_ASSERT(check_board_name(possible_board_name(text)));
    if (check_board_name(text)) RC_ASSERT(possible_board_name(text) == text);
  }));
}

}  // namespace
}  // namespace isojoule::fleet
