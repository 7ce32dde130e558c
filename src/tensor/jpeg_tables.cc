#include "tensor/jpeg_tables.h"

#include <cstddef>
#include <optional>

namespace isojoule {
namespace {

constexpr int kHuffmanTables = 0xC4;
constexpr int kEndOfImage = 0xD9;

// Walks a file's segments as the decoder does (ITU-T T.81, annex B): what is no marker is skipped.
class Segments {
 public:
  explicit Segments(std::string_view bytes) : bytes_(bytes) {}

  // The next marker; nothing at the end of the file. 00 and D0..D7 belong to a scan's data.
  std::optional<int> next() {
    while (at_ < bytes_.size()) {
      if (byte() != 0xFF) continue;
      int marker = 0xFF;
      while (marker == 0xFF && at_ < bytes_.size()) marker = byte();
      if (marker != 0 && marker != 0xFF && (marker < 0xD0 || marker > 0xD7)) return marker;
    }
    return std::nullopt;
  }

  // What stands behind the marker's length.
  std::string_view content() {
    if (bytes_.size() - at_ < 2) return {};
    const std::size_t high = static_cast<std::size_t>(byte());
    const std::size_t length = high << 8 | static_cast<std::size_t>(byte());
    const std::string_view content = bytes_.substr(at_, length < 2 ? 0 : length - 2);
    at_ += content.size();
    return content;
  }

 private:
  int byte() { return static_cast<unsigned char>(bytes_[at_++]); }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

// Each table: its number, how many codes there are of each of 16 lengths, their values. The decoder
// reads whole tables, whatever the segment's length says: they have to fill it.
bool codes_fit(std::string_view tables) {
  constexpr std::size_t head = 17;
  constexpr std::size_t most = 256;
  while (!tables.empty()) {
    if (tables.size() < head) return false;
    std::size_t codes = 0;
    for (std::size_t i = 1; i < head; ++i) codes += static_cast<unsigned char>(tables[i]);
    if (codes > most || tables.size() < head + codes) return false;
    tables.remove_prefix(head + codes);
  }
  return true;
}

}  // namespace

bool jpeg_tables_fit(std::string_view bytes) {
  // The decoder takes FF FF D8, too, for the beginning of a JPEG file.
  if (!bytes.starts_with('\xff')) return true;
  if (!bytes.starts_with("\xff\xd8")) return false;
  Segments segments(bytes.substr(2));
  while (const auto marker = segments.next()) {
    if (*marker == kEndOfImage) return true;
    const std::string_view content = segments.content();
    if (*marker == kHuffmanTables && !codes_fit(content)) return false;
  }
  return true;
}

}  // namespace isojoule
