#include "tensor/holds.h"

#include "tensor/image.h"
#include "tensor/npy.h"
#include "tensor/tokenizer.h"
#include "tensor/vocabulary.h"

namespace isojoule {
namespace {

bool text_holds(std::string_view text, const Vocabulary& vocabulary) {
  constexpr std::size_t length = 16;
  for (const bool lowercase : {false, true}) {
    const auto tokens = tokenize(text, vocabulary, lowercase, length, "text");
    if (!tokens) {
      if (tokens.error().kind != ErrorKind::parse) return false;
      continue;
    }
    const auto& ids = tokens->ids;
    if (ids.size() < 2 || ids.size() > length) return false;
    if (ids.front() != vocabulary.begin || ids.back() != vocabulary.end) return false;
    for (const std::int64_t id : ids)
      if (id < 0 || id >= static_cast<std::int64_t>(vocabulary.tokens.size())) return false;
  }
  return true;
}

}  // namespace

bool npy_holds(std::string_view bytes) {
  const auto tensor = parse_npy(bytes, "fuzz");
  if (!tensor)
    return tensor.error().kind == ErrorKind::parse || tensor.error().kind == ErrorKind::unsupported;
  const auto count = element_count(tensor->spec.shape);
  if (!count || tensor->data.size() != *count * size_of(tensor->spec.type)) return false;
  const auto again = parse_npy(npy_bytes(*tensor), "fuzz");
  return again && again->spec == tensor->spec && again->data == tensor->data;
}

bool vocabulary_holds(std::string_view text) {
  static const auto builtin = parse_vocabulary(builtin_vocabulary_text(), "built-in");
  if (!builtin || !text_holds(text, *builtin)) return false;
  const auto vocabulary = parse_vocabulary(text, "fuzz");
  if (!vocabulary)
    return vocabulary.error().kind == ErrorKind::parse ||
           vocabulary.error().kind == ErrorKind::invalid;
  for (std::size_t i = 0; i < vocabulary->tokens.size(); ++i) {
    const auto found = vocabulary->ids.find(vocabulary->tokens[i]);
    if (found == vocabulary->ids.end() || found->second != static_cast<std::int64_t>(i))
      return false;
  }
  return text_holds(text, *vocabulary);
}

bool image_holds(std::string_view bytes) {
  const auto image = decode_image(bytes, "fuzz");
  if (!image)
    return image.error().kind == ErrorKind::parse || image.error().kind == ErrorKind::out_of_range;
  return image->width > 0 && image->height > 0 && image->channels == 3 &&
         static_cast<std::int64_t>(image->pixels.size()) == image->width * image->height * 3;
}

}  // namespace isojoule
