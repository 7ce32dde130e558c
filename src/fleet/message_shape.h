// What a message of the fleet looks like, as data: which keys, of which type, how long, how large,
// how many. One description checks what comes, makes what goes fit, and is printed as JSON Schema.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace isojoule::fleet {

// What a text may consist of; each is valid UTF-8.
enum class Letters : std::uint8_t {
  name,   // one line, no control characters; says which thing is meant, so it is never changed
  line,   // the same, for people: a writer may shorten it
  text,   // several lines and tabs, for people
  token,  // letters, digits, - and _: part of a subject
  hexadecimal,  // digits and a to f
};

struct ShapeField;

// A value; copies are deep. Fields that do not belong to `kind` have no meaning.
struct MessageShape {
  enum class Kind : std::uint8_t {
    text,
    word,     // one of `words`
    integer,  // lowest..highest, exact in a double
    number,   // finite
    flag,
    value,   // of a setting: a finite number, or a text
    block,   // bytes, in CBOR only
    list,    // of `item`
    table,   // any keys (a text each, `key`), values of `item`
    record,  // `fields`; further keys are passed over
  };
  Kind kind = Kind::record;
  Letters letters = Letters::line;
  std::size_t least = 0, most = 0;  // characters of a text, bytes of a block, entries of the others
  double lowest = 0, highest = 0;
  std::vector<std::string> words;
  std::vector<MessageShape> key, item;  // one each, or none
  std::vector<ShapeField> fields;
};

struct ShapeField {
  std::string key;
  MessageShape shape;
  bool required = false;
  std::string what;  // for people
};

namespace shape {
MessageShape name(std::size_t most = 128, std::size_t least = 1);
MessageShape line(std::size_t most = 512);
MessageShape text(std::size_t most);
MessageShape token(std::size_t most = 48);
MessageShape hexadecimal(std::size_t digits);
MessageShape word(std::vector<std::string> words);
MessageShape integer(double lowest, double highest);
MessageShape count(double most = 9007199254740992.0);  // 0..2^53
MessageShape number(double lowest = -1.7976931348623157e308,
                    double highest = 1.7976931348623157e308);
MessageShape flag();
MessageShape value();
MessageShape block(std::size_t most);
MessageShape list(MessageShape item, std::size_t most, std::size_t least = 0);
MessageShape table(MessageShape key, MessageShape item, std::size_t most);
MessageShape record(std::vector<ShapeField> fields);
}  // namespace shape

// A kind of message: its shape, and how large it may be before anything of it is looked at.
struct MessageForm {
  std::string name;   // "board card", for errors
  std::string place;  // where it stands: "bucket isojoule_boards, key BOARD"
  MessageShape shape;
  std::size_t most_bytes = 0;
  bool is_cbor = false;
};
const std::vector<const MessageForm*>& message_forms();  // all of them, for the documentation

// Errors: parse; `what` names the first key that does not fit, "board card: knobs[3].axis is ...".
Status check_shape(const MessageForm& form, const nlohmann::json& document);
// Shortens the texts for people, makes them UTF-8 of one line where they must be, cuts lists and
// tables that are too long, and takes away numbers that are none where they may be absent: a
// board's message is never refused because of how it words something. Names are left as they are.
void make_fit(const MessageShape& shape, nlohmann::json& document);
// JSON Schema, draft 7 (https://json-schema.org/draft-07). A block is base64 there. What a schema
// cannot say (UTF-8, U+0080 to U+009F) is checked all the same.
nlohmann::ordered_json schema_of(const MessageShape& shape);

// The document of a message, within its limits: bytes, depth, values. Nothing deep is followed and
// nothing is reserved for what a length only claims. A CBOR message may be one zstd frame of CBOR.
// The shape has been checked. Errors: parse.
Result<nlohmann::json> read_message(const MessageForm& form, std::string_view bytes);
// The document made to fit, as bytes.
std::string write_message(const MessageForm& form, nlohmann::json document);

// Whether it is UTF-8 without characters that a text of these letters may not have.
bool has_only(Letters letters, std::string_view text);
std::size_t characters_of(std::string_view text);  // of valid UTF-8

}  // namespace isojoule::fleet
