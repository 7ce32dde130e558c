// Texts into a network's tensors of token numbers.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "tensor/input.h"
#include "tensor/tokenizer.h"

namespace isojoule {

// The model's inputs that a text fills, by their place in its list.
struct TextPlaces {
  std::size_t ids = 0;
  std::optional<std::size_t> mask, types, positions;
  std::int64_t batch = 1, length = 0;  // of the sequence
};
// By the options' names, or else by what the inputs are called: ids "input_ids" or what ends so
// ("ids", "tokens"), mask "mask", types "token_type" or "segment", positions "position". Errors:
// not_found (a name that the model has not), invalid (no whole numbers in two dimensions, a mask of
// another shape, a sequence below two tokens).
Result<TextPlaces> find_text_inputs(std::span<const TensorSpec> inputs, const TextOptions& options);

// Writes one text as the tensors' `slot`-th, padded to the sequence's length.
void put_tokens(std::vector<Tensor>& batch, std::int64_t slot, const Tokens& tokens,
                const TextPlaces& places, std::int64_t pad);

}  // namespace isojoule
