#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fleet/catalogue.h"
#include "fleet/message_same.h"
#include "fleet/name.h"

namespace isojoule::fleet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Member member_named(const std::string& name, const std::string& type = "jetson-nano") {
  Member member;
  member.card = example_card();
  member.card.name = name;
  member.card.board = type;
  member.card.simulated = false;
  member.card.problems.clear();
  member.pulse = example_pulse();
  return member;
}

std::vector<std::string> names_in(const Selected& selected) {
  std::vector<std::string> names;
  for (const Member& member : selected.boards) names.push_back(member.card.name);
  return names;
}

Result<Selected> selected(const std::vector<Member>& members, const std::string& text,
                          const std::string& plan_board = "") {
  return select(members, parse_selection(text).value(), plan_board);
}

std::string fault_in(const std::string& text) {
  const auto selection = parse_selection(text);
  EXPECT_FALSE(selection) << text;
  if (selection) return "";
  EXPECT_EQ(selection.error().kind, ErrorKind::invalid);
  return to_string(selection.error());
}

TEST(Selection, ReadsEveryKey) {
  const auto selection =
      parse_selection(
          "type=jetson-orin-nx,count>=3,release=36.4,variant=super,name=rack1-*|b,"
          "simulated=no")
          .value();
  EXPECT_EQ(selection.type, "jetson-orin-nx");
  EXPECT_EQ(selection.least, 3);
  EXPECT_EQ(selection.release, "36.4");
  EXPECT_EQ(selection.variant, "super");
  EXPECT_THAT(selection.names, ElementsAre("rack1-*", "b"));
  EXPECT_EQ(selection.simulated, false);
  EXPECT_EQ(parse_selection("").value().least, 1);
}

TEST(Selection, SaysWhatIsWrong) {
  EXPECT_THAT(fault_in("tipe=nano"), HasSubstr("Did you mean 'type'?"));
  EXPECT_THAT(fault_in("count=3"), HasSubstr("'count=3' is not count>="));
  EXPECT_THAT(fault_in("type>=nano"), HasSubstr("is not type="));
  for (const char* text :
       {"count>=0", "count>=x", "count>=3x", "count>=", "count>=-1", "count>=99999999999999999999"})
    EXPECT_THAT(fault_in(text), HasSubstr(text));
  EXPECT_THAT(fault_in("simulated=maybe"), HasSubstr("neither yes nor no"));
  EXPECT_THAT(fault_in("type=a,,name=b"), HasSubstr("there is no ''"));
  EXPECT_THAT(fault_in("name"), HasSubstr("'name' is not name="));
  EXPECT_THAT(fault_in("type="), HasSubstr("says no value"));
}

TEST(Selection, ChoosesByEachKey) {
  std::vector<Member> all = {member_named("rack1-1"), member_named("rack1-2"),
                             member_named("rack2-1"), member_named("tx", "jetson-tx2")};
  all[1].card.release = "32.7";
  all[2].card.variant = "";
  EXPECT_THAT(names_in(selected(all, "type=jetson-nano").value()),
              ElementsAre("rack1-1", "rack1-2", "rack2-1"));
  EXPECT_THAT(names_in(selected(all, "", "jetson-nano").value()),
              ElementsAre("rack1-1", "rack1-2", "rack2-1"));
  EXPECT_THAT(names_in(selected(all, "name=rack1-*").value()), ElementsAre("rack1-1", "rack1-2"));
  EXPECT_THAT(names_in(selected(all, "name=*1").value()), ElementsAre("rack1-1", "rack2-1"));
  EXPECT_THAT(names_in(selected(all, "name=r*k*-*1|zz").value()),
              ElementsAre("rack1-1", "rack2-1"));
  EXPECT_THAT(names_in(selected(all, "name=tx").value()), ElementsAre("tx"));
  EXPECT_THAT(names_in(selected(all, "name=rack*,release=36.4").value()),
              ElementsAre("rack1-1", "rack2-1"));
  EXPECT_THAT(names_in(selected(all, "name=rack*,variant=super").value()),
              ElementsAre("rack1-1", "rack1-2"));
  const auto none_left_out = selected(all, "name=rack1-1").value();
  EXPECT_THAT(none_left_out.left_out, IsEmpty());  // what nobody asked for is not missed
}

TEST(Selection, TypesAndTwinsAreNeverMixed) {
  std::vector<Member> all = {member_named("a"), member_named("b", "jetson-tx2")};
  const auto mixed = selected(all, "");
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().kind, ErrorKind::invalid);
  EXPECT_THAT(mixed.error().what, HasSubstr("jetson-nano, jetson-tx2"));
  EXPECT_EQ(selected(all, "type=jetson-tx2", "jetson-nano").error().kind, ErrorKind::invalid);

  all = {member_named("a"), member_named("b")};
  all[1].card.simulated = true;
  EXPECT_THAT(selected(all, "").error().remedy, HasSubstr("simulated=no"));
  EXPECT_THAT(names_in(selected(all, "simulated=no").value()), ElementsAre("a"));
  EXPECT_THAT(names_in(selected(all, "simulated=yes").value()), ElementsAre("b"));
}

TEST(Selection, LeavesOutWhoCannotTakePartAndSaysWhy) {
  std::vector<Member> all = {member_named("a"),       member_named("lost"),
                             member_named("old"),     member_named("rails"),
                             member_named("total"),   member_named("drained"),
                             member_named("outside"), member_named("broken")};
  all[1].pulse.reset();
  all[2].card.protocol = 0;
  all[3].card.rails.pop_back();
  all[4].card.total = "VDD_CPU";
  all[5].pulse->state = BoardState::drained;
  all[5].pulse->why = "fan";
  all[6].pulse->state = BoardState::out;
  all[7].card = BoardCard{};
  all[7].card.name = "broken";
  all[7].card.problems = {"its card cannot be read: board card: name is missing"};
  const Selected chosen = selected(all, "type=jetson-nano").value();
  EXPECT_THAT(names_in(chosen), ElementsAre("a", "drained", "outside"));
  EXPECT_THAT(
      chosen.left_out,
      ElementsAre("lost: lost: it gives no sign of life",
                  "old: its agent speaks protocol 0, this isojoule 1",
                  "broken: its card cannot be read: board card: name is missing",
                  "rails: its rails are not those of a", "total: its rails are not those of a"));
  EXPECT_THAT(chosen.notes,
              ElementsAre("drained: drained (fan), it takes no block until it is resumed",
                          "outside: out, it takes no block until it is resumed"));
}

TEST(Selection, TooFewSaysWhatIsThere) {
  std::vector<Member> all = {member_named("a"), member_named("b"), member_named("c", "jetson-tx2")};
  all[1].pulse.reset();
  const auto few = selected(all, "type=jetson-nano,count>=2");
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error().kind, ErrorKind::not_found);
  EXPECT_EQ(few.error().what,
            "of 2 boards that are asked for 1 fits: a: fits; b: lost: it gives no sign of life; "
            "c: its type is jetson-tx2, not jetson-nano");
  EXPECT_EQ(selected({}, "").error().what, "no board fits: there is none");
  all[0].pulse->state = BoardState::drained;
  EXPECT_THAT(names_in(selected(all, "type=jetson-nano").value()), ElementsAre("a"));
  all.push_back(member_named("d"));
  EXPECT_THAT(selected(all, "type=jetson-nano,count>=2").error().what,
              HasSubstr("a: drained, it takes no block until it is resumed"));
  std::vector<Member> many;
  for (int i = 0; i < 50; ++i) many.push_back(member_named("b" + std::to_string(i)));
  EXPECT_THAT(selected(many, "type=x").error().what, HasSubstr("; 30 more"));
}

}  // namespace
}  // namespace isojoule::fleet
