#include "data/amount.h"

#include <gtest/gtest.h>

namespace isojoule {
namespace {

TEST(Amount, UnitsOfTimePowerAndEnergy) {
  EXPECT_DOUBLE_EQ(*parse_amount("33ms", Unit::second), 0.033);
  EXPECT_DOUBLE_EQ(*parse_amount(" 2 min", Unit::second), 120);
  EXPECT_DOUBLE_EQ(*parse_amount("15W", Unit::watt), 15);
  EXPECT_DOUBLE_EQ(*parse_amount("2mJ", Unit::joule), 2e-3);
  EXPECT_DOUBLE_EQ(*parse_amount("1.5e3 uJ", Unit::joule), 1.5e-3);
  EXPECT_DOUBLE_EQ(*parse_amount("0.5Wh", Unit::joule), 1800);
}

TEST(Amount, WhatIsNoneIsRefusedWithTheUnitsThatThereAre) {
  for (const char* text : {"", "mJ", "2", "2ms", "2mj", "2 m J", "x2mJ", "nanJ", "infJ"}) {
    const auto amount = parse_amount(text, Unit::joule);
    ASSERT_FALSE(amount) << text;
    EXPECT_NE(amount.error().remedy.find("mJ"), std::string::npos) << text;
  }
  for (const char* text : {"0J", "-1mJ", "1e999J", "1e308kWh"})
    EXPECT_EQ(parse_amount(text, Unit::joule).error().kind, ErrorKind::out_of_range) << text;
}

}  // namespace
}  // namespace isojoule
