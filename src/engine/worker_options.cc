// What the options of every engine mean, and what a model's open dimensions become.
#include <algorithm>
#include <charconv>
#include <fstream>

#include "base/text.h"
#include "engine/worker_run.h"

namespace isojoule {
namespace {

constexpr std::string_view kShape = "shape.";
constexpr std::string_view kLimit = "limit.";

Result<std::int64_t> read_natural(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1)
    return fail(ErrorKind::invalid, "'" + std::string(text) + "' is not a whole number from 1");
  return value;
}

// "1x3x224x224" or "1,3,224,224".
Result<std::vector<std::int64_t>> read_shape(const std::string& text) {
  std::vector<std::int64_t> shape;
  std::string_view rest = text;
  while (true) {
    const std::size_t cut = rest.find_first_of("x,");
    const Result<std::int64_t> dimension = read_natural(rest.substr(0, cut));
    if (!dimension)
      return fail(ErrorKind::invalid, "shape '" + text + "': " + dimension.error().what,
                  "Write a shape as 1x3x224x224.");
    shape.push_back(*dimension);
    if (cut == std::string_view::npos) return shape;
    rest.remove_prefix(cut + 1);
  }
}

// True where the option is one of the common ones.
Result<bool> take_one(const std::string& key, const std::string& value, CommonOptions& out) {
  if (key.starts_with(kShape)) {
    ISOJOULE_TRY(out.shapes[key.substr(kShape.size())], read_shape(value));
  } else if (key.starts_with(kLimit)) {
    ISOJOULE_TRY(out.limits[key.substr(kLimit.size())], read_natural(value));
  } else if (key == "memory_limit_mib") {
    constexpr std::int64_t kMost = std::int64_t{1} << 40;  // of what still counts in bytes
    ISOJOULE_TRY(const std::int64_t limit, read_natural(value));
    out.memory_limit_mib = std::min(limit, kMost);
  } else if (key == "save_outputs") {
    out.save_outputs = value;
  } else {
    return false;
  }
  return true;
}

std::string input_words(const TensorSpec& input) {
  return "input '" + input.name + "' (" + shape_words(input.shape) + ")";
}

Status check_names(const std::vector<TensorSpec>& model, const CommonOptions& options) {
  std::vector<std::string> names;
  for (const TensorSpec& spec : model) names.push_back(spec.name);
  const auto known = [&](std::string_view option, const std::string& name) -> Status {
    if (std::find(names.begin(), names.end(), name) != names.end()) return {};
    return fail(ErrorKind::not_found,
                "option " + std::string(option) + name + ": the model has no such input",
                unknown_name_remedy(name, names));
  };
  for (const auto& [name, shape] : options.shapes) ISOJOULE_CHECK(known(kShape, name));
  for (const auto& [name, limit] : options.limits) ISOJOULE_CHECK(known(kLimit, name));
  return {};
}

Status choose_shape(TensorSpec& input, const std::vector<std::int64_t>& asked, std::int64_t batch) {
  std::vector<std::int64_t>& shape = input.shape;
  bool fits = asked.size() == shape.size();
  for (std::size_t i = 0; fits && i < shape.size(); ++i)
    fits = shape[i] < 0 || shape[i] == asked[i];
  if (!fits)
    return fail(ErrorKind::invalid,
                "option shape." + input.name + "=" + shape_words(asked) + " does not fit " +
                    input_words(input) + " with batch " + std::to_string(batch),
                "Only open dimensions ('?') can be chosen; an open first one is the batch.");
  shape = asked;
  return {};
}

Status check_closed(const TensorSpec& input, std::int64_t batch) {
  const auto& shape = input.shape;
  if (std::any_of(shape.begin(), shape.end(), [](auto dimension) { return dimension < 0; }))
    return fail(ErrorKind::invalid, input_words(input) + " leaves a dimension open",
                "Choose it with option shape." + input.name + "=" + shape_words(shape) + ".");
  // A fixed list of numbers (scales, sizes) beside the data has no batch.
  if (shape.size() >= 2 && shape[0] != batch)
    return fail(ErrorKind::invalid,
                input_words(input) + " has batch " + std::to_string(shape[0]) +
                    " built in, the job asks for batch " + std::to_string(batch),
                "Take batch " + std::to_string(shape[0]) +
                    ", or export the model again with that batch or a dynamic one.");
  if (!element_count(shape))
    return fail(ErrorKind::engine,
                "out of memory: " + input_words(input) + " with shape " + shape_words(shape) +
                    " is too large",
                "Take a smaller batch.");
  return {};
}

}  // namespace

Result<CommonOptions> take_common_options(std::map<std::string, std::string>& options) {
  CommonOptions common;
  for (auto option = options.begin(); option != options.end();) {
    ISOJOULE_TRY(const bool taken, take_one(option->first, option->second, common));
    option = taken ? options.erase(option) : std::next(option);
  }
  return common;
}

Result<std::vector<TensorSpec>> resolve_inputs(const std::vector<TensorSpec>& model,
                                               std::int64_t batch, const CommonOptions& options) {
  ISOJOULE_CHECK(check_names(model, options));
  std::vector<TensorSpec> inputs = model;
  for (TensorSpec& input : inputs) {
    if (!input.shape.empty() && input.shape[0] < 0) input.shape[0] = batch;
    const auto asked = options.shapes.find(input.name);
    if (asked != options.shapes.end()) ISOJOULE_CHECK(choose_shape(input, asked->second, batch));
    ISOJOULE_CHECK(check_closed(input, batch));
  }
  return inputs;
}

Result<std::vector<char>> read_model(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : -1;
  if (size < 0)
    return fail(ErrorKind::not_found, "model file " + path + " cannot be opened",
                "Give the path of a model file.");
  std::vector<char> bytes(static_cast<std::size_t>(size));
  file.seekg(0);
  if (!file.read(bytes.data(), size))
    return fail(ErrorKind::io, "model file " + path + " cannot be read to its end");
  return bytes;
}

}  // namespace isojoule
