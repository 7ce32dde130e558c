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

TEST(Amount, UnitsOfMemoryAndTemperature) {
  EXPECT_DOUBLE_EQ(*parse_amount("512B", Unit::byte), 512);
  EXPECT_DOUBLE_EQ(*parse_amount("3kB", Unit::byte), 3000);
  EXPECT_DOUBLE_EQ(*parse_amount("1.5 MiB", Unit::byte), 1.5 * 1024 * 1024);
  EXPECT_DOUBLE_EQ(*parse_amount("2GB", Unit::byte), 2e9);
  EXPECT_DOUBLE_EQ(*parse_amount("2GiB", Unit::byte), 2147483648.0);
  EXPECT_DOUBLE_EQ(*parse_amount("70C", Unit::celsius), 70);
  for (const char* text : {"2gb", "2 Gb", "2TB", "2kiB", "70C"})
    EXPECT_EQ(parse_amount(text, Unit::byte).error().kind, ErrorKind::parse) << text;
  for (const char* text : {"70", "70F", "343K", "70c"})
    EXPECT_EQ(parse_amount(text, Unit::celsius).error().kind, ErrorKind::parse) << text;
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
