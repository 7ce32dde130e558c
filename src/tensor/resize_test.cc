#include "tensor/resize.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include "tensor/elements.h"
#include "tensor/image_input.h"

namespace isojoule {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

Image grey(std::int64_t width, std::int64_t height, const std::vector<std::uint8_t>& values) {
  return {width, height, 1, values};
}

Region whole(const Image& image) {
  return {0, 0, static_cast<double>(image.width), static_cast<double>(image.height)};
}

std::vector<float> row_of(const std::vector<std::uint8_t>& values, std::int64_t width) {
  const Image image = grey(static_cast<std::int64_t>(values.size()), 1, values);
  return resized(image, whole(image), width, 1);
}

// By hand: twice as wide, the new centres lie at 0.25, 0.75, 1.25, 1.75 of pixels at 0.5 and 1.5.
TEST(Resize, GrowsWithHalfPixelCentres) {
  EXPECT_THAT(row_of({0, 100}, 4), Pointwise(FloatNear(1e-4F), {0.0F, 25.0F, 75.0F, 100.0F}));
}

// By hand: half as wide, the triangle is 2 pixels to each side. Output 0 lies at 1.0; the pixels at
// 0.5, 1.5, 2.5 are away 0.5, 0.5, 1.5, their weights 0.75, 0.75, 0.25.
TEST(Resize, ShrinksWithAWiderTriangle) {
  EXPECT_THAT(row_of({10, 20, 30, 40}, 2),
              Pointwise(FloatNear(1e-4F), {(7.5F + 15 + 7.5F) / 1.75F, (5 + 22.5F + 30) / 1.75F}));
}

TEST(Resize, TheSameSizeIsTheSamePicture) {
  EXPECT_THAT(row_of({1, 250, 3, 77}, 4), ElementsAre(1, 250, 3, 77));
}

TEST(Resize, ConstantStaysConstant) {
  EXPECT_TRUE(rc::check([] {
    const auto side = [] { return *rc::gen::inRange<std::int64_t>(1, 40); };
    Image image{side(), side(), 3, {}};
    const auto value = *rc::gen::arbitrary<std::uint8_t>();
    image.pixels.assign(static_cast<std::size_t>(image.width * image.height * 3), value);
    Region region = whole(image);
    const double part = *rc::gen::inRange(1, 101) / 100.0;
    region.width *= part;
    region.left = (static_cast<double>(image.width) - region.width) / 2;
    for (const float pixel : resized(image, region, side(), side()))
      RC_ASSERT(std::abs(pixel - static_cast<float>(value)) < 0.01F);
  }));
}

TEST(Resize, StaysWithinThePicturesValues) {
  EXPECT_TRUE(rc::check([] {
    const auto side = [] { return *rc::gen::inRange<std::int64_t>(1, 24); };
    Image image{side(), side(), 1, {}};
    image.pixels = *rc::gen::container<std::vector<std::uint8_t>>(
        static_cast<std::size_t>(image.width * image.height),
        rc::gen::inRange<std::uint8_t>(50, 200));
    for (const float pixel : resized(image, whole(image), side(), side()))
      RC_ASSERT(pixel > 49.9F && pixel < 199.1F);
  }));
}

TEST(Resize, TheMiddlePart) {
  const Region wide = middle_part(400, 300, 100, 100);
  EXPECT_EQ(wide.left, 50);
  EXPECT_EQ(wide.width, 300);
  EXPECT_EQ(wide.height, 300);
  const Region tall = middle_part(300, 400, 200, 100);
  EXPECT_EQ(tall.top, 125);
  EXPECT_EQ(tall.width, 300);
  EXPECT_EQ(tall.height, 150);
}

// ---- into tensors ---------------------------------------------------------------------------

// Left half red 255, right half blue 255.
Image flag() {
  Image image{4, 2, 3, {}};
  for (int i = 0; i < 8; ++i) {
    const bool left = i % 4 < 2;
    for (const int value : {left ? 255 : 0, 51, left ? 0 : 255})
      image.pixels.push_back(static_cast<std::uint8_t>(value));
  }
  return image;
}

std::vector<float> values_of(const TensorSpec& spec, const ImageOptions& options,
                             const Image& image = flag()) {
  const auto place = image_place(spec, options);
  EXPECT_TRUE(place) << (place ? "" : to_string(place.error()));
  Tensor tensor = make_tensor(spec);
  if (place) put_image(tensor, 0, image, *place, options);
  return float_values(tensor);
}

TEST(ImageInput, BothLayoutsAndBothOrders) {
  const auto planes = values_of({"x", ElementType::float32, {1, 3, 1, 4}}, {});
  EXPECT_THAT(planes, Pointwise(FloatNear(1e-5F), {1.0F, 1.0F, 0.0F, 0.0F, .2F, .2F, .2F, .2F, 0.0F,
                                                   0.0F, 1.0F, 1.0F}));
  ImageOptions bgr;
  bgr.bgr = true;
  const auto pixels = values_of({"x", ElementType::float32, {1, 1, 4, 3}}, bgr);
  EXPECT_THAT(pixels, Pointwise(FloatNear(1e-5F), {0.0F, .2F, 1.0F, 0.0F, .2F, 1.0F, 1.0F, .2F,
                                                   0.0F, 1.0F, .2F, 0.0F}));
}

TEST(ImageInput, MeanStdAndScale) {
  ImageOptions options;
  options.mean = {0.5, 0.2, 0.25};
  options.std = {0.5, 0.1, 0.25};
  options.scale = 255;
  const auto planes =
      values_of({"x", ElementType::float16, {1, 3, 1, 1}}, options, {1, 1, 3, {255, 51, 0}});
  EXPECT_THAT(planes, Pointwise(FloatNear(0.1F), {255.0F, 0.0F, -255.0F}));
}

TEST(ImageInput, WholeNumbersTakeThePixels) {
  const Image image{1, 1, 3, {0, 128, 255}};
  EXPECT_THAT(values_of({"x", ElementType::uint8, {1, 1, 1, 3}}, {}, image),
              ElementsAre(0, 128, 255));
  EXPECT_THAT(values_of({"x", ElementType::int8, {1, 1, 1, 3}}, {}, image),
              ElementsAre(-128, 0, 127));
  ImageOptions normalised;
  normalised.mean = {0.5, 0.5, 0.5};
  EXPECT_FALSE(image_place({"x", ElementType::uint8, {1, 1, 1, 3}}, normalised));
}

TEST(ImageInput, OneChannelIsBrightness) {
  EXPECT_THAT(values_of({"x", ElementType::float32, {1, 1, 1, 1}}, {}, {1, 1, 3, {255, 0, 0}}),
              Pointwise(FloatNear(1e-5F), {0.299F}));
}

TEST(ImageInput, CropTakesTheMiddleAndLetterboxKeepsAll) {
  ImageOptions crop;
  crop.resize = ImageOptions::Resize::crop;
  const Image thirds{3, 1, 3, {10, 10, 10, 20, 20, 20, 30, 30, 30}};
  const auto middle = values_of({"x", ElementType::uint8, {1, 3, 1, 1}}, crop, thirds);
  EXPECT_THAT(middle, ElementsAre(20, 20, 20));
  ImageOptions letterbox;
  letterbox.resize = ImageOptions::Resize::letterbox;
  const Image wide{4, 2, 3, std::vector<std::uint8_t>(24, 200)};
  const auto boxed = values_of({"x", ElementType::uint8, {1, 4, 4, 3}}, letterbox, wide);
  for (std::size_t i = 0; i < boxed.size(); ++i)
    EXPECT_EQ(boxed[i], i / 12 == 0 || i / 12 == 3 ? 114 : 200) << i;
}

TEST(ImageInput, WhatTakesNoImageIsNamed) {
  const auto what = [](const TensorSpec& spec) {
    const auto place = image_place(spec, {});
    EXPECT_FALSE(place);
    return place ? "" : to_string(place.error());
  };
  EXPECT_THAT(what({"data", ElementType::float32, {1, 4, 8, 8}}),
              HasSubstr("input 'data' (1x4x8x8, float32) has 8 channels"));
  EXPECT_THAT(what({"data", ElementType::float32, {1, 10}}), HasSubstr("is no batch of images"));
  EXPECT_THAT(what({"data", ElementType::int64, {1, 3, 8, 8}}), HasSubstr("holds no image"));
  const std::vector<TensorSpec> two = {{"size", ElementType::float32, {2}},
                                       {"image", ElementType::float32, {1, 3, 8, 8}}};
  EXPECT_EQ(find_image_input(two, {}).value_or(9), 1U);
}

}  // namespace
}  // namespace isojoule
