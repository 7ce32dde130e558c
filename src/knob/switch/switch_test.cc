#include <gtest/gtest.h>

#include "knob/fake_kernel.h"
#include "knob/knob_contract.h"

namespace isojoule {
namespace {

constexpr Duration kDeadline = Duration::milliseconds(50);
const std::string kRailgate = "/sys/devices/17000000.ga10b/railgate_enable";
const std::string kPower = "/sys/devices/gpu.0/power/control";

KnobSpec spec(std::vector<std::string> nodes) {
  KnobSpec spec;
  spec.type = "switch";
  spec.axis = "gpu_railgate";
  spec.nodes = std::move(nodes);
  return spec;
}

KnobSpec power_spec() {
  KnobSpec power = spec({kPower});
  power.axis = "gpu_power_control";
  power.options = {{"on", "on"}, {"off", "auto"}};
  return power;
}

auto words(const std::string& path, const std::string& a, const std::string& b) {
  return [=](const std::string& text) -> Result<std::string> {
    if (text != a && text != b) return fake::refused(path);
    return text;
  };
}

const bool added =
    add_knob_fixture({"railgate of two devices",
                      spec({kRailgate, kRailgate + "_2"}),
                      [](MemoryTree& tree) {
                        for (const auto& path : {kRailgate, kRailgate + "_2"})
                          fake::add_cell(tree, path, "1", fake::numbers(path, 0, 1));
                      },
                      Unit::none,
                      {kRailgate, kRailgate + "_2"}}) &&
    add_knob_fixture({"power control with words",
                      power_spec(),
                      [](MemoryTree& tree) {
                        fake::add_cell(tree, kPower, "auto", words(kPower, "on", "auto"));
                      },
                      Unit::none,
                      {kPower}});

TEST(Switch, AnIgnoredWriteIsSeen) {
  MemoryTree tree;
  fake::ManualClock clock;
  fake::add_cell(tree, kRailgate, "1")->ignore = true;
  const auto knob = open_knob(spec({kRailgate}), tree);
  EXPECT_EQ((*knob)->set("off", clock, kDeadline), Value("on"));
}

TEST(Switch, AnotherTextIsAParseErrorWithBothTexts) {
  MemoryTree tree;
  fake::add_cell(tree, kPower, "suspended");
  const auto knob = open_knob(power_spec(), tree);
  const auto now = (*knob)->get();
  ASSERT_FALSE(now.has_value());
  EXPECT_EQ(now.error().kind, ErrorKind::parse);
  EXPECT_NE(now.error().what.find("'suspended' is neither 'on' (on) nor 'auto'"),
            std::string::npos);
}

TEST(Switch, TheTextsMustDiffer) {
  MemoryTree tree;
  fake::add_cell(tree, kPower, "on");
  KnobSpec same = power_spec();
  same.options["off"] = "on";
  EXPECT_EQ(open_knob(same, tree).error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace isojoule
