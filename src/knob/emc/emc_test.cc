#include <gtest/gtest.h>

#include "knob/fake_kernel.h"
#include "knob/knob_contract.h"

namespace isojoule {
namespace {

constexpr Duration kDeadline = Duration::milliseconds(50);
const std::string kBpmp = "/sys/kernel/debug/bpmp/debug/clk/emc";
const std::string kRates = "/sys/kernel/debug/bpmp/debug/emc/possible_rates";
const std::string kCap = "/sys/kernel/nvpmodel_clk_cap/emc";
const std::string kNano = "/sys/kernel/debug/clk/override.emc";
const std::vector<std::int64_t> kOrinTable = {204000000, 665600000, 2133000000, 3199000000};
const std::vector<std::int64_t> kNanoTable = {204000000,  408000000,  665600000, 800000000,
                                              1065600000, 1331200000, 1600000000};

KnobSpec bpmp() {
  KnobSpec spec;
  spec.type = "emc";
  spec.axis = "memory_frequency";
  spec.nodes = {kBpmp};
  spec.driver = "bpmp";
  spec.options = {{"rates", kRates}, {"cap", kCap}};
  return spec;
}

KnobSpec tegra210() {
  KnobSpec spec = bpmp();
  spec.nodes = {kNano};
  spec.driver = "tegra210";
  spec.options.clear();
  for (const auto rate : kNanoTable) spec.values.push_back(static_cast<double>(rate));
  return spec;
}

std::shared_ptr<fake::MemoryClock> add_orin(MemoryTree& tree) {
  tree.add_text(kRates, "204000 665600 2133000 3199000 (kHz)\n", 0444);
  fake::add_cell(tree, kCap, "3199000000");
  return fake::add_memory_clock(tree, "bpmp", kBpmp, kOrinTable);
}

std::shared_ptr<fake::MemoryClock> add_nano(MemoryTree& tree) {
  return fake::add_memory_clock(tree, "tegra210", kNano, kNanoTable);
}

const bool added = add_knob_fixture({"memory of jetson-orin-nx",
                                     bpmp(),
                                     [](MemoryTree& tree) { add_orin(tree); },
                                     Unit::hertz,
                                     {kBpmp, kBpmp + "/rate", kBpmp + "/mrq_rate_locked"}}) &&
                   add_knob_fixture({"memory of jetson-nano",
                                     tegra210(),
                                     [](MemoryTree& tree) { add_nano(tree); },
                                     Unit::hertz,
                                     {kNano, kNano + "/clk_rate", kNano + "/clk_state"}});

struct Orin {
  Orin() : state(add_orin(tree)) {
    auto opened = open_knob(bpmp(), tree);
    EXPECT_TRUE(opened.has_value());
    knob = std::move(*opened);
  }
  MemoryTree tree;
  fake::ManualClock clock;
  std::shared_ptr<fake::MemoryClock> state;
  std::unique_ptr<Knob> knob;
};

TEST(Emc, RatesAreHertzAndMayExceed32Bits) {
  Orin orin;
  EXPECT_EQ(orin.knob->values(), (std::vector<Value>{204e6, 665.6e6, 2133e6, 3199e6}));
  EXPECT_EQ(orin.knob->set(3199e6, orin.clock, kDeadline), Value(3199e6));
  EXPECT_EQ(orin.state->rate, 3199000000);
  EXPECT_TRUE(orin.state->locked);
}

TEST(Emc, ARateThatIsRoundedOrIgnoredIsSeen) {
  Orin orin;
  orin.state->rounding_limit = 2133000000;
  EXPECT_EQ(orin.knob->set(3199e6, orin.clock, kDeadline), Value(2133e6));
  orin.state->ignore_rate = true;
  EXPECT_EQ(orin.knob->set(665.6e6, orin.clock, kDeadline), Value(2133e6));
}

TEST(Emc, ALockThatIsIgnoredIsAnError) {
  Orin orin;
  orin.state->ignore_lock = true;
  const auto result = orin.knob->set(204e6, orin.clock, kDeadline);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::not_reached);
  EXPECT_NE(result.error().what.find("mrq_rate_locked"), std::string::npos);
}

TEST(Emc, NothingIsAskedForAboveTheCap) {
  Orin orin;
  ASSERT_TRUE(orin.tree.write(kCap, "2133000000").has_value());
  const auto result = orin.knob->set(3199e6, orin.clock, kDeadline);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::out_of_range);
  EXPECT_NE(result.error().what.find("above the cap of 2133000000 Hz"), std::string::npos);
  EXPECT_NE(result.error().remedy.find("2133000000"), std::string::npos);
  EXPECT_FALSE(orin.state->locked);
  EXPECT_EQ(orin.knob->set(2133e6, orin.clock, kDeadline), Value(2133e6));
  for (const char* none : {"0", "-1", "18446744073709551615", "2147483647"}) {
    ASSERT_TRUE(orin.tree.write(kCap, none).has_value());
    EXPECT_EQ(orin.knob->set(3199e6, orin.clock, kDeadline), Value(3199e6)) << none;
  }
}

TEST(Emc, TheRateGoesBackBeforeTheLock) {
  Orin orin;
  auto saved = *orin.knob->save();
  ASSERT_EQ(saved.size(), 2u);
  EXPECT_EQ(saved[0].path, kBpmp + "/rate");
  EXPECT_FALSE(saved[0].settles);
  EXPECT_EQ(saved[0].follows, kBpmp + "/mrq_rate_locked");
  EXPECT_EQ(saved[1].path, kBpmp + "/mrq_rate_locked");
  EXPECT_TRUE(saved[1].settles);
  ASSERT_TRUE(orin.knob->set(665.6e6, orin.clock, kDeadline).has_value());
  saved = *orin.knob->save();
  EXPECT_TRUE(saved[0].settles);  // it was held, so it will be again
  EXPECT_EQ(saved[0].text, "665600000");
}

TEST(Emc, ReleaseGivesTheClockBackToTheKernel) {
  Orin orin;
  ASSERT_TRUE(orin.knob->set(3199e6, orin.clock, kDeadline).has_value());
  orin.state->kernel_choice = 665600000;
  ASSERT_TRUE(orin.knob->release().has_value());
  EXPECT_FALSE(orin.state->locked);
  EXPECT_EQ(orin.knob->get(), Value(665.6e6));
}

TEST(Emc, WithoutATableTheEndsAndTheBoardFilesValuesAreLeft) {
  MemoryTree tree;
  add_orin(tree);
  tree.remove(kRates);
  KnobSpec spec = bpmp();
  EXPECT_EQ((*open_knob(spec, tree))->values(), (std::vector<Value>{204e6, 3199e6}));
  spec.values = {102e6, 204e6, 2133e6, 4266e6};  // two of them are beyond the clock's ends
  EXPECT_EQ((*open_knob(spec, tree))->values(), (std::vector<Value>{204e6, 2133e6}));
  tree.remove(kBpmp + "/max_rate");
  spec.values.clear();
  EXPECT_EQ(open_knob(spec, tree).error().kind, ErrorKind::unsupported);
}

TEST(Emc, AnEndWithoutMeaningIsPassedOver) {
  MemoryTree tree;
  add_orin(tree);
  tree.add_text(kBpmp + "/max_rate", "18446744073709551615\n", 0444);
  EXPECT_EQ((*open_knob(bpmp(), tree))->values().size(), 4u);
}

TEST(Emc, AGarbledTableIsAParseError) {
  MemoryTree tree;
  add_orin(tree);
  tree.add_text(kRates, "204000 fast (kHz)\n", 0444);
  EXPECT_EQ(open_knob(bpmp(), tree).error().kind, ErrorKind::parse);
  tree.add_text(kRates, "(kHz)\n", 0444);
  EXPECT_EQ(open_knob(bpmp(), tree).error().kind, ErrorKind::no_data);
}

TEST(Emc, SaysHowToMountDebugfsOrThatRootIsNeeded) {
  MemoryTree tree;
  const auto away = open_knob(bpmp(), tree);
  EXPECT_EQ(away.error().kind, ErrorKind::not_found);
  EXPECT_NE(away.error().remedy.find("mount -t debugfs"), std::string::npos);
  tree.add_text("/sys/kernel/debug/clk/clk_summary", "\n");
  EXPECT_NE(open_knob(bpmp(), tree).error().remedy.find("release"), std::string::npos);
  fake::add_memory_clock(tree, "bpmp", kBpmp, kOrinTable);
  tree.add_text(kBpmp + "/rate", "204000000\n", 0600);
  tree.set_root(false);
  const auto closed = open_knob(bpmp(), tree);
  EXPECT_EQ(closed.error().kind, ErrorKind::permission_denied);
  EXPECT_NE(closed.error().remedy.find("Run as root: debugfs"), std::string::npos);
}

TEST(Emc, NeedsADriver) {
  MemoryTree tree;
  add_orin(tree);
  KnobSpec spec = bpmp();
  spec.driver = "tegra";
  EXPECT_EQ(open_knob(spec, tree).error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace isojoule
