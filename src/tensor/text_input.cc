#include "tensor/text_input.h"

#include <algorithm>

#include "base/text.h"
#include "tensor/elements.h"
#include "tensor/random_input.h"

namespace isojoule {
namespace {

using Specs = std::span<const TensorSpec>;

bool has(const TensorSpec& spec, std::string_view part) {
  return spec.name.find(part) != std::string::npos;
}

bool is_sequence(const TensorSpec& spec) {
  return spec.shape.size() == 2 &&
         (spec.type == ElementType::int64 || spec.type == ElementType::int32);
}

enum class Role { ids, mask, types, positions, other };

Role role_of(const TensorSpec& spec) {
  if (!is_sequence(spec)) return Role::other;
  if (has(spec, "mask")) return Role::mask;
  if (has(spec, "token_type") || has(spec, "segment")) return Role::types;
  if (has(spec, "position")) return Role::positions;
  if (has(spec, "ids") || has(spec, "token")) return Role::ids;
  return Role::other;
}

Result<std::optional<std::size_t>> place_of(Specs inputs, Role role, const std::string& key,
                                            const std::string& asked) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (asked.empty() ? role_of(inputs[i]) == role : inputs[i].name == asked)
      return std::optional<std::size_t>(i);
    names.push_back(inputs[i].name);
  }
  if (asked.empty()) return std::optional<std::size_t>();
  return fail(ErrorKind::not_found, "option " + key + "=" + asked + " names no input of the model",
              unknown_name_remedy(asked, names));
}

// The only input of whole numbers in two dimensions needs no telling name.
std::optional<std::size_t> only_sequence(Specs inputs) {
  std::optional<std::size_t> only;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!is_sequence(inputs[i]) || role_of(inputs[i]) != Role::other) continue;
    if (only) return std::nullopt;
    only = i;
  }
  return only;
}

Status check(Specs inputs, const TextPlaces& places) {
  const TensorSpec& ids = inputs[places.ids];
  if (!is_sequence(ids) || ids.shape[0] < 1 || ids.shape[1] < 2)
    return fail(ErrorKind::invalid, input_words(ids) + " takes no texts",
                "Token numbers are int64 or int32 of shape batch x length, length 2 or more");
  for (const auto& place : {places.mask, places.types, places.positions}) {
    if (place && (!is_sequence(inputs[*place]) || inputs[*place].shape != ids.shape))
      return fail(ErrorKind::invalid,
                  input_words(inputs[*place]) + " does not go with " + input_words(ids),
                  "Both need the same shape: choose it with option shape." + inputs[*place].name);
  }
  return {};
}

void put_row(Tensor& tensor, std::int64_t slot, const std::vector<std::int64_t>& row) {
  const std::size_t first = static_cast<std::size_t>(slot) * row.size();
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (tensor.spec.type == ElementType::int64)
      put_element<std::int64_t>(tensor, first + i, row[i]);
    else
      put_element<std::int32_t>(tensor, first + i, static_cast<std::int32_t>(row[i]));
  }
}

}  // namespace

Result<TextPlaces> find_text_inputs(Specs inputs, const TextOptions& options) {
  TextPlaces places;
  ISOJOULE_TRY(auto ids, place_of(inputs, Role::ids, "input.ids", options.ids));
  ISOJOULE_TRY(places.mask, place_of(inputs, Role::mask, "input.mask", options.mask));
  ISOJOULE_TRY(places.types, place_of(inputs, Role::types, "input.types", options.types));
  ISOJOULE_TRY(places.positions, place_of(inputs, Role::positions, "", ""));
  if (!ids) ids = only_sequence(inputs);
  if (!ids) {
    std::vector<std::string> words;
    for (const TensorSpec& spec : inputs) words.push_back(input_words(spec));
    return fail(ErrorKind::invalid, "no input of the model takes texts: " + join(words, ", "),
                "Name the one of the token numbers with input.ids=NAME");
  }
  places.ids = *ids;
  ISOJOULE_CHECK(check(inputs, places));
  places.batch = inputs[places.ids].shape[0];
  places.length = inputs[places.ids].shape[1];
  return places;
}

void put_tokens(std::vector<Tensor>& batch, std::int64_t slot, const Tokens& tokens,
                const TextPlaces& places, std::int64_t pad) {
  const auto length = static_cast<std::size_t>(places.length);
  std::vector<std::int64_t> row = tokens.ids;
  row.resize(length, pad);
  put_row(batch[places.ids], slot, row);
  if (places.types) put_row(batch[*places.types], slot, std::vector<std::int64_t>(length, 0));
  if (places.mask) {
    std::vector<std::int64_t> mask(length, 0);
    std::fill_n(mask.begin(), tokens.ids.size(), 1);
    put_row(batch[*places.mask], slot, mask);
  }
  if (places.positions) {
    for (std::size_t i = 0; i < length; ++i) row[i] = static_cast<std::int64_t>(i);
    put_row(batch[*places.positions], slot, row);
  }
}

}  // namespace isojoule
