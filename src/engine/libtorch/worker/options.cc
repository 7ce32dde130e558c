#include "engine/libtorch/worker/options.h"

#include "base/text.h"

namespace isojoule::libtorch {
namespace {

constexpr std::string_view kType = "type.";

Result<ElementType> read_type(const std::string& text) {
  std::vector<std::string> known;
  for (int i = 0; i <= static_cast<int>(ElementType::boolean); ++i) {
    const auto type = static_cast<ElementType>(i);
    if (name_of(type) == text) return type;
    known.emplace_back(name_of(type));
  }
  return fail(ErrorKind::invalid, "'" + text + "' is no type of elements",
              unknown_name_remedy(text, known));
}

// An axis' value as a number of `known`; 0: the engine's own choice.
Result<std::size_t> read_axis(const char* axis, const std::string& value,
                              const std::vector<std::string>& known) {
  if (value.empty()) return 0;
  for (std::size_t i = 0; i < known.size(); ++i)
    if (known[i] == value) return i + 1;
  return fail(ErrorKind::unsupported, std::string(axis) + " '" + value + "'",
              unknown_name_remedy(value, known));
}

}  // namespace

Result<Options> read_options(const Job& job) {
  Options options;
  ISOJOULE_TRY(const std::size_t graph, read_axis("graph", job.graph, {"dynamic", "static"}));
  options.graph = static_cast<Graph>(graph);
  ISOJOULE_TRY(const std::size_t accelerator,
               read_axis("accelerator", job.accelerator, {"cpu", "gpu"}));
  options.gpu = accelerator == 2;
  ISOJOULE_TRY(const std::size_t precision,
               read_axis("precision", job.precision, {"fp32", "fp16"}));
  options.half = precision == 2;
  ISOJOULE_TRY(const std::size_t loading, read_axis("loading", job.loading, {"lazy", "eager"}));
  if (loading != 0) options.loading = job.loading;
  for (const auto& [key, value] : job.options) {
    if (key == "save_module") {
      options.save_module = value;
    } else if (key.starts_with(kType)) {
      ISOJOULE_TRY(options.types[key.substr(kType.size())], read_type(value));
    } else {
      return fail(
          ErrorKind::not_found, "option " + key + " is not known to engine libtorch",
          unknown_name_remedy(key, {"save_module", "type.INPUT", "shape.INPUT", "limit.INPUT",
                                    "save_outputs", "memory_limit_mib", "timeout_s"}));
    }
  }
  return options;
}

}  // namespace isojoule::libtorch
