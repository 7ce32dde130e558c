#include "tensor/elements.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tensor/half.h"

namespace isojoule {
namespace {

TEST(Half, KnownValues) {
  EXPECT_EQ(half_of(0.0F), 0x0000);
  EXPECT_EQ(half_of(-0.0F), 0x8000);
  EXPECT_EQ(half_of(1.0F), 0x3c00);
  EXPECT_EQ(half_of(-2.0F), 0xc000);
  EXPECT_EQ(half_of(65504.0F), 0x7bff);
  EXPECT_EQ(half_of(65519.0F), 0x7bff);
  EXPECT_EQ(half_of(65520.0F), 0x7c00);
  EXPECT_EQ(half_of(1e9F), 0x7c00);
  EXPECT_EQ(half_of(0x1p-14F), 0x0400);
  EXPECT_EQ(half_of(0x1p-24F), 0x0001);
  EXPECT_EQ(half_of(0x1p-25F), 0x0000);  // a tie, to even
  EXPECT_EQ(half_of(0x1.8p-25F), 0x0001);
  EXPECT_EQ(half_of(1.0F + 0x1p-11F), 0x3c00);  // a tie, to even
  EXPECT_EQ(half_of(1.0F + 0x3p-11F), 0x3c02);
  EXPECT_EQ(half_of(std::numeric_limits<float>::quiet_NaN()) & 0x7e00, 0x7e00);
}

TEST(Half, EveryHalfComesBack) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = float_of_half(half);
    if (std::isnan(value)) {
      EXPECT_TRUE((half & 0x7c00) == 0x7c00 && (half & 0x3ff) != 0);
    } else {
      EXPECT_EQ(half_of(value), half);
    }
  }
}

// The rounded value is the nearest: no neighbour is nearer.
TEST(Half, RoundsToTheNearest) {
  for (float value = 1e-8F; value < 60000; value *= 1.00037F) {
    const std::uint16_t half = half_of(value);
    const float away = std::abs(float_of_half(half) - value);
    EXPECT_LE(away, std::abs(float_of_half(static_cast<std::uint16_t>(half + 1)) - value));
    const auto below = static_cast<std::uint16_t>(half > 0 ? half - 1 : half);
    EXPECT_LE(away, std::abs(float_of_half(below) - value));
  }
}

TEST(Elements, ComeBackInEveryType) {
  const std::vector<float> values = {0, 1, 1, 0};
  for (int type = 0; type < 8; ++type) {
    Tensor tensor = make_tensor({"x", static_cast<ElementType>(type), {2, 2}});
    put_values(tensor, 0, values);
    EXPECT_EQ(float_values(tensor), values) << type;
  }
}

TEST(Elements, WholeNumbersAreRoundedAndKeptInRange) {
  Tensor tensor = make_tensor({"x", ElementType::uint8, {6}});
  put_values(tensor, 0, std::vector<float>{-3, 0.4F, 0.6F, 254.6F, 1e9F, NAN});
  EXPECT_EQ(float_values(tensor), (std::vector<float>{0, 0, 1, 255, 255, 0}));
  Tensor wide = make_tensor({"x", ElementType::int64, {2}});
  put_values(wide, 0, std::vector<float>{1e30F, -1e30F});
  EXPECT_EQ(get_element<std::int64_t>(wide, 0), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(get_element<std::int64_t>(wide, 1), std::numeric_limits<std::int64_t>::min());
}

}  // namespace
}  // namespace isojoule
