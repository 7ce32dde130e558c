// Pictures as bytes, and their files' formats: JPEG, PNG, BMP, GIF (its first picture), PNM.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace isojoule {

struct Image {
  std::int64_t width = 0, height = 0;
  std::int64_t channels = 3;         // 3: red, green, blue; 1: grey
  std::vector<std::uint8_t> pixels;  // row by row, the channels of a pixel side by side
  bool operator==(const Image&) const = default;
};

inline constexpr std::int64_t kMostPixels = 100'000'000;

// As 8 bits of red, green and blue: grey is repeated, transparency is dropped (the colour below it
// stays), 16 bits are cut to the upper 8. The orientation that a camera notes in EXIF is ignored.
// `name` is for messages. Errors: parse (no image, or cut off), out_of_range (beyond kMostPixels).
Result<Image> decode_image(std::string_view bytes, const std::string& name);

// Errors: parse (no pixels), out_of_range.
Status check_extent(std::int64_t width, std::int64_t height, const std::string& name);

std::string encode_png(const Image& image);
std::string encode_jpeg(const Image& image, int quality);

// Whether the first bytes are those of a format above.
bool looks_like_image(std::string_view bytes);

}  // namespace isojoule
