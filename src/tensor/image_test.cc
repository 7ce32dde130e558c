#include "tensor/image.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include "tensor/jpeg_tables.h"
#include "tensor/picture.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

std::string error_of(const std::string& bytes, ErrorKind kind = ErrorKind::parse) {
  const auto image = decode_image(bytes, "cat.jpg");
  EXPECT_FALSE(image);
  if (image) return "";
  EXPECT_EQ(image.error().kind, kind);
  return to_string(image.error());
}

TEST(Image, PngComesBackExactly) {
  EXPECT_TRUE(rc::check([] {
    Image image{
        *rc::gen::inRange<std::int64_t>(1, 20), *rc::gen::inRange<std::int64_t>(1, 20), 3, {}};
    image.pixels = *rc::gen::container<std::vector<std::uint8_t>>(
        static_cast<std::size_t>(image.width * image.height * 3),
        rc::gen::arbitrary<std::uint8_t>());
    const auto again = decode_image(encode_png(image), "x.png");
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == image);
  }));
}

TEST(Image, JpegComesBackNearly) {
  const Image image = made_up_picture(1, 160, 120);
  const auto again = decode_image(encode_jpeg(image, 95), "x.jpg");
  ASSERT_TRUE(again) << to_string(again.error());
  ASSERT_EQ(again->pixels.size(), image.pixels.size());
  double away = 0;
  for (std::size_t i = 0; i < image.pixels.size(); ++i)
    away += std::abs(static_cast<int>(image.pixels[i]) - static_cast<int>(again->pixels[i]));
  EXPECT_LT(away / static_cast<double>(image.pixels.size()), 6);
}

TEST(Image, GreyAndTransparentPicturesBecomeColours) {
  const auto grey = decode_image(encode_png({2, 1, 1, {10, 200}}), "grey.png");
  ASSERT_TRUE(grey);
  EXPECT_EQ(grey->pixels, (std::vector<std::uint8_t>{10, 10, 10, 200, 200, 200}));
  const auto clear = decode_image(encode_png({1, 1, 4, {1, 2, 3, 0}}), "clear.png");
  ASSERT_TRUE(clear);
  EXPECT_EQ(clear->pixels, (std::vector<std::uint8_t>{1, 2, 3}));
}

TEST(Image, PnmIsRead) {
  const auto colour = decode_image("P6 2 1 255\nabcdef", "x.ppm");
  ASSERT_TRUE(colour) << to_string(colour.error());
  EXPECT_EQ(colour->width, 2);
  EXPECT_EQ(colour->pixels, (std::vector<std::uint8_t>{'a', 'b', 'c', 'd', 'e', 'f'}));
  const auto grey = decode_image("P5\n# of 15\n2 1\n15\n" + std::string("\x0f\x05", 2), "x.pgm");
  ASSERT_TRUE(grey) << to_string(grey.error());
  EXPECT_EQ(grey->pixels, (std::vector<std::uint8_t>{255, 255, 255, 85, 85, 85}));
  EXPECT_THAT(error_of("P6 1 1 65535\nabcdef"), HasSubstr("16 bits a value"));
  EXPECT_THAT(error_of("P6 1 1"), HasSubstr("its header is none"));
  EXPECT_THAT(error_of("P6 99999999999999999999 1 255\n"), HasSubstr("its header is none"));
}

TEST(Image, WhatIsNoImageIsNamed) {
  EXPECT_THAT(error_of(""), HasSubstr("cat.jpg: is an empty file"));
  EXPECT_THAT(error_of("<html>404 Not Found</html>"), HasSubstr("cat.jpg: is no image"));
  EXPECT_THAT(error_of(std::string(1000, '\0')), HasSubstr("is no image"));
}

TEST(Image, ACutImageIsNoImage) {
  const Image image = made_up_picture(2, 64, 48);
  for (const std::string& whole :
       {encode_jpeg(image, 90), encode_png(image),
        "P6 64 48 255\n" + std::string(image.pixels.begin(), image.pixels.end())}) {
    ASSERT_TRUE(decode_image(whole, "whole"));
    for (const double part : {0.1, 0.5, 0.9, 0.99}) {
      const auto size = static_cast<std::size_t>(static_cast<double>(whole.size()) * part);
      EXPECT_FALSE(decode_image(std::string_view(whole).substr(0, size), "cut"))
          << whole.substr(0, 2) << " " << part;
    }
  }
  EXPECT_THAT(error_of(encode_jpeg(image, 90).substr(0, 1500)), HasSubstr("was cut off"));
}

// stb_image would write beyond its tables, see jpeg_tables.h.
TEST(Image, JpegTablesThatCannotBe) {
  std::string whole = encode_jpeg(made_up_picture(2, 16, 16), 90);
  EXPECT_TRUE(jpeg_tables_fit(whole));
  whole[whole.find("\xff\xc4") + 6] = '\xff';
  EXPECT_FALSE(jpeg_tables_fit(whole));
  EXPECT_THAT(error_of(whole), HasSubstr("is a damaged image"));
  EXPECT_FALSE(jpeg_tables_fit("\xff\xff\xd8"));
  EXPECT_TRUE(jpeg_tables_fit("GIF89a"));
}

TEST(Image, AHugeImageIsRefusedBeforeItIsDecoded) {
  EXPECT_THAT(error_of("P6 20000 20000 255\n", ErrorKind::out_of_range),
              HasSubstr("20000 x 20000 pixels"));
}

TEST(Image, FormatsAreKnownByTheirFirstBytes) {
  EXPECT_TRUE(looks_like_image(encode_jpeg(made_up_picture(1, 8, 8), 50)));
  EXPECT_TRUE(looks_like_image(encode_png(made_up_picture(1, 8, 8))));
  EXPECT_FALSE(looks_like_image("The quick brown fox"));
  EXPECT_FALSE(looks_like_image(""));
}

TEST(Picture, IsTheSameForASeedAndHasEdges) {
  EXPECT_EQ(made_up_picture(5, 40, 30), made_up_picture(5, 40, 30));
  EXPECT_NE(made_up_picture(5, 40, 30), made_up_picture(6, 40, 30));
  // Like a photograph: neither nothing to compress nor everything noise.
  const std::size_t size = encode_jpeg(made_up_picture(5, 640, 480), 90).size();
  EXPECT_GT(size, 30'000U);
  EXPECT_LT(size, 300'000U);
}

}  // namespace
}  // namespace isojoule
