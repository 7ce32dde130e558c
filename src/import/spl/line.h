// One line of PTDaemon's log of an analyser, as SPEC's tool writes it:
//   Time,08-07-2021 11:58:33.523,Watts,6.869000,Volts,247.950000,Amps,0.075690,PF,0.366000,Mark,...
// The month stands first (of 24 logs of MLPerf Inference v1.1 to v3.0 eleven have a second number
// above 12, none a first one).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "import/time_line.h"

namespace isojoule::spl {

enum class LineState : std::uint8_t {
  reading,
  no_number,   // Watts is "nan" or infinite
  no_reading,  // -2 in every field: PTDaemon had no answer of the analyser in time
  malformed,
};

struct Reading {
  std::int64_t time_ns = 0;  // since 1970
  std::int64_t microwatts = 0;
};

// Any line, its end taken off. Also says how its time is written, where `form` is given.
LineState parse_line(std::string_view line, Reading& reading, import::StampForm* form = nullptr);

// The same for the layout that nearly all lines have, with day and minute of the line before kept.
class FastLine {
 public:
  // `at`: the begin of a line; at least kRoom bytes may be read there. False where the line
  // deviates from the layout in any way or begins a new day; then parse_line() has to read it.
  // What was looked at, at least kLooked bytes, holds no line end.
  bool parse(const char* at, Reading& reading);
  // Keeps the day and the minute of a line that parse_line() read.
  void learn(std::string_view line, const Reading& reading);

  static constexpr std::size_t kRoom = 64, kLooked = 44;

 private:
  static constexpr std::size_t kPrefix = 22;  // "Time,08-07-2021 11:58:"

  static unsigned digit(char c) {
    return static_cast<unsigned>(static_cast<unsigned char>(c)) - '0';
  }
  static std::uint64_t word(const char* at) {
    std::uint64_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  // Six digits at once, in a word whose lowest byte comes first: pairs, then the pairs together.
  // False where one is no digit.
  static bool six_digits(const char* at, std::uint64_t& value);

  // Of a line of the same day.
  bool take_minute(const char* at);

  std::array<char, 24> prefix_{};
  std::int64_t day_ns_ = 0, minute_ns_ = 0;
  bool known_ = false;
};

inline bool FastLine::six_digits(const char* at, std::uint64_t& value) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, 6);
  bytes = (bytes << 16) | 0x3030;  // two leading zeros
  constexpr std::uint64_t kZeros = 0x3030303030303030, kHigh = 0xF0F0F0F0F0F0F0F0;
  if ((bytes & kHigh) != kZeros || ((bytes + 0x0606060606060606) & kHigh) != kZeros) return false;
  bytes -= kZeros;
  bytes = bytes * 10 + (bytes >> 8);  // of every second byte: two digits
  bytes = ((bytes & 0x000000FF000000FF) * 0x000F424000000064 +
           ((bytes >> 16) & 0x000000FF000000FF) * 0x0000271000000001) >>
          32;
  value = bytes & 0xFFFFFFFF;
  return true;
}

inline bool FastLine::parse(const char* at, Reading& reading) {
  if constexpr (std::endian::native != std::endian::little) return false;
  // Eight bytes at a time: calls of memcmp() would take as long as all the rest.
  const std::uint64_t day =
      (word(at) ^ word(prefix_.data())) | (word(at + 8) ^ word(prefix_.data() + 8));
  const std::uint64_t layout = (word(at + 28) ^ word(",Watts,?")) << 8;
  if (!known_ || (day | layout) != 0 || at[24] != '.') return false;
  if (word(at + 14) != word(prefix_.data() + 14) && !take_minute(at)) return false;
  const unsigned s1 = digit(at[22]), s0 = digit(at[23]);
  const unsigned m2 = digit(at[25]), m1 = digit(at[26]), m0 = digit(at[27]);
  if (s1 > 5 || s0 > 9 || m2 > 9 || m1 > 9 || m0 > 9) return false;
  const char* p = at + 35;
  std::uint64_t whole = digit(*p), fraction = 0;
  if (whole > 9) return false;
  for (++p; digit(*p) <= 9 && p < at + 40; ++p) whole = whole * 10 + digit(*p);
  if (*p != '.' || p[7] != ',' || !six_digits(p + 1, fraction)) return false;
  const unsigned ms = (s1 * 10 + s0) * 1000 + m2 * 100 + m1 * 10 + m0;
  reading.time_ns = minute_ns_ + static_cast<std::int64_t>(ms) * 1'000'000;
  reading.microwatts = static_cast<std::int64_t>(whole * 1'000'000 + fraction);
  return true;
}

}  // namespace isojoule::spl
