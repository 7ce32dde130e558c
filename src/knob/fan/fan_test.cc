#include <gtest/gtest.h>

#include "knob/fake_kernel.h"
#include "knob/knob_contract.h"

namespace isojoule {
namespace {

constexpr Duration kDeadline = Duration::milliseconds(50);
const std::string kTarget = "/sys/devices/pwm-fan/target_pwm";
const std::string kTemperature = "/sys/devices/pwm-fan/temp_control";
const std::string kPwm = "/sys/devices/platform/pwm-fan/hwmon/hwmon2/pwm1";

KnobSpec old_spec() {
  KnobSpec spec;
  spec.type = "fan";
  spec.axis = "fan_speed";
  spec.nodes = {kTarget};
  spec.options["control"] = kTemperature;
  return spec;
}

KnobSpec new_spec() {
  KnobSpec spec = old_spec();
  spec.nodes = {kPwm};
  spec.options["control"] = "pwm1_enable";
  spec.range = {0, 100};
  return spec;
}

struct Fan {
  std::shared_ptr<fake::Cell> pwm, control;
};

// Under the kernel's control the speed is the kernel's, whatever is written.
Fan add_fan(MemoryTree& tree, const std::string& pwm, const std::string& control,
            const std::string& automatic) {
  Fan fan;
  fan.control = fake::add_cell(tree, control, automatic, fake::numbers(control, 0, 2));
  auto speed = std::make_shared<std::string>("77");
  fan.pwm = fake::add_cell(tree, pwm, "77", fake::numbers(pwm, 0, 255));
  auto cell = fan.pwm;
  auto before = fan.control->accept;
  fan.control->accept = [=](const std::string& text) -> Result<std::string> {
    ISOJOULE_TRY(std::string taken, before(text));
    if (taken == automatic) cell->text = *speed;
    return taken;
  };
  return fan;
}

void scramble(MemoryTree& tree, const std::string& control, const std::string& pwm,
              const char* manual, unsigned state) {
  if (state % 2 == 0) return;
  (void)tree.write(control, manual);
  (void)tree.write(pwm, std::to_string(state % 256));
}

const bool added =
    add_knob_fixture({"fan of jetson-nano",
                      old_spec(),
                      [](MemoryTree& tree) { add_fan(tree, kTarget, kTemperature, "1"); },
                      Unit::none,
                      {kTarget, kTemperature},
                      [](MemoryTree& tree, unsigned state) {
                        scramble(tree, kTemperature, kTarget, "0", state);
                      }}) &&
    add_knob_fixture({"fan of jetson-orin-nx",
                      new_spec(),
                      [](MemoryTree& tree) { add_fan(tree, kPwm, kPwm + "_enable", "2"); },
                      Unit::none,
                      {kPwm, kPwm + "_enable"},
                      [](MemoryTree& tree, unsigned state) {
                        scramble(tree, kPwm + "_enable", kPwm, "1", state);
                      }});

TEST(Fan, TakesTheFanBeforeItSetsIt) {
  MemoryTree tree;
  fake::ManualClock clock;
  const Fan fan = add_fan(tree, kTarget, kTemperature, "1");
  const auto knob = open_knob(old_spec(), tree);
  EXPECT_EQ((*knob)->get(), Value(30.0));
  EXPECT_EQ((*knob)->set(100.0, clock, kDeadline), Value(100.0));
  EXPECT_EQ(fan.control->text, "0");
  EXPECT_EQ(fan.pwm->text, "255");
  EXPECT_EQ((*knob)->set(50.0, clock, kDeadline), Value(50.0));
  EXPECT_EQ(fan.pwm->text, "128");
}

TEST(Fan, EveryWholePercentComesBackAsItWas) {
  MemoryTree tree;
  fake::ManualClock clock;
  add_fan(tree, kPwm, kPwm + "_enable", "2");
  const auto knob = open_knob(new_spec(), tree);
  ASSERT_EQ((*knob)->values().size(), 101u);
  EXPECT_EQ((*knob)->set(33.5, clock, kDeadline).error().remedy, "Nearest: 33 and 34");
  EXPECT_EQ((*knob)->set(101.0, clock, kDeadline).error().remedy, "Nearest: 100");
}

TEST(Fan, AnotherProgramThatSteersItIsSeen) {
  MemoryTree tree;
  fake::ManualClock clock;
  const Fan fan = add_fan(tree, kPwm, kPwm + "_enable", "2");
  const auto knob = open_knob(new_spec(), tree);
  fan.control->ignore = true;
  const auto result = (*knob)->set(10.0, clock, kDeadline);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::not_reached);
  EXPECT_NE(result.error().remedy.find("nvfancontrol"), std::string::npos);
  fan.control->ignore = false;
  fan.pwm->ignore = true;
  EXPECT_EQ((*knob)->set(10.0, clock, kDeadline), Value(30.0));
}

TEST(Fan, TheSpeedIsNotComparedWhereTheKernelSteeredIt) {
  MemoryTree tree;
  add_fan(tree, kTarget, kTemperature, "1");
  const auto knob = open_knob(old_spec(), tree);
  auto saved = *(*knob)->save();
  ASSERT_EQ(saved.size(), 2u);
  EXPECT_FALSE(saved[0].settles);
  EXPECT_EQ(saved[0].follows, kTemperature);
  ASSERT_TRUE(tree.write(kTemperature, "0").has_value());
  saved = *(*knob)->save();
  EXPECT_TRUE(saved[0].settles);
}

TEST(Fan, AKernelWithoutTheControlIsTaken) {
  MemoryTree tree;
  fake::ManualClock clock;
  fake::add_cell(tree, kPwm, "0", fake::numbers(kPwm, 0, 255));
  const auto knob = open_knob(new_spec(), tree);
  ASSERT_TRUE(knob.has_value());
  EXPECT_EQ((*knob)->set(20.0, clock, kDeadline), Value(20.0));
  EXPECT_EQ((*knob)->save()->size(), 1u);
}

TEST(Fan, ARangeBeyondAHundredIsInvalid) {
  MemoryTree tree;
  add_fan(tree, kPwm, kPwm + "_enable", "2");
  KnobSpec spec = new_spec();
  spec.range = {0, 255};
  EXPECT_EQ(open_knob(spec, tree).error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace isojoule
