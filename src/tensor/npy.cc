#include "tensor/npy.h"

#include <array>
#include <bit>
#include <cctype>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/text_file.h"

namespace isojoule {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are little-endian");

constexpr std::string_view kMagic("\x93NUMPY", 6);

struct TypeRow {
  ElementType type;
  std::string_view descr;
};
constexpr std::array<TypeRow, 8> kTypes = {{{ElementType::float32, "<f4"},
                                            {ElementType::float16, "<f2"},
                                            {ElementType::float64, "<f8"},
                                            {ElementType::int8, "|i1"},
                                            {ElementType::uint8, "|u1"},
                                            {ElementType::int32, "<i4"},
                                            {ElementType::int64, "<i8"},
                                            {ElementType::boolean, "|b1"}}};

// The header is a Python dictionary of exactly three keys; this reads no more of Python than
// that: strings, True, False and a tuple of whole numbers.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : text_(text) {}

  bool read() {
    if (!take('{')) return false;
    while (!take('}')) {
      const auto key = string();
      if (!key || !take(':') || !value(*key)) return false;
      if (!take(',') && peek() != '}') return false;
    }
    skip_space();
    return at_ == text_.size() && descr && fortran_order && shape;
  }

  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::int64_t>> shape;

 private:
  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c || c == '\0') return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    skip_space();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  std::optional<std::string> string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return std::nullopt;
    const std::size_t end = text_.find(quote, ++at_);
    if (end == std::string_view::npos) return std::nullopt;
    std::string content(text_.substr(at_, end - at_));
    at_ = end + 1;
    return content;
  }
  bool value(const std::string& key) {
    if (key == "descr" && !descr) return (descr = string()).has_value();
    if (key == "shape" && !shape) return tuple();
    if (key != "fortran_order" || fortran_order) return false;
    fortran_order = take_word("True");
    return *fortran_order || take_word("False");
  }
  bool tuple() {
    if (!take('(')) return false;
    shape.emplace();
    while (!take(')')) {
      std::int64_t number = 0;
      skip_space();
      const auto [end, error] =
          std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
      if (error != std::errc() || number < 0) return false;
      at_ = static_cast<std::size_t>(end - text_.data());
      shape->push_back(number);
      if (!take(',') && peek() != ')') return false;
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

tl::unexpected<Error> no_npy(const std::string& name, const std::string& what) {
  return fail(ErrorKind::parse, name + ": " + what, "Write it with numpy.save()");
}

// Where header and data begin. Version 1.0 has two bytes of length, 2.0 and 3.0 have four.
struct Parts {
  std::string_view header, data;
};
Result<Parts> split(std::string_view bytes, const std::string& name) {
  if (!bytes.starts_with(kMagic)) return no_npy(name, "is no .npy file");
  if (bytes.size() < 10) return no_npy(name, "ends within its header");
  const int version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3)
    return fail(ErrorKind::unsupported,
                name + ": is of version " + std::to_string(version) + " of the .npy format",
                "Versions 1 to 3 are known");
  const std::size_t width = version == 1 ? 2 : 4;
  if (bytes.size() < 8 + width) return no_npy(name, "ends within its header");
  std::size_t length = 0;
  for (std::size_t i = width; i-- > 0;)
    length = length << 8 | static_cast<unsigned char>(bytes[8 + i]);
  if (bytes.size() - 8 - width < length) return no_npy(name, "ends within its header");
  return Parts{bytes.substr(8 + width, length), bytes.substr(8 + width + length)};
}

Result<ElementType> element_type(std::string_view descr, const std::string& name) {
  for (const TypeRow& row : kTypes)
    if (row.descr == descr) return row.type;
  std::string remedy =
      "Known are float16, float32, float64, int8, uint8, int32, int64 and bool: convert it with "
      "numpy's astype()";
  if (descr.starts_with('>'))
    remedy = "Only little-endian numbers are read: convert it with numpy's astype()";
  return fail(ErrorKind::unsupported, name + ": has elements of type '" + std::string(descr) + "'",
              remedy);
}

}  // namespace

Result<Tensor> parse_npy(std::string_view bytes, const std::string& name) {
  ISOJOULE_TRY(const Parts parts, split(bytes, name));
  HeaderReader header(parts.header);
  if (!header.read()) return no_npy(name, "has a header that is none of the .npy format");
  Tensor tensor;
  ISOJOULE_TRY(tensor.spec.type, element_type(*header.descr, name));
  if (*header.fortran_order && header.shape->size() > 1)
    return fail(ErrorKind::unsupported, name + ": is in Fortran order",
                "Write it with numpy.save(path, numpy.ascontiguousarray(array))");
  const auto count = element_count(*header.shape);
  const std::size_t size = size_of(tensor.spec.type);
  if (!count || *count > parts.data.size() / size || *count * size != parts.data.size())
    return no_npy(name, "has " + std::to_string(parts.data.size()) +
                            " bytes of data, which is not what " + shape_words(*header.shape) +
                            " elements of " + std::string(name_of(tensor.spec.type)) + " take");
  tensor.spec.shape = std::move(*header.shape);
  tensor.data.resize(parts.data.size());
  if (!parts.data.empty()) std::memcpy(tensor.data.data(), parts.data.data(), parts.data.size());
  return tensor;
}

std::string npy_bytes(const Tensor& tensor) {
  std::string header = "{'descr': '";
  header += kTypes[static_cast<std::size_t>(tensor.spec.type)].descr;
  header += "', 'fortran_order': False, 'shape': (";
  for (const std::int64_t dimension : tensor.spec.shape) header += std::to_string(dimension) + ", ";
  if (tensor.spec.shape.size() > 1) header.resize(header.size() - 2);
  if (tensor.spec.shape.size() == 1) header.resize(header.size() - 1);
  header += "), }";
  // With its magic, version and length the header is a multiple of 64, its last byte a newline.
  constexpr std::size_t before = 10;
  header.resize((before + header.size() + 1 + 63) / 64 * 64 - before - 1, ' ');
  header += '\n';
  std::string bytes(kMagic);
  bytes += '\x01';
  bytes += '\0';
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): elements as the file's bytes
  bytes.append(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size());
  return bytes;
}

Status write_npy(const Tensor& tensor, const std::string& path) {
  return write_text_file(path, npy_bytes(tensor));
}

std::string npy_file_name(std::string_view tensor_name) {
  std::string name(tensor_name.substr(0, 200));
  for (char& c : name)
    if (static_cast<unsigned char>(c) < 32 ||
        std::string_view("/\\:").find(c) != std::string_view::npos)
      c = '_';
  if (name.empty() || name.starts_with('.')) name.insert(0, 1, '_');
  return name + ".npy";
}

}  // namespace isojoule
