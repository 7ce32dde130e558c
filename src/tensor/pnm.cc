#include "tensor/pnm.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

namespace isojoule {
namespace {

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

// Width, height and largest value, with comments from '#' to the line's end; then one space.
class Header {
 public:
  explicit Header(std::string_view rest) : rest_(rest) {}

  std::optional<std::int64_t> number() {
    skip();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc() || value < 1) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  std::optional<std::string_view> data() const {
    if (rest_.empty() || !is_space(rest_[0])) return std::nullopt;
    return rest_.substr(1);
  }

 private:
  void skip() {
    while (!rest_.empty() && (is_space(rest_[0]) || rest_[0] == '#')) {
      const std::size_t length = rest_[0] == '#' ? std::min(rest_.find('\n'), rest_.size()) : 1;
      rest_.remove_prefix(length);
    }
  }

  std::string_view rest_;
};

tl::unexpected<Error> damaged(const std::string& name, const std::string& what,
                              const std::string& remedy) {
  return fail(ErrorKind::parse, name + ": " + what, remedy);
}

}  // namespace

Result<Image> decode_pnm(std::string_view bytes, const std::string& name) {
  Header header(bytes.substr(2));
  const auto width = header.number();
  const auto height = width ? header.number() : std::nullopt;
  const auto most = height ? header.number() : std::nullopt;
  const auto data = most ? header.data() : std::nullopt;
  if (!data)
    return damaged(name, "is no image that can be read: its header is none of PGM or PPM",
                   "Copy the file again, or leave it out");
  ISOJOULE_CHECK(check_extent(*width, *height, name));
  if (*most > 255)
    return damaged(name, "has 16 bits a value, which are not read from PGM and PPM",
                   "Write it with 8 bits, or as PNG");
  const std::int64_t channels = bytes[1] == '6' ? 3 : 1;
  const auto size = static_cast<std::size_t>(*width * *height * channels);
  if (data->size() < size)
    return damaged(name, "is an image that was cut off", "Copy the file again, or leave it out");
  Image image{*width, *height, 3, {}};
  image.pixels.reserve(static_cast<std::size_t>(*width * *height * 3));
  for (std::size_t i = 0; i < size; ++i) {
    const auto raw = static_cast<std::int64_t>(static_cast<unsigned char>((*data)[i]));
    const auto value = static_cast<std::uint8_t>(std::min<std::int64_t>(255, raw * 255 / *most));
    image.pixels.insert(image.pixels.end(), channels == 1 ? 3 : 1, value);
  }
  return image;
}

}  // namespace isojoule
