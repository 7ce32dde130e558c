#include "base/hash.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace isojoule {
namespace {

// Eight bytes a step, mixed by multiplication and a rotation (the finaliser of MurmurHash3).
std::uint64_t mixed(std::uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  return x ^ (x >> 33);
}

std::uint64_t hash_of(std::string_view bytes, std::uint64_t state) {
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    state = mixed(state ^ word) + 0x9e3779b97f4a7c15ULL;
  }
  std::uint64_t tail = bytes.size() - at;
  for (; at < bytes.size(); ++at) tail = (tail << 8) | static_cast<unsigned char>(bytes[at]);
  return mixed(mixed(state ^ tail) ^ bytes.size());
}

}  // namespace

std::string content_hash(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint64_t seed : {0x243f6a8885a308d3ULL, 0x13198a2e03707344ULL}) {
    const std::uint64_t hash = hash_of(bytes, seed);
    for (int shift = 60; shift >= 0; shift -= 4) text += digits[(hash >> shift) & 15];
  }
  return text;
}

}  // namespace isojoule
