#include "report/column.h"

#include <gtest/gtest.h>

#include <cmath>

#include <rapidcheck/gtest.h>

namespace isojoule {
namespace {

std::vector<std::int64_t> back(const PackedColumn& column) {
  const auto integers = unpack_column(column);
  EXPECT_TRUE(integers);
  return integers.value_or(std::vector<std::int64_t>{});
}

RC_GTEST_PROP(Column, ReadsBackWhateverTheIntegersAre, ()) {
  const auto wide = rc::gen::inRange<std::int64_t>(-(std::int64_t{1} << 53), std::int64_t{1} << 53);
  const auto near = rc::gen::inRange<std::int64_t>(-70, 70);
  const auto integers = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::oneOf(wide, near));
  const PackedColumn column = pack_column(integers, 1e-3);
  RC_ASSERT(unpack_column(column).value() == integers);
  RC_ASSERT(column.count == static_cast<std::int64_t>(integers.size()));
}

TEST(Column, TheOrderIsTheOneThatTakesTheFewestBytes) {
  std::vector<std::int64_t> ticks, flat, wild;
  for (std::int64_t i = 0; i < 3000; ++i) {
    ticks.push_back(100'000 * i + i % 3);
    flat.push_back(921'600 + i % 2 * 60);
    wild.push_back(i % 2 == 0 ? 60 : -60);
  }
  EXPECT_EQ(pack_column(ticks, 1e-6).order, 2);
  EXPECT_EQ(pack_column(ticks, 1e-6).data.size(), 4000U);
  EXPECT_EQ(pack_column(flat, 1e3).order, 1);
  EXPECT_EQ(pack_column(wild, 1).order, 0);
  for (const auto& column : {ticks, flat, wild}) EXPECT_EQ(back(pack_column(column, 1)), column);
}

// The very texts that other readers of the form must understand.
TEST(Column, TheFormIsTheOneThatTheHeaderStates) {
  const auto packed = [](std::vector<std::int64_t> n) {
    return to_json(pack_column(n, 0.5)).dump();
  };
  EXPECT_EQ(packed({}), R"({"count":0,"data":"","first":[],"order":0,"scale":0.5})");
  EXPECT_EQ(packed({60, -60, 60, -60, 64}),
            R"({"count":5,"data":"eHd4d4AB","first":[],"order":0,"scale":0.5})");
  EXPECT_EQ(packed({1000, 1063, 1000, 1063, 1000}),
            R"({"count":5,"data":"fn1+fQ==","first":[1000],"order":1,"scale":0.5})");
  EXPECT_EQ(packed({1000, 2000, 3000, 4001}),
            R"({"count":4,"data":"AAI=","first":[1000,1000],"order":2,"scale":0.5})");
}

TEST(Column, WhatIsDamagedIsAnError) {
  const std::vector<std::int64_t> n = {5, 600, -7, 80'000};
  const PackedColumn good = pack_column(n, 1);
  for (const std::size_t at : {std::size_t{0}, good.data.size() - 1}) {
    PackedColumn bad = good;
    bad.data[at] = '!';
    EXPECT_FALSE(unpack_column(bad));
  }
  PackedColumn shorter = good, longer = good, other = good;
  shorter.data.resize(shorter.data.size() - 4);
  longer.count += 1;
  other.first.push_back(1);
  for (const PackedColumn& bad : {shorter, longer, other}) {
    ASSERT_FALSE(unpack_column(bad));
    EXPECT_EQ(unpack_column(bad).error().kind, ErrorKind::damaged);
  }
}

TEST(Column, TheStepIsTheCoarsestThatLosesNothing) {
  EXPECT_DOUBLE_EQ(decimal_step(std::vector{921.6e6, 76.8e6}, 1e3), 1e5);
  EXPECT_DOUBLE_EQ(decimal_step(std::vector{31.5, 32.0}, 1e-3), 0.1);
  EXPECT_DOUBLE_EQ(decimal_step(std::vector{0.123456789, 3.2}, 1e-3), 1e-3);
  EXPECT_DOUBLE_EQ(decimal_step(std::vector{0.0, 0.0}, 1e-3), 1);
  EXPECT_DOUBLE_EQ(decimal_step(std::vector<double>{}, 1e-3), 1);
}

RC_GTEST_PROP(Column, RoundingIsWithinHalfAStep, ()) {
  const auto values = *rc::gen::container<std::vector<double>>(
      rc::gen::map(rc::gen::inRange<int>(-5'000'000, 5'000'000), [](int n) { return n * 1.3e-6; }));
  const double step = decimal_step(values, 1e-3);
  const auto integers = unpack_column(pack_column(values, step)).value();
  for (std::size_t i = 0; i < values.size(); ++i)
    RC_ASSERT(std::abs(static_cast<double>(integers[i]) * step - values[i]) <= 0.5000001 * step);
}

}  // namespace
}  // namespace isojoule
