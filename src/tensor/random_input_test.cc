#include "tensor/random_input.h"

#include <gmock/gmock.h>

#include "base/random.h"
#include "tensor/elements.h"
#include "tensor/half.h"

namespace isojoule {
namespace {

Tensor random_of(ElementType type, const std::string& name = "data",
                 const std::map<std::string, std::int64_t>& limits = {}) {
  auto tensor = random_tensor({name, type, {2, 50}}, 7, limits);
  EXPECT_TRUE(tensor);
  return tensor ? std::move(*tensor) : Tensor();
}

// Studies of earlier versions were made with these numbers: they stay.
TEST(RandomInput, TheGeneratorsNumbersInOrder) {
  Random floats(seed_for(7, "data"));
  const Tensor single = random_of(ElementType::float32);
  for (std::size_t i = 0; i < 100; ++i)
    EXPECT_EQ(get_element<float>(single, i), static_cast<float>(floats.uniform()));
  Random doubles(seed_for(7, "data"));
  const Tensor wide = random_of(ElementType::float64);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(get_element<double>(wide, i), doubles.uniform());
  Random halves(seed_for(7, "data"));
  const Tensor half = random_of(ElementType::float16);
  for (std::size_t i = 0; i < 100; ++i)
    EXPECT_EQ(get_element<std::uint16_t>(half, i), half_of(static_cast<float>(halves.uniform())));
  Random whole(seed_for(7, "ids"));
  const Tensor ids = random_of(ElementType::int64, "ids", {{"ids", 30522}});
  for (std::size_t i = 0; i < 100; ++i)
    EXPECT_EQ(get_element<std::int64_t>(ids, i), static_cast<std::int64_t>(whole.below(30522)));
}

TEST(RandomInput, PinnedValues) {
  const Tensor single = random_of(ElementType::float32);
  EXPECT_EQ(get_element<float>(single, 0), 0.305236101F);
  EXPECT_EQ(get_element<float>(single, 1), 0.905314028F);
}

TEST(RandomInput, WholeNumbersMasksAndBooleans) {
  for (const auto type :
       {ElementType::int8, ElementType::uint8, ElementType::int32, ElementType::int64}) {
    for (const float value : float_values(random_of(type))) EXPECT_TRUE(value == 0 || value == 1);
    for (const float value : float_values(random_of(type, "attention_mask"))) EXPECT_EQ(value, 1);
    EXPECT_THAT(float_values(random_of(type, "data", {{"data", 100}})),
                testing::Each(testing::AllOf(testing::Ge(0), testing::Lt(100))));
  }
  for (const float value : float_values(random_of(ElementType::boolean))) EXPECT_EQ(value, 1);
}

TEST(RandomInput, ALimitBelowOneAndAHugeShapeAreRefused) {
  const auto none = random_tensor({"x", ElementType::int64, {1}}, 0, {{"x", 0}});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::invalid);
  const auto huge = random_tensor({"x", ElementType::int64, {1 << 30, 1 << 30}}, 0, {});
  ASSERT_FALSE(huge);
  EXPECT_THAT(huge.error().what, testing::StartsWith("out of memory"));
  EXPECT_THAT(to_string(huge.error()), testing::HasSubstr("input 'x' (1073741824x1073741824"));
}

TEST(RandomInput, TheFirstBatchHasTheJobsSeed) {
  EXPECT_EQ(batch_seed(7, 0), 7U);
  EXPECT_NE(batch_seed(7, 1), batch_seed(7, 2));
}

}  // namespace
}  // namespace isojoule
