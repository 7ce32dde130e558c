#include "app/monitor/terminal_text.h"

#include <algorithm>

namespace isojoule {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Of two or three bytes of UTF-8: controls that some terminals obey (U+0080 to U+009F), and marks
// that turn the direction of what follows or have no width (U+200B to U+200F, U+2028 to U+202E,
// U+2060 to U+206F, U+FEFF).
std::size_t length_of_hidden(std::string_view text) {
  const auto byte = [&](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F) return 2;
  if (byte(0) == 0xEF && byte(1) == 0xBB && byte(2) == 0xBF) return 3;
  if (byte(0) != 0xE2) return 0;
  const bool turns = byte(1) == 0x80 &&
                     ((byte(2) >= 0x8B && byte(2) <= 0x8F) || (byte(2) >= 0xA8 && byte(2) <= 0xAE));
  return turns || (byte(1) == 0x81 && byte(2) >= 0xA0 && byte(2) <= 0xAF) ? 3 : 0;
}

}  // namespace

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

std::string harmless(const std::string& name, bool utf8) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t hidden = length_of_hidden(std::string_view(name).substr(i));
    const bool obeyed = byte < ' ' || byte == 0x7F || hidden > 0;
    const bool shown = !obeyed && (byte < 0x80 || utf8);
    if (shown)
      text += c;
    else if (obeyed || !continues(c))  // one mark for a whole character
      text += '?';
    if (hidden > 0) i += hidden - 1;
  }
  return text;
}

std::string fitted(std::string text, std::size_t width, bool to_the_right) {
  std::size_t at = 0, count = 0;
  for (; at < text.size() && (count < width || continues(text[at])); ++at)
    count += continues(text[at]) ? 0 : 1;
  if (at < text.size()) text.resize(at);
  if (count < width) {
    const std::string space(width - count, ' ');
    text = to_the_right ? space + text : text + space;
  }
  return text;
}

std::string cut_to(const std::string& text, int columns) {
  const auto width = static_cast<std::size_t>(std::max(columns, 0));
  return width_of(text) <= width ? text : fitted(text, width);
}

}  // namespace isojoule
