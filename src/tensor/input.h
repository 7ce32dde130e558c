// What goes into a network: random values, images, texts or stored tensors.
//
// In two steps, so that a measurement of the second holds only what an application does for every
// input: open_inputs() reads files' bytes (or draws and encodes pictures, writes texts) and the
// vocabulary; prepare_inputs() decodes, resizes, normalises, splits into tokens, fills tensors.
// The options' meaning for people stands in docs/inputs.md.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/tensor.h"

namespace isojoule {

enum class InputKind : std::uint8_t { random, image, text, tensor };
std::string_view name_of(InputKind kind);  // "random"

struct ImageOptions {
  enum class Layout : std::uint8_t { by_shape, nchw, nhwc };
  enum class Resize : std::uint8_t { stretch, crop, letterbox };
  std::array<double, 3> mean = {0, 0, 0};  // of red, green, blue (or as `colour` orders them), 0..1
  std::array<double, 3> std = {1, 1, 1};
  double scale = 1;  // (value / 255 - mean) / std * scale
  Layout layout = Layout::by_shape;
  Resize resize = Resize::stretch;
  bool bgr = false;
  bool operator==(const ImageOptions&) const = default;
};

struct TextOptions {
  std::string vocabulary;  // a file; empty: the built-in one
  bool lowercase = true;   // and without accents
  std::int64_t words = 0;  // of a made-up text; 0: as many as fill the sequence
  // Names of the model's inputs; empty: found by name.
  std::string ids, mask, types;
  bool operator==(const TextOptions&) const = default;
};

struct InputOptions {
  std::string path;               // a file, a folder, a list of paths; empty: made up from the seed
  std::optional<InputKind> kind;  // nothing: by the path's content; random without a path
  std::int64_t count = 0;         // inputs to prepare; 0: see docs/inputs.md
  ImageOptions image;
  TextOptions text;
  std::map<std::string, std::int64_t> limits;  // by input: random whole numbers are drawn below it
  bool operator==(const InputOptions&) const = default;
};
// Takes the keys that begin with "input." out of `options`; `limits` is the caller's to fill.
// Errors: not_found (an unknown "input." key, with the nearest), invalid (a value).
Result<InputOptions> take_input_options(std::map<std::string, std::string>& options);

struct Vocabulary;  // tensor/vocabulary.h

// What is read and not yet prepared.
struct InputSource {
  struct Item {
    std::string name;   // for messages: the path, "text 3 of lines.txt", "made-up image 1"
    std::string bytes;  // an encoded image, a text, a file
  };
  std::vector<TensorSpec> inputs;
  InputOptions options;
  InputKind kind = InputKind::random;
  std::uint64_t seed = 0;
  std::vector<Item> items;  // none for random
  std::int64_t batches = 1;
  std::int64_t files = 0;
  std::shared_ptr<const Vocabulary> vocabulary;  // of texts
  std::vector<std::string> notes;
};

struct InputCounts {
  std::int64_t inputs = 0;  // of all batches, repeated ones too
  std::int64_t files = 0;   // read
  std::int64_t tokens = 0;  // without padding
  std::int64_t unknown_tokens = 0;
  std::int64_t truncated_texts = 0;
  bool operator==(const InputCounts&) const = default;
};

struct PreparedInputs {
  std::vector<std::vector<Tensor>> batches;  // each: a tensor an input, in the model's order
  InputCounts counts;
  std::vector<std::string> notes;  // for people: what was assumed, repeated, cut off
};

// `inputs` are the model's, no dimension open; the first dimension of the first is the batch.
// Errors: not_found (a path, an input that an option names), permission_denied, io, invalid (an
// empty folder; a model without an input of this kind; a vocabulary that lacks a token),
// out_of_range (more than memory can hold).
Result<InputSource> open_inputs(std::span<const TensorSpec> inputs, const InputOptions& options,
                                std::uint64_t seed);
// Errors: parse (which file is no image, no text in UTF-8, no .npy), invalid (a wrong shape or
// type, with both), out_of_range (a huge image).
Result<PreparedInputs> prepare_inputs(const InputSource& source);

}  // namespace isojoule
