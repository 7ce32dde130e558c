#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "data/counter.h"
#include "data/run.h"
#include "data/setting.h"

namespace isojoule {
namespace {

TEST(Counter, EveryRowStandsAtItsOwnPlaceWithAllItsTexts) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < all_counters().size(); ++i) {
    const CounterInfo& info = all_counters()[i];
    EXPECT_EQ(static_cast<std::size_t>(info.counter), i) << info.name;
    EXPECT_FALSE(info.meaning.empty());
    EXPECT_FALSE(info.remedy.empty());
    EXPECT_EQ(counter_named(info.name), info.counter);
    names.insert(info.name);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Counter::count_));
  EXPECT_FALSE(counter_named("no_such"));
}

TEST(Counter, Adds) {
  Counters a;
  EXPECT_FALSE(a.any());
  a.add(Counter::sample_gap, 3);
  Counters b;
  b.add(Counter::sample_gap);
  b.add(Counter::throttled);
  a += b;
  EXPECT_EQ(a[Counter::sample_gap], 4u);
  EXPECT_EQ(a[Counter::throttled], 1u);
  EXPECT_TRUE(a.any());
}

TEST(Setting, TextReadsBack) {
  Setting setting;
  setting.set("gpu_frequency", 921600000.0);
  setting.set("cpu_governor", std::string("schedutil"));
  setting.set("batch", 16.0);
  EXPECT_EQ(to_string(setting), "batch=16 cpu_governor=schedutil gpu_frequency=921600000");
  EXPECT_EQ(parse_setting(to_string(setting)).value(), setting);
  EXPECT_EQ(setting.number("batch"), 16.0);
  EXPECT_FALSE(setting.text("batch"));
}

TEST(Setting, NonsenseIsRefused) {
  EXPECT_EQ(parse_setting("batch").error().kind, ErrorKind::parse);
  EXPECT_EQ(parse_setting("=3").error().kind, ErrorKind::parse);
  EXPECT_EQ(parse_setting("a=").error().kind, ErrorKind::parse);
}

RC_GTEST_PROP(Setting, EveryNumberSurvivesItsText, (double number)) {
  RC_PRE(number == number);
  Setting setting;
  setting.set("x", number);
  const auto read = parse_setting(to_string(setting));
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->number("x") == number);
}

TEST(Run, NamesReadBack) {
  for (const auto kind : {PhaseKind::idle, PhaseKind::load, PhaseKind::graph_initialisation,
                          PhaseKind::warm_up, PhaseKind::inference, PhaseKind::tear_down})
    EXPECT_EQ(phase_named(name_of(kind)), kind);
  for (const auto state : {RunState::complete, RunState::failed, RunState::throttled})
    EXPECT_EQ(run_state_named(name_of(state)), state);
  EXPECT_FALSE(phase_named("lunch"));
}

}  // namespace
}  // namespace isojoule
