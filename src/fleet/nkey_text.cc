#include <cstdint>

#include "fleet/nkey.h"

namespace isojoule::fleet {
namespace {

constexpr std::string_view kNkeyLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";  // RFC 4648

// CRC-16/XMODEM: polynomial 0x1021, begun with 0; low byte first.
std::string nkey_checksum(std::string_view bytes) {
  unsigned crc = 0;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned>(static_cast<std::uint8_t>(byte)) << 8U;
    for (int bit = 0; bit < 8; ++bit)
      crc = ((crc & 0x8000U) != 0 ? (crc << 1U) ^ 0x1021U : crc << 1U) & 0xFFFFU;
  }
  return {static_cast<char>(crc & 0xFFU), static_cast<char>(crc >> 8U)};
}

tl::unexpected<Error> no_nkey() {
  return fail(ErrorKind::invalid, "this is no key of NATS (nkey), or a part of it is missing",
              "Copy it again, whole");
}

}  // namespace

std::string nkey_text(std::string_view bytes_with_prefix) {
  const std::string bytes = std::string(bytes_with_prefix) + nkey_checksum(bytes_with_prefix);
  std::string text;
  unsigned bits = 0, held = 0;
  for (const char byte : bytes) {
    held = (held << 8U) | static_cast<std::uint8_t>(byte);
    for (bits += 8; bits >= 5; bits -= 5) text += kNkeyLetters[(held >> (bits - 5U)) & 31U];
    held &= (1U << bits) - 1U;
  }
  if (bits > 0) text += kNkeyLetters[(held << (5U - bits)) & 31U];
  return text;
}

Result<std::string> nkey_bytes(std::string_view text) {
  std::string bytes;
  unsigned bits = 0, held = 0;
  for (const char letter : text) {
    const auto value = kNkeyLetters.find(letter);
    if (value == std::string_view::npos) return no_nkey();
    held = (held << 5U) | static_cast<unsigned>(value);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((held >> bits) & 0xFFU);
    held &= (1U << bits) - 1U;
  }
  if (bytes.size() < 3) return no_nkey();
  const std::string checked = bytes.substr(0, bytes.size() - 2);
  if (nkey_text(checked) != text) return no_nkey();
  return checked;
}

}  // namespace isojoule::fleet
