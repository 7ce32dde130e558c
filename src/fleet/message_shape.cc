#include "fleet/message_shape.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace isojoule::fleet {
namespace {

using nlohmann::json;
using Kind = MessageShape::Kind;

// Most texts of others that are quoted in an error.
constexpr std::size_t kQuoted = 40;

bool is_control(std::int32_t letter) {
  return letter < 0x20 || (letter >= 0x7f && letter < 0xa0) || letter == 0x2028 || letter == 0x2029;
}

bool is_digit(std::int32_t letter) { return letter >= '0' && letter <= '9'; }

bool is_letter_of(Letters letters, std::int32_t letter) {
  switch (letters) {
    case Letters::name:
    case Letters::line: return !is_control(letter);
    case Letters::text: return letter == '\n' || letter == '\t' || !is_control(letter);
    case Letters::token:
      return is_digit(letter) || (letter >= 'a' && letter <= 'z') ||
             (letter >= 'A' && letter <= 'Z') || letter == '-' || letter == '_';
    case Letters::hexadecimal: return is_digit(letter) || (letter >= 'a' && letter <= 'f');
  }
  return false;
}

// The next character and its length in bytes; below 0: no UTF-8 here.
std::int32_t letter_at(std::string_view text, std::size_t at, std::size_t& length) {
  utf8proc_int32_t letter = -1;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at;
  const auto taken =
      utf8proc_iterate(bytes, static_cast<std::ptrdiff_t>(text.size() - at), &letter);
  length = taken > 0 ? static_cast<std::size_t>(taken) : 1;
  return taken > 0 ? letter : -1;
}

std::string shown(std::string_view text) {
  std::string words;
  for (const char letter : text.substr(0, kQuoted))
    words += letter >= ' ' && letter < 0x7f ? letter : '?';
  return "'" + words + (text.size() > kQuoted ? "...'" : "'");
}

std::string_view words_for(Letters letters) {
  switch (letters) {
    case Letters::name:
    case Letters::line: return "one line of UTF-8 without control characters";
    case Letters::text: return "UTF-8 without control characters";
    case Letters::token: return "letters, digits, - and _";
    case Letters::hexadecimal: return "hexadecimal digits";
  }
  return "";
}

// Walks a document beside its shape. The path to a fault is put together on the way back, so that
// what fits costs no text.
class ShapeCheck {
 public:
  std::string fault() const { return (path_.empty() ? "it" : path_) + " " + fault_; }

  bool fits(const MessageShape& shape, const json& value) {
    switch (shape.kind) {
      case Kind::text: return fits_text(shape, value);
      case Kind::word: return fits_word(shape, value);
      case Kind::integer:
        return value.is_number_integer() ? fits_range(shape, value) : is("is no whole number");
      case Kind::number: return value.is_number() ? fits_range(shape, value) : is("is no number");
      case Kind::flag: return value.is_boolean() || is("is not true or false");
      case Kind::value:
        if (value.is_string()) return fits_text(shape, value);
        return value.is_number() ? fits_range(shape, value) : is("is no number and no text");
      case Kind::block:
        return value.is_binary() ? fits_size(shape, value.get_binary().size(), "bytes")
                                 : is("is no block of bytes");
      case Kind::list: return fits_list(shape, value);
      case Kind::table: return fits_table(shape, value);
      case Kind::record: return fits_record(shape, value);
    }
    return false;
  }

 private:
  bool is(std::string fault) {
    fault_ = std::move(fault);
    return false;
  }
  bool inside(const std::string& place) {
    path_ = place + (path_.empty() || path_.front() == '[' ? "" : ".") + path_;
    return false;
  }

  bool fits_size(const MessageShape& shape, std::size_t size, std::string_view things) {
    if (size >= shape.least && size <= shape.most) return true;
    return is(
        fmt::format("has {} {}, {} to {} are allowed", size, things, shape.least, shape.most));
  }

  bool fits_letters(const MessageShape& shape, const std::string& text) {
    if (!has_only(shape.letters, text))
      return is(fmt::format("is {}, not {}", shown(text), words_for(shape.letters)));
    return fits_size(shape, characters_of(text), "characters");
  }

  bool fits_text(const MessageShape& shape, const json& value) {
    if (!value.is_string()) return is("is no text");
    return fits_letters(shape, value.get_ref<const std::string&>());
  }

  bool fits_word(const MessageShape& shape, const json& value) {
    if (!value.is_string()) return is("is no text");
    const auto& word = value.get_ref<const std::string&>();
    if (std::find(shape.words.begin(), shape.words.end(), word) != shape.words.end()) return true;
    return is("is " + shown(word) + ", which is not known here");
  }

  bool fits_range(const MessageShape& shape, const json& value) {
    const auto number = value.get<double>();
    if (std::isfinite(number) && number >= shape.lowest && number <= shape.highest) return true;
    return is(fmt::format("is {}, {} to {} is allowed", number, shape.lowest, shape.highest));
  }

  bool fits_list(const MessageShape& shape, const json& value) {
    if (!value.is_array()) return is("is no list");
    if (!fits_size(shape, value.size(), "entries")) return false;
    for (std::size_t i = 0; i < value.size(); ++i)
      if (!fits(shape.item[0], value[i])) return inside("[" + std::to_string(i) + "]");
    return true;
  }

  bool fits_table(const MessageShape& shape, const json& value) {
    if (!value.is_object()) return is("is no object");
    if (!fits_size(shape, value.size(), "entries")) return false;
    for (const auto& [key, entry] : value.items()) {
      if (!fits_letters(shape.key[0], key)) return inside("a key");
      if (!fits(shape.item[0], entry)) return inside(shown(key));
    }
    return true;
  }

  bool fits_record(const MessageShape& shape, const json& value) {
    if (!value.is_object()) return is("is no object");
    for (const ShapeField& field : shape.fields) {
      const auto found = value.find(field.key);
      if (found != value.end()) {
        if (!fits(field.shape, *found)) return inside(field.key);
      } else if (field.required) {
        is("is missing");
        return inside(field.key);
      }
    }
    return true;
  }

  std::string path_, fault_;
};

void fit_text(const MessageShape& shape, std::string& text) {
  if (shape.letters != Letters::line && shape.letters != Letters::text) return;
  if (text.size() <= shape.most && has_only(shape.letters, text)) return;
  std::string made;
  std::size_t length = 0, letters = 0;
  for (std::size_t at = 0; at < text.size() && letters < shape.most; at += length, ++letters) {
    const std::int32_t letter = letter_at(text, at, length);
    if (letter < 0)
      made += "\xEF\xBF\xBD";  // U+FFFD
    else if (is_letter_of(shape.letters, letter))
      made += text.substr(at, length);
    else
      made += ' ';
  }
  text = std::move(made);
}

bool is_no_number(const MessageShape& shape, const json& value) {
  return shape.kind == Kind::number && value.is_number_float() &&
         !std::isfinite(value.get<double>());
}

// Takes away entries beyond `most`, the last by key.
void cut_table(const MessageShape& shape, json& value) {
  for (auto entry = value.begin(); entry != value.end();)
    entry = is_no_number(shape.item[0], *entry) ? value.erase(entry) : std::next(entry);
  while (value.size() > shape.most) value.erase(std::prev(value.end()));
}

}  // namespace

bool has_only(Letters letters, std::string_view text) {
  std::size_t length = 0;
  for (std::size_t at = 0; at < text.size(); at += length) {
    const std::int32_t letter = letter_at(text, at, length);
    if (letter < 0 || !is_letter_of(letters, letter)) return false;
  }
  return true;
}

std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

Status check_shape(const MessageForm& form, const json& document) {
  ShapeCheck check;
  if (check.fits(form.shape, document)) return {};
  return fail(ErrorKind::parse, form.name + ": " + check.fault(),
              "Is it of another version of isojoule, or of another program?");
}

void make_fit(const MessageShape& shape, json& document) {
  switch (shape.kind) {
    case Kind::text:
      if (document.is_string()) fit_text(shape, document.get_ref<std::string&>());
      break;
    case Kind::list:
      while (document.size() > shape.most) document.erase(document.size() - 1);
      for (json& item : document) make_fit(shape.item[0], item);
      break;
    case Kind::table:
      cut_table(shape, document);
      for (json& item : document) make_fit(shape.item[0], item);
      break;
    case Kind::record:
      for (const ShapeField& field : shape.fields) {
        const auto found = document.find(field.key);
        if (found == document.end()) continue;
        if (!field.required && is_no_number(field.shape, *found))
          document.erase(found);
        else
          make_fit(field.shape, *found);
      }
      break;
    default: break;
  }
}

namespace shape {
namespace {

MessageShape of_letters(Letters letters, std::size_t least, std::size_t most) {
  MessageShape made;
  made.kind = Kind::text;
  made.letters = letters;
  made.least = least;
  made.most = most;
  return made;
}

MessageShape of_numbers(Kind kind, double lowest, double highest) {
  MessageShape made;
  made.kind = kind;
  made.lowest = lowest;
  made.highest = highest;
  return made;
}

}  // namespace

MessageShape name(std::size_t most, std::size_t least) {
  return of_letters(Letters::name, least, most);
}
MessageShape line(std::size_t most) { return of_letters(Letters::line, 0, most); }
MessageShape text(std::size_t most) { return of_letters(Letters::text, 0, most); }
MessageShape token(std::size_t most) { return of_letters(Letters::token, 1, most); }
MessageShape hexadecimal(std::size_t digits) {
  return of_letters(Letters::hexadecimal, digits, digits);
}

MessageShape word(std::vector<std::string> words) {
  MessageShape made;
  made.kind = Kind::word;
  made.words = std::move(words);
  return made;
}

MessageShape integer(double lowest, double highest) {
  return of_numbers(Kind::integer, lowest, highest);
}
MessageShape count(double most) { return integer(0, most); }
MessageShape number(double lowest, double highest) {
  return of_numbers(Kind::number, lowest, highest);
}

MessageShape flag() {
  MessageShape made;
  made.kind = Kind::flag;
  return made;
}

MessageShape value() {
  MessageShape made = number();
  made.kind = Kind::value;
  made.letters = Letters::name;
  made.most = 1024;
  return made;
}

MessageShape block(std::size_t most) {
  MessageShape made;
  made.kind = Kind::block;
  made.most = most;
  return made;
}

MessageShape list(MessageShape item, std::size_t most, std::size_t least) {
  MessageShape made;
  made.kind = Kind::list;
  made.item = {std::move(item)};
  made.least = least;
  made.most = most;
  return made;
}

MessageShape table(MessageShape key, MessageShape item, std::size_t most) {
  MessageShape made;
  made.kind = Kind::table;
  made.key = {std::move(key)};
  made.item = {std::move(item)};
  made.most = most;
  return made;
}

MessageShape record(std::vector<ShapeField> fields) {
  MessageShape made;
  made.fields = std::move(fields);
  return made;
}

}  // namespace shape
}  // namespace isojoule::fleet
