#include "cost/onnx_skim.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace isojoule {
namespace {

constexpr int kDeepest = 64;  // nested messages (graphs in nodes): protobuf's own limit is 100

// Those messages of onnx.proto that hold tensors, or messages that do.
enum class Message { model, training, function, graph, node, attribute, sparse_tensor, tensor };

// The message in field `number` of `message`, if it is one of them (onnx/onnx.proto, IR version 8).
std::optional<Message> child_of(Message message, std::uint64_t number) {
  switch (message) {
    case Message::model:
      if (number == 7) return Message::graph;
      if (number == 20) return Message::training;
      if (number == 25) return Message::function;
      return {};
    case Message::training:
      if (number == 1 || number == 2) return Message::graph;
      return {};
    case Message::function:
      if (number == 7) return Message::node;
      return {};
    case Message::graph:
      if (number == 1) return Message::node;
      if (number == 5) return Message::tensor;
      if (number == 15) return Message::sparse_tensor;
      return {};
    case Message::node:
      if (number == 5) return Message::attribute;
      return {};
    case Message::attribute:
      if (number == 5 || number == 10) return Message::tensor;
      if (number == 6 || number == 11) return Message::graph;
      if (number == 22 || number == 23) return Message::sparse_tensor;
      return {};
    case Message::sparse_tensor:
      if (number == 1 || number == 2) return Message::tensor;
      return {};
    case Message::tensor: return {};
  }
  return {};
}

// float_data, int32_data, string_data, int64_data, raw_data, double_data, uint64_data.
bool is_tensor_data(std::uint64_t number) {
  return (number >= 4 && number <= 7) || (number >= 9 && number <= 11);
}

enum class Wire { varint = 0, fixed64 = 1, length = 2, fixed32 = 5 };

// Whether a ModelProto may begin with this tag: what tells a foreign file from a broken one.
bool may_begin_model(std::uint64_t tag) {
  const std::uint64_t number = tag >> 3;
  const auto wire = static_cast<Wire>(tag & 7);
  if (number == 1 || number == 5) return wire == Wire::varint;
  return wire == Wire::length &&
         ((number >= 2 && number <= 8) || number == 14 || number == 20 || number == 25);
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>((value & 0x7f) | 0x80));
  out.push_back(static_cast<char>(value));
}

class Skimmer {
 public:
  Skimmer(std::span<const char> file, const std::string& name)
      : file_(file.data(), file.size()), name_(name) {}

  Result<std::string> run() {
    std::string out;
    ISOJOULE_CHECK(check_beginning());
    ISOJOULE_CHECK(copy(Message::model, 0, file_.size(), 0, out));
    if (out.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
      return fail(ErrorKind::out_of_range, name_ + ": more than 2 GB of it are no weights",
                  "The file is no usual network: check it, or export it again");
    return out;
  }

 private:
  struct Field {
    std::uint64_t number = 0;
    Wire wire = Wire::varint;
    std::size_t begin = 0;  // of the tag
    std::size_t value = 0;  // of the value, behind its length
    std::size_t end = 0;
  };

  Status check_beginning() const {
    std::size_t at = 0;
    const auto tag = varint(at, file_.size());
    if (file_.empty())
      return fail(ErrorKind::parse, name_ + ": the file is empty", "Export the model again");
    if (!tag || !may_begin_model(*tag))
      return fail(ErrorKind::parse, name_ + ": no ONNX file",
                  "Name a model in ONNX's binary format (.onnx)");
    return {};
  }

  tl::unexpected<Error> broken(std::size_t at, const char* how) const {
    return fail(ErrorKind::parse,
                name_ + ": " + how + " at byte " + std::to_string(at) + " of " +
                    std::to_string(file_.size()),
                "The file is incomplete or no ONNX: copy or export it again");
  }

  // nothing: the bytes end before the number does, or it is longer than 64 bits.
  std::optional<std::uint64_t> varint(std::size_t& at, std::size_t end) const {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && at < end; shift += 7) {
      const auto byte = static_cast<unsigned char>(file_[at++]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return {};
  }

  Result<Field> next_field(std::size_t at, std::size_t end) const {
    Field field;
    field.begin = at;
    const auto tag = varint(at, end);
    if (!tag || *tag >> 3 == 0) return broken(field.begin, "broken field");
    field.number = *tag >> 3;
    field.wire = static_cast<Wire>(*tag & 7);
    field.value = at;
    std::uint64_t size = 0;
    switch (field.wire) {
      case Wire::varint:
        if (!varint(at, end)) return broken(field.begin, "broken number");
        field.end = at;
        return field;
      case Wire::fixed64: size = 8; break;
      case Wire::fixed32: size = 4; break;
      case Wire::length: {
        const auto length = varint(at, end);
        if (!length) return broken(field.begin, "broken length");
        size = *length;
        field.value = at;
        break;
      }
      default: return broken(field.begin, "field of an unknown type");
    }
    if (size > end - field.value)
      return broken(field.begin, "a part runs beyond the end (truncated file?)");
    field.end = field.value + static_cast<std::size_t>(size);
    return field;
  }

  // A file of very many middling tensors would otherwise be kept almost whole.
  bool keep(std::size_t size) {
    if (size <= kSkimAlwaysKeptBytes) return true;
    if (size > kSkimKeptBytes || size > kSkimKeptInAll - kept_) return false;
    kept_ += size;
    return true;
  }

  Status copy(Message message, std::size_t begin, std::size_t end, int depth, std::string& out) {
    if (depth > kDeepest) return broken(begin, "graphs nested too deeply");
    for (std::size_t at = begin; at < end;) {
      ISOJOULE_TRY(const Field field, next_field(at, end));
      at = field.end;
      const bool has_length = field.wire == Wire::length;
      if (message == Message::tensor && has_length && is_tensor_data(field.number) &&
          !keep(field.end - field.value))
        continue;
      const auto child = has_length ? child_of(message, field.number) : std::nullopt;
      if (!child) {
        out.append(file_.substr(field.begin, field.end - field.begin));
        continue;
      }
      std::string inner;
      ISOJOULE_CHECK(copy(*child, field.value, field.end, depth + 1, inner));
      append_varint(out, field.number << 3 | static_cast<std::uint64_t>(Wire::length));
      append_varint(out, inner.size());
      out += inner;
    }
    return {};
  }

  std::string_view file_;
  const std::string& name_;
  std::size_t kept_ = 0;  // of the data of tensors larger than kSkimAlwaysKeptBytes
};

}  // namespace

Result<std::string> skim_onnx(std::span<const char> file, const std::string& name) {
  return Skimmer(file, name).run();
}

}  // namespace isojoule
