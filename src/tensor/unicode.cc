#include "tensor/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace isojoule {
namespace {

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

}  // namespace

Result<std::u32string> code_points(std::string_view utf8, const std::string& name) {
  std::u32string text;
  text.reserve(utf8.size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the library's bytes are unsigned
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(utf8.data());
  const auto size = static_cast<utf8proc_ssize_t>(utf8.size());
  for (utf8proc_ssize_t at = 0; at < size;) {
    utf8proc_int32_t c = 0;
    const utf8proc_ssize_t length = utf8proc_iterate(bytes + at, size - at, &c);
    if (length <= 0)
      return fail(ErrorKind::parse,
                  name + ": is no text in UTF-8 (byte " + std::to_string(at + 1) + ")",
                  "Convert it, for example with iconv -f LATIN1 -t UTF-8");
    text += static_cast<char32_t>(c);
    at += length;
  }
  return text;
}

std::string utf8_of(std::u32string_view text) {
  std::string utf8;
  for (const char32_t c : text) {
    std::array<utf8proc_uint8_t, 4> bytes{};
    const auto code = static_cast<utf8proc_int32_t>(c);
    if (!utf8proc_codepoint_valid(code)) continue;
    const utf8proc_ssize_t length = utf8proc_encode_char(code, bytes.data());
    utf8.append(bytes.begin(), bytes.begin() + length);
  }
  return utf8;
}

bool is_space(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return true;
  const auto kind = category(c);
  return kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL ||
         kind == UTF8PROC_CATEGORY_ZP;
}

bool is_control(char32_t c) {
  if (is_space(c)) return false;
  const auto kind = category(c);
  return kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF;
}

bool is_punctuation(char32_t c) {
  // ASCII's $ + < = > ^ ` | ~ are symbols in Unicode and punctuation here.
  if ((c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) ||
      (c >= 123 && c <= 126))
    return true;
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO;
}

bool is_ideograph(char32_t c) {
  struct Range {
    char32_t first, last;
  };
  // The ranges of the published algorithm: no kana, no hangul, which come with spaces or in pieces.
  constexpr std::array<Range, 8> ranges = {{{0x4E00, 0x9FFF},
                                            {0x3400, 0x4DBF},
                                            {0x20000, 0x2A6DF},
                                            {0x2A700, 0x2B73F},
                                            {0x2B740, 0x2B81F},
                                            {0x2B820, 0x2CEAF},
                                            {0xF900, 0xFAFF},
                                            {0x2F800, 0x2FA1F}}};
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](const Range& range) { return c >= range.first && c <= range.last; });
}

std::u32string lowercase_without_accents(std::u32string_view text) {
  std::u32string result;
  for (const char32_t c : text) {
    const auto lower = utf8proc_tolower(static_cast<utf8proc_int32_t>(c));
    std::array<utf8proc_int32_t, 16> parts{};  // no character decomposes into more than four
    int boundary = 0;
    const utf8proc_ssize_t count =
        utf8proc_decompose_char(lower, parts.data(), parts.size(), UTF8PROC_DECOMPOSE, &boundary);
    for (utf8proc_ssize_t i = 0; i < count && i < static_cast<utf8proc_ssize_t>(parts.size()); ++i)
      if (category(static_cast<char32_t>(parts[static_cast<std::size_t>(i)])) !=
          UTF8PROC_CATEGORY_MN)
        result += static_cast<char32_t>(parts[static_cast<std::size_t>(i)]);
  }
  return result;
}

}  // namespace isojoule
