// The contract of knob.h, held against every row of the table of kinds.
#include <gtest/gtest.h>

#include <rapidcheck.h>

#include <algorithm>
#include <cerrno>

#include "base/faulty_tree.h"
#include "knob/fake_kernel.h"
#include "knob/knob_contract.h"

namespace isojoule {
namespace {

constexpr Duration kDeadline = Duration::milliseconds(100);

std::unique_ptr<Knob> open(const KnobFixture& fixture, MemoryTree& tree) {
  auto knob = open_knob(fixture.spec, tree);
  EXPECT_TRUE(knob.has_value()) << to_string(knob.error());
  return knob ? std::move(*knob) : nullptr;
}

// As BoardGuard does: passes in the saved order, those that do not settle in the first one only.
void write_back(const std::vector<SavedNode>& nodes, MemoryTree& tree) {
  for (int pass = 0; pass < 4; ++pass)
    for (const auto& node : nodes) {
      const auto now = read_line(tree, node.path);
      if (node.settles ? now != node.text : pass == 0) (void)tree.write(node.path, node.text);
    }
}

TEST(KnobContract, EveryKindHasAFixture) {
  for (const auto& kind : knob_kinds()) {
    const auto& fixtures = knob_fixtures();
    EXPECT_TRUE(
        std::any_of(fixtures.begin(), fixtures.end(),
                    [&](const KnobFixture& fixture) { return fixture.spec.type == kind.name; }))
        << "add_knob_fixture() for the kind " << kind.name;
    EXPECT_FALSE(kind.help.empty());
  }
}

TEST(KnobContract, DeclaresAxisAndUnit) {
  for (const auto& fixture : knob_fixtures()) {
    SCOPED_TRACE(fixture.what);
    MemoryTree tree;
    fixture.fill(tree);
    const auto knob = open(fixture, tree);
    ASSERT_NE(knob, nullptr);
    EXPECT_EQ(knob->axis().name, fixture.spec.axis);
    EXPECT_EQ(knob->axis().unit, fixture.unit);
    EXPECT_FALSE(knob->axis().of_engine);
    EXPECT_FALSE(knob->axis().help.empty());
    EXPECT_FALSE(knob->values().empty());
  }
}

TEST(KnobContract, ReachesEveryValueFromEveryOtherAndRestores) {
  for (const auto& fixture : knob_fixtures()) {
    SCOPED_TRACE(fixture.what);
    MemoryTree tree;
    fixture.fill(tree);
    fake::ManualClock clock;
    const auto knob = open(fixture, tree);
    ASSERT_NE(knob, nullptr);
    const auto before = tree.snapshot();
    const auto saved = knob->save();
    ASSERT_TRUE(saved.has_value()) << to_string(saved.error());
    const auto values = knob->values();
    for (const auto& from : values) {
      for (const auto& to : values) {
        ASSERT_EQ(knob->set(from, clock, kDeadline), from);
        ASSERT_EQ(knob->set(to, clock, kDeadline), to);
        ASSERT_EQ(knob->get(), to);
      }
      write_back(*saved, tree);
      ASSERT_EQ(tree.snapshot(), before) << "after " << to_string(from);
    }
    ASSERT_TRUE(knob->set(values.front(), clock, kDeadline).has_value());
    ASSERT_TRUE(knob->release().has_value());
    write_back(*saved, tree);
    EXPECT_EQ(tree.snapshot(), before);
  }
}

TEST(KnobContract, RefusesWhatTheBoardDoesNotHaveAndTouchesNothing) {
  for (const auto& fixture : knob_fixtures()) {
    SCOPED_TRACE(fixture.what);
    MemoryTree tree;
    fixture.fill(tree);
    fake::ManualClock clock;
    const auto knob = open(fixture, tree);
    ASSERT_NE(knob, nullptr);
    const auto before = tree.snapshot();
    for (const Value& value : {Value(12345.5), Value(-1.0), Value("no_such_value")}) {
      const auto result = knob->set(value, clock, kDeadline);
      ASSERT_FALSE(result.has_value());
      EXPECT_TRUE(result.error().kind == ErrorKind::out_of_range ||
                  result.error().kind == ErrorKind::invalid);
      EXPECT_EQ(result.error().remedy.empty(), result.error().kind == ErrorKind::invalid);
    }
    EXPECT_EQ(tree.snapshot(), before);
  }
}

TEST(KnobContract, AUserWithoutRightsGetsPermissionDeniedWithARemedy) {
  for (const auto& fixture : knob_fixtures()) {
    SCOPED_TRACE(fixture.what);
    MemoryTree tree;
    fixture.fill(tree);
    fake::ManualClock clock;
    const auto knob = open(fixture, tree);
    ASSERT_NE(knob, nullptr);
    tree.set_root(false);
    const auto now = *knob->get();
    for (const auto& value : knob->values()) {
      if (value == now) continue;
      const auto result = knob->set(value, clock, kDeadline);
      ASSERT_FALSE(result.has_value()) << to_string(value);
      EXPECT_EQ(result.error().kind, ErrorKind::permission_denied);
      EXPECT_NE(result.error().remedy.find("root"), std::string::npos);
    }
  }
}

TEST(KnobContract, AVanishedNodeIsATypedErrorNamingIt) {
  for (const auto& fixture : knob_fixtures()) {
    ASSERT_FALSE(fixture.nodes.empty());
    for (const auto& node : fixture.nodes) {
      SCOPED_TRACE(fixture.what + " without " + node);
      MemoryTree tree;
      fixture.fill(tree);
      fake::ManualClock clock;
      const auto knob = open(fixture, tree);
      ASSERT_NE(knob, nullptr);
      tree.remove(node);
      // Away from where it is, so that every node is needed.
      const auto& values = knob->values();
      auto first = knob->set(values.front(), clock, kDeadline);
      if (first) first = knob->set(values.back(), clock, kDeadline);
      const auto saved = knob->save();
      ASSERT_TRUE(!first || !saved);
      const Error error = first ? saved.error() : first.error();
      EXPECT_EQ(error.kind, ErrorKind::not_found);
      EXPECT_NE(to_string(error).find('/'), std::string::npos) << to_string(error);
    }
  }
}

TEST(KnobContract, OpeningOnAnEmptyTreeSaysWhereItLooked) {
  for (const auto& fixture : knob_fixtures()) {
    SCOPED_TRACE(fixture.what);
    MemoryTree tree;
    const auto knob = open_knob(fixture.spec, tree);
    ASSERT_FALSE(knob.has_value());
    EXPECT_EQ(knob.error().kind, ErrorKind::not_found);
    EXPECT_NE(to_string(knob.error()).find(fixture.spec.nodes.front()), std::string::npos);
  }
}

// Whatever is asked for in whatever order from whatever state, the saved nodes lead back to it.
TEST(KnobContract, AnySequenceFromAnyStateLeadsBack) {
  for (const auto& fixture : knob_fixtures()) {
    SCOPED_TRACE(fixture.what);
    rc::check(fixture.what, [&](unsigned state, const std::vector<unsigned>& steps) {
      MemoryTree tree;
      fixture.fill(tree);
      fake::ManualClock clock;
      auto opened = open_knob(fixture.spec, tree);
      RC_ASSERT(opened.has_value());
      const auto values = (*opened)->values();
      if (fixture.scramble)
        fixture.scramble(tree, state);
      else
        RC_ASSERT((*opened)->set(values[state % values.size()], clock, kDeadline).has_value());
      auto knob = open_knob(fixture.spec, tree);  // as a program that starts now
      RC_ASSERT(knob.has_value());
      const auto before = tree.snapshot();
      const auto saved = (*knob)->save();
      RC_ASSERT(saved.has_value());
      for (const unsigned step : steps) {
        if (step % 7 == 6) {
          RC_ASSERT((*knob)->release().has_value());
          continue;
        }
        const Value& value = values[step / 7 % values.size()];
        RC_ASSERT((*knob)->set(value, clock, kDeadline) == value);
      }
      write_back(*saved, tree);
      RC_ASSERT(tree.snapshot() == before);
    });
  }
}

std::vector<std::string> files_of(const KnobFixture& fixture) {
  MemoryTree tree;
  fixture.fill(tree);
  std::vector<std::string> paths;
  for (const auto& [path, text] : tree.snapshot())
    // A label with another text is another thing (an idle state that is not POLL).
    if (text.rfind("-> ", 0) != 0 && !path.ends_with("/name")) paths.push_back(path);
  return paths;
}

struct Outcome {
  Result<Value> last = Value();
  bool reached = false;  // the last value, after the first one
  std::map<std::string, std::string> tree;
};

// First the first value, then the last one.
Outcome turn(Knob& knob, MemoryTree& tree) {
  fake::ManualClock clock;
  const std::vector<Value> values = knob.values();
  Outcome outcome;
  outcome.last = knob.set(values.front(), clock, kDeadline);
  if (outcome.last && *outcome.last == values.front()) {
    outcome.last = knob.set(values.back(), clock, kDeadline);
    outcome.reached = outcome.last == values.back();
  }
  outcome.tree = tree.snapshot();
  return outcome;
}

void expect_typed(const Error& error) {
  EXPECT_NE(error.kind, ErrorKind::internal) << to_string(error);
  EXPECT_FALSE(error.what.empty());
}

const std::vector<std::pair<const char*, Fault>>& faults() {
  static const std::vector<std::pair<const char*, Fault>> all = {
      {"EIO on reads", Fault::read_error(EIO)},
      {"ENODATA on reads", Fault::read_error(ENODATA)},
      {"EACCES on reads", Fault::read_error(EACCES)},
      {"empty", Fault::empty()},
      {"garbage", Fault::garbage()},
      {"frozen", Fault::frozen()},
      {"EIO on writes", Fault::write_error(EIO)},
      {"EBUSY on writes", Fault::write_error(EBUSY)},
      {"EACCES on writes", Fault::write_error(EACCES)},
      {"EROFS on writes", Fault::write_error(EROFS)},
      {"writes ignored", Fault::ignored_write()}};
  return all;
}

// With any fault on any node a knob gives a typed error, or another value than the one asked for,
// or it has reached what it reaches without the fault.
TEST(KnobContract, AFaultyNodeIsNeverASilentSuccess) {
  for (const auto& fixture : knob_fixtures()) {
    MemoryTree healthy;
    fixture.fill(healthy);
    const auto good = open(fixture, healthy);
    ASSERT_NE(good, nullptr);
    const Value wanted = good->values().back();
    const Outcome expected = turn(*good, healthy);
    ASSERT_EQ(expected.last, wanted) << fixture.what;
    for (const auto& path : files_of(fixture)) {
      for (const auto& [what, fault] : faults()) {
        for (const bool from_the_start : {true, false}) {
          SCOPED_TRACE(fixture.what + ": " + path + ", " + what +
                       (from_the_start ? " from the start" : " after opening"));
          MemoryTree tree;
          fixture.fill(tree);
          fake::ManualClock clock;
          FaultyTree faulty(tree, clock);
          if (from_the_start) faulty.fail(path, fault);
          const auto knob = open_knob(fixture.spec, faulty);
          if (!knob) {
            ASSERT_TRUE(from_the_start) << to_string(knob.error());
            expect_typed(knob.error());
            continue;
          }
          if (!from_the_start) faulty.fail(path, fault);
          if (const auto saved = (*knob)->save(); !saved) expect_typed(saved.error());
          if (const auto now = (*knob)->get(); !now) expect_typed(now.error());
          const Outcome outcome = turn(**knob, tree);
          if (!outcome.last) {
            expect_typed(outcome.last.error());
          } else if (outcome.reached && *outcome.last == wanted) {
            EXPECT_EQ(outcome.tree, expected.tree);
          }
        }
      }
    }
  }
}

TEST(OpenKnob, AnUnknownTypeGivesTheNearest) {
  MemoryTree tree;
  KnobSpec spec;
  spec.type = "cpufrek";
  const auto knob = open_knob(spec, tree);
  ASSERT_FALSE(knob.has_value());
  EXPECT_EQ(knob.error().kind, ErrorKind::not_found);
  EXPECT_EQ(knob.error().remedy, "Did you mean 'cpufreq'?");
}

}  // namespace
}  // namespace isojoule
