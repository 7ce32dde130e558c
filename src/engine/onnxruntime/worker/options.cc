#include "engine/onnxruntime/worker/options.h"

#include <charconv>

#include "base/text.h"

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

Status read_optimisation(const std::string& value, EngineOptions& out) {
  const std::map<std::string, GraphOptimizationLevel> levels = {{"disable", ORT_DISABLE_ALL},
                                                                {"basic", ORT_ENABLE_BASIC},
                                                                {"extended", ORT_ENABLE_EXTENDED},
                                                                {"all", ORT_ENABLE_ALL}};
  const auto level = levels.find(value);
  if (level == levels.end())
    return fail(ErrorKind::invalid, "option optimisation='" + value + "'",
                unknown_name_remedy(value, {"disable", "basic", "extended", "all"}));
  out.optimisation = level->second;
  out.optimisation_name = value;
  return {};
}

Status read_one(const std::string& key, const std::string& value, EngineOptions& out) {
  if (key == "optimisation") return read_optimisation(value, out);
  if (key == "spinning") {
    if (value != "on" && value != "off")
      return fail(ErrorKind::invalid, "option spinning='" + value + "'", "Use on or off.");
    out.spinning = value == "on";
    return {};
  }
  if (key.starts_with(kShape)) {
    ISOJOULE_TRY(out.shapes[key.substr(kShape.size())], read_shape(value));
    return {};
  }
  if (key.starts_with(kLimit)) {
    ISOJOULE_TRY(out.limits[key.substr(kLimit.size())], read_natural(value));
    return {};
  }
  return fail(ErrorKind::not_found, "engine onnxruntime has no option '" + key + "'",
              unknown_name_remedy(
                  key, {"optimisation", "spinning", "shape.INPUT", "limit.INPUT", "timeout_s"}));
}

}  // namespace

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

std::string shape_words(const std::vector<std::int64_t>& shape) {
  std::vector<std::string> words;
  for (const std::int64_t dimension : shape)
    words.push_back(dimension < 0 ? "?" : std::to_string(dimension));
  return words.empty() ? "scalar" : join(words, "x");
}

Result<EngineOptions> read_options(const std::map<std::string, std::string>& options) {
  EngineOptions out;
  for (const auto& [key, value] : options) ISOJOULE_CHECK(read_one(key, value, out));
  return out;
}

}  // namespace isojoule
