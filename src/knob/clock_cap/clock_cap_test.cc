#include <gtest/gtest.h>

#include "knob/fake_kernel.h"
#include "knob/knob_contract.h"

namespace isojoule {
namespace {

constexpr Duration kDeadline = Duration::milliseconds(50);
const std::string kIsoCap = "/sys/kernel/nvpmodel_emc_cap/emc_iso_cap";
const std::string kEmc = "/sys/kernel/nvpmodel_clk_cap/emc";
const std::string kDla =
    "/sys/devices/platform/13e40000.host1x/15880000.nvdla0/acm/clk_cap/dla0_core";

KnobSpec spec(const std::string& axis, const std::string& node, const std::string& none,
              std::vector<double> values) {
  KnobSpec spec;
  spec.type = "clock_cap";
  spec.axis = axis;
  spec.nodes = {node};
  spec.options["no_cap"] = none;
  spec.values = std::move(values);
  return spec;
}

KnobSpec iso_spec() {
  KnobSpec iso = spec("memory_maximum_frequency", kIsoCap, "0", {204e6, 665.6e6, 2133e6, 3199e6});
  iso.options["maximum"] = "3199000000";
  return iso;
}
// The clock goes up to 3199 MHz, the caps that are offered end below it.
KnobSpec emc_spec() {
  KnobSpec emc = spec("memory_maximum_frequency", kEmc, "-1", {204e6, 665.6e6, 2133e6});
  emc.options["maximum"] = "3199000000";
  return emc;
}
KnobSpec dla_spec() {
  KnobSpec dla = spec("dla0_core_frequency", kDla, "-1", {});
  dla.range = {115.2e6, 1600e6};
  return dla;
}

void add_emc(MemoryTree& tree) {
  fake::add_clock_cap(tree, kEmc, {204000000, 665600000, 2133000000, 3199000000});
}
// Takes every number as an unsigned one and shows it, as "%lu" does.
std::shared_ptr<fake::Cell> add_unsigned(MemoryTree& tree, const std::string& path) {
  return fake::add_cell(tree, path, "0", [path](const std::string& text) -> Result<std::string> {
    const std::string most = "18446744073709551615";
    if (text == "-1" || text == most) return most;
    const auto number = fake::whole_number(text);
    if (!number) return fake::refused(path);
    return std::to_string(*number);
  });
}

const bool added =
    add_knob_fixture({"memory's cap (JetPack 5)",
                      iso_spec(),
                      [](MemoryTree& tree) { add_unsigned(tree, kIsoCap); },
                      Unit::hertz,
                      {kIsoCap}}) &&
    add_knob_fixture({"memory's cap (JetPack 6)", emc_spec(), add_emc, Unit::hertz, {kEmc}}) &&
    add_knob_fixture({"DLA's cap, a range",
                      dla_spec(),
                      [](MemoryTree& tree) { add_unsigned(tree, kDla); },
                      Unit::hertz,
                      {kDla}});

TEST(ClockCap, NoneIsTheLastValueAndWhatReleaseSets) {
  MemoryTree tree;
  fake::ManualClock clock;
  const auto cell = add_unsigned(tree, kIsoCap);
  const auto knob = open_knob(iso_spec(), tree);
  ASSERT_TRUE(knob.has_value());
  EXPECT_EQ((*knob)->values().back(), Value("none"));
  EXPECT_EQ((*knob)->get(), Value("none"));
  EXPECT_EQ((*knob)->set(3199e6, clock, kDeadline), Value(3199e6));
  EXPECT_EQ(cell->text, "3199000000");
  ASSERT_TRUE((*knob)->release().has_value());
  EXPECT_EQ(cell->text, "0");
}

TEST(ClockCap, ManyTextsMeanNone) {
  MemoryTree tree;
  const auto cell = add_unsigned(tree, kIsoCap);
  const auto knob = open_knob(iso_spec(), tree);
  for (const char* text : {"0", "-1", "2147483647", "9223372036854775807", "18446744073709551615",
                           "4294967295", "4266000000"}) {
    cell->text = text;
    EXPECT_EQ((*knob)->get(), Value("none")) << text;
  }
  cell->text = "99999999999999999999999";
  EXPECT_EQ((*knob)->get().error().kind, ErrorKind::parse);
}

// A power mode may cap above all that is offered: Orin NX's 40W mode its DLA at 908.8 MHz.
TEST(ClockCap, WhatIsAboveTheValuesAndBelowTheClocksEndIsACap) {
  MemoryTree tree;
  const auto cell = add_unsigned(tree, kIsoCap);
  KnobSpec offers_less = iso_spec();
  offers_less.values.resize(2);
  const auto knob = open_knob(offers_less, tree);
  cell->text = "2133000000";
  EXPECT_EQ((*knob)->get(), Value(2133e6));
  cell->ignore = true;
  fake::ManualClock clock;
  EXPECT_EQ((*knob)->set("none", clock, kDeadline), Value(2133e6));
  EXPECT_EQ((*knob)->release().error().kind, ErrorKind::not_reached);
  cell->text = "3199000000";
  EXPECT_EQ((*knob)->get(), Value("none"));
  EXPECT_TRUE((*knob)->release());
}

// One board file for modules whose clocks end at 614.4 and at 1203.2 MHz.
TEST(ClockCap, AModulesClockMayEndBelowTheOthers) {
  MemoryTree tree;
  fake::ManualClock clock;
  KnobSpec modules = spec("dla0_core_frequency", kDla, "-1", {115e6, 614.4e6, 908.8e6, 1203.2e6});
  modules.options["maximum"] = "614400000 1203200000";
  const auto cell = fake::add_clock_cap(tree, kDla, {115000000, 614400000});
  const auto knob = open_knob(modules, tree);
  EXPECT_EQ((*knob)->set(115e6, clock, kDeadline), Value(115e6));
  EXPECT_EQ((*knob)->set("none", clock, kDeadline), Value("none"));
  EXPECT_TRUE((*knob)->release());
  EXPECT_EQ((*knob)->set(908.8e6, clock, kDeadline), Value(614.4e6));
  cell->text = "294400000";
  cell->ignore = true;
  EXPECT_EQ((*knob)->set("none", clock, kDeadline), Value(294.4e6));
}

TEST(ClockCap, AnEndThatNoFileSaysIsLearntWhenTheCapIsLifted) {
  MemoryTree tree;
  fake::ManualClock clock;
  fake::add_clock_cap(tree, kDla, {614400000, 1369600000, 1408000000});
  const auto knob = open_knob(spec("dla0_core_frequency", kDla, "-1", {614.4e6, 1369.6e6}), tree);
  EXPECT_EQ((*knob)->get(), Value(1408e6));
  EXPECT_EQ((*knob)->set("none", clock, kDeadline), Value("none"));
  EXPECT_EQ((*knob)->get(), Value("none"));
}

TEST(ClockCap, TheClocksEndsAreRatesUpToTheHighest) {
  MemoryTree tree;
  add_unsigned(tree, kIsoCap);
  for (const char* text : {"3199", "x", "-1", "3199000000 3199000000", "3199000000x", ""}) {
    KnobSpec wrong = iso_spec();
    wrong.options["maximum"] = text;
    EXPECT_EQ(open_knob(wrong, tree).error().kind, ErrorKind::invalid) << text;
  }
}

TEST(ClockCap, AKernelThatRefusesMinusOneGetsTheLargestNumber) {
  MemoryTree tree;
  fake::ManualClock clock;
  add_emc(tree);
  const auto knob = open_knob(emc_spec(), tree);
  ASSERT_EQ((*knob)->set(665.6e6, clock, kDeadline), Value(665.6e6));
  EXPECT_EQ((*knob)->set("none", clock, kDeadline), Value("none"));
  EXPECT_EQ(read_line(tree, kEmc), "3199000000");
}

TEST(ClockCap, ACapThatIsRoundedOrIgnoredIsSeen) {
  MemoryTree tree;
  fake::ManualClock clock;
  KnobSpec spec = emc_spec();
  spec.values = {204e6, 1000e6, 2133e6};  // the clock has no 1000 MHz
  add_emc(tree);
  const auto knob = open_knob(spec, tree);
  EXPECT_EQ((*knob)->set(1000e6, clock, kDeadline), Value(665.6e6));
  fake::add_cell(tree, kEmc, "665600000")->ignore = true;
  EXPECT_EQ((*knob)->set(204e6, clock, kDeadline), Value(665.6e6));
  EXPECT_EQ((*knob)->set("none", clock, kDeadline), Value(665.6e6));
  EXPECT_EQ((*knob)->release().error().kind, ErrorKind::not_reached);
}

TEST(ClockCap, ARangeShowsAGridAndTakesWhatLiesBetween) {
  MemoryTree tree;
  fake::ManualClock clock;
  add_unsigned(tree, kDla);
  const auto knob = open_knob(dla_spec(), tree);
  EXPECT_EQ((*knob)->values().size(), 17u);  // 115.2, 200 to 1500, 1600 MHz, none
  EXPECT_EQ((*knob)->set(614.4e6, clock, kDeadline), Value(614.4e6));
  EXPECT_EQ((*knob)->set(100e6, clock, kDeadline).error().remedy, "Nearest: 115200000 Hz");
}

TEST(ClockCap, NeedsValuesOrARange) {
  MemoryTree tree;
  add_unsigned(tree, kIsoCap);
  EXPECT_EQ(open_knob(spec("a_frequency", kIsoCap, "0", {}), tree).error().kind,
            ErrorKind::invalid);
}

}  // namespace
}  // namespace isojoule
