// From bytes to a document that fits its shape, and back. A stranger may have written the bytes:
// depth, length and number of values are bounded before the parser sees them, because the parser of
// CBOR calls itself and both build whatever is there.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/packed_bytes.h"
#include "fleet/message_shape.h"

namespace isojoule::fleet {
namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 16;
constexpr std::size_t kMostValues = 1'000'000;  // of some 50 bytes each
constexpr std::size_t kMostUnpacked = std::size_t{32} << 20;
// A CBOR message that is longer is sent packed: whole studies pass through one server.
constexpr std::size_t kPackFrom = std::size_t{16} << 10;

tl::unexpected<Error> unreadable(const MessageForm& form, const std::string& what) {
  return fail(ErrorKind::parse, form.name + ": " + what,
              "Is it of another version of isojoule, or of another program?");
}

// "" where a text is no deeper and has no more values than is allowed, as far as brackets and
// commas tell; whether it is JSON is the parser's business.
std::string fault_in_json(std::string_view bytes) {
  std::size_t depth = 0, values = 1;
  bool in_text = false;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const char letter = bytes[at];
    if (in_text) {
      if (letter == '\\') ++at;
      if (letter == '"') in_text = false;
      continue;
    }
    if (letter == '"') in_text = true;
    if (letter == '[' || letter == '{') {
      if (++depth > kDeepest) return fmt::format("it is more than {} levels deep", kDeepest);
      ++values;
    }
    if ((letter == ']' || letter == '}') && depth > 0) --depth;
    if (letter == ',' || letter == ':') ++values;
    if (values > kMostValues) return fmt::format("it has more than {} values", kMostValues);
  }
  return "";
}

// CBOR (https://www.rfc-editor.org/rfc/rfc8949) as this program writes it: lengths are given ahead,
// no tags. Goes over the heads of all items without keeping any.
class CborWalk {
 public:
  explicit CborWalk(std::string_view bytes) : bytes_(bytes) {}

  std::string fault() {
    left_.push_back(1);
    while (!left_.empty()) {
      if (left_.back() == 0) {
        left_.pop_back();
        continue;
      }
      --left_.back();
      if (const char* what = item(); what != nullptr) return what;
    }
    return at_ == bytes_.size() ? "" : "bytes follow after its end";
  }

 private:
  // null: the item's head was good, and its bytes are there.
  const char* item() {
    if (++values_ > kMostValues) return "it has too many values";
    if (at_ == bytes_.size()) return "it ends too early";
    const auto head = static_cast<std::uint8_t>(bytes_[at_++]);
    const unsigned major = head >> 5U, further = head & 0x1fU;
    if (further > 27) return "it has an item without a length ahead";
    const std::size_t width = further < 24 ? 0 : std::size_t{1} << (further - 24);
    if (width > bytes_.size() - at_) return "it ends too early";
    std::uint64_t argument = width == 0 ? further : 0;
    for (std::size_t i = 0; i < width; ++i)
      argument = argument << 8U | static_cast<std::uint8_t>(bytes_[at_++]);
    return take(major, argument);
  }

  const char* take(unsigned major, std::uint64_t argument) {
    const std::uint64_t rest = bytes_.size() - at_;
    constexpr const char* kShort = "it claims more than its bytes can hold";
    switch (major) {
      case 2:
      case 3:
        if (argument > rest) return kShort;
        at_ += argument;
        return nullptr;
      case 4:
      case 5:
        if (argument > rest / (major == 4 ? 1 : 2)) return kShort;
        if (left_.size() > kDeepest) return "it is too deep";
        left_.push_back(argument * (major == 4 ? 1 : 2));
        return nullptr;
      case 6: return "it has a tag";
      default: return nullptr;  // numbers, true, false, null
    }
  }

  std::string_view bytes_;
  std::size_t at_ = 0, values_ = 0;
  std::vector<std::uint64_t> left_;  // items that are still to come, by level
};

Result<json> parse_bytes(const MessageForm& form, std::string_view bytes) {
  const std::string fault = form.is_cbor ? CborWalk(bytes).fault() : fault_in_json(bytes);
  if (!fault.empty()) return unreadable(form, fault);
  json document =
      form.is_cbor ? json::from_cbor(bytes, true, false) : json::parse(bytes, nullptr, false);
  if (document.is_discarded())
    return unreadable(form, form.is_cbor ? "it is no CBOR" : "it is no JSON");
  return document;
}

}  // namespace

Result<json> read_message(const MessageForm& form, std::string_view bytes) {
  if (bytes.size() > form.most_bytes)
    return unreadable(
        form, fmt::format("it has {} bytes, {} are allowed", bytes.size(), form.most_bytes));
  std::string unpacked;
  if (form.is_cbor && is_packed(bytes)) {
    auto whole = unpack_bytes(bytes, std::max(kMostUnpacked, form.most_bytes));
    if (!whole) return unreadable(form, whole.error().what);
    unpacked = std::move(*whole);
    bytes = unpacked;
  }
  ISOJOULE_TRY(json document, parse_bytes(form, bytes));
  ISOJOULE_CHECK(check_shape(form, document));
  return document;
}

std::string write_message(const MessageForm& form, json document) {
  make_fit(form.shape, document);
  if (!form.is_cbor) return document.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string bytes;
  json::to_cbor(document, bytes);
  return bytes.size() < kPackFrom ? bytes : pack_bytes(bytes);
}

}  // namespace isojoule::fleet
