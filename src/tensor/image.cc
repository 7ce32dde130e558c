#include "tensor/image.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "tensor/jpeg_tables.h"
#include "tensor/pnm.h"

// The library's names stay inside this file (static), so that a program that links ours may bring
// its own copy of it.
// clang-tidy sees its declarations alone: what it would find inside is not ours to mend.
#ifndef __clang_analyzer__
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#endif
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_NO_FAILURE_STRINGS
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_ONLY_GIF
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace isojoule {
namespace {

// What the decoder reads from. It takes zeros for what lies beyond the end of a file and calls that
// a picture: a read there is how a file that was cut off is told.
struct Reader {
  std::string_view bytes;
  std::size_t at = 0;
  bool beyond = false;
};

// The decoder fills its buffer of this size and may get less; a read of another size it needs
// whole.
constexpr int kBuffer = 128;

int read_some(void* user, char* data, int size) {
  auto& reader = *static_cast<Reader*>(user);
  const std::size_t left = reader.bytes.size() - reader.at;
  const std::size_t count = std::min(left, static_cast<std::size_t>(size));
  if (count == 0 || (size != kBuffer && count < static_cast<std::size_t>(size)))
    reader.beyond = true;
  std::memcpy(data, reader.bytes.data() + reader.at, count);
  reader.at += count;
  return static_cast<int>(count);
}

void skip_some(void* user, int size) {
  auto& reader = *static_cast<Reader*>(user);
  const auto at = static_cast<std::int64_t>(reader.at) + size;
  reader.at = static_cast<std::size_t>(
      std::clamp<std::int64_t>(at, 0, static_cast<std::int64_t>(reader.bytes.size())));
}

int is_over(void* user) {
  const auto& reader = *static_cast<Reader*>(user);
  return reader.at == reader.bytes.size() ? 1 : 0;
}

constexpr stbi_io_callbacks kCallbacks = {read_some, skip_some, is_over};

struct Free {
  void operator()(stbi_uc* pixels) const { stbi_image_free(pixels); }
};

Status check_file(std::string_view bytes, const std::string& name) {
  Reader reader{bytes};
  int width = 0;
  int height = 0;
  int channels = 0;
  if (stbi_info_from_callbacks(&kCallbacks, &reader, &width, &height, &channels) == 0)
    return fail(ErrorKind::parse, name + ": is no image that can be read",
                "Give JPEG (8 bits, Huffman-coded), PNG, BMP, GIF, PGM or PPM");
  return check_extent(width, height, name);
}

tl::unexpected<Error> damaged(const std::string& name) {
  return fail(ErrorKind::parse, name + ": is a damaged image, or one that was cut off",
              "Copy the file again, or leave it out");
}

void append(void* user, void* data, int size) {
  static_cast<std::string*>(user)->append(static_cast<const char*>(data),
                                          static_cast<std::size_t>(size));
}

}  // namespace

Status check_extent(std::int64_t width, std::int64_t height, const std::string& name) {
  const std::string extent = std::to_string(width) + " x " + std::to_string(height) + " pixels";
  if (width <= 0 || height <= 0)
    return fail(ErrorKind::parse, name + ": has " + extent, "Leave the file out");
  if (width > kMostPixels / height)
    return fail(ErrorKind::out_of_range, name + ": is too large, " + extent,
                "Give images of at most 100 million pixels");
  return {};
}

Result<Image> decode_image(std::string_view bytes, const std::string& name) {
  if (bytes.empty())
    return fail(ErrorKind::parse, name + ": is an empty file, no image",
                "Copy the file again, or leave it out");
  if (is_pnm(bytes)) return decode_pnm(bytes, name);
  if (!jpeg_tables_fit(bytes)) return damaged(name);
  ISOJOULE_CHECK(check_file(bytes, name));
  Reader reader{bytes};
  int width = 0;
  int height = 0;
  int channels = 0;
  const std::unique_ptr<stbi_uc, Free> pixels(
      stbi_load_from_callbacks(&kCallbacks, &reader, &width, &height, &channels, 3));
  if (!pixels || reader.beyond) return damaged(name);
  Image image{width, height, 3, {}};
  image.pixels.assign(pixels.get(), pixels.get() + image.width * image.height * 3);
  return image;
}

std::string encode_png(const Image& image) {
  std::string bytes;
  stbi_write_png_to_func(append, &bytes, static_cast<int>(image.width),
                         static_cast<int>(image.height), static_cast<int>(image.channels),
                         image.pixels.data(), static_cast<int>(image.width * image.channels));
  return bytes;
}

std::string encode_jpeg(const Image& image, int quality) {
  std::string bytes;
  stbi_write_jpg_to_func(append, &bytes, static_cast<int>(image.width),
                         static_cast<int>(image.height), static_cast<int>(image.channels),
                         image.pixels.data(), quality);
  return bytes;
}

bool looks_like_image(std::string_view bytes) {
  constexpr std::array<std::string_view, 6> magics = {"\xff\xd8\xff", "\x89PNG\r\n", "BM",
                                                      "GIF8",         "P5",          "P6"};
  return std::any_of(magics.begin(), magics.end(),
                     [bytes](std::string_view magic) { return bytes.starts_with(magic); });
}

}  // namespace isojoule
