#include "engine/trtexec/options.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "base/text.h"
#include "engine/trtexec/number.h"

namespace isojoule::trtexec {
namespace {

constexpr double kSilence_s = 300;
constexpr double kLimit_s = 7200;

tl::unexpected<Error> bad(const std::string& key, const std::string& value,
                          const std::string& remedy) {
  return fail(ErrorKind::invalid, "option " + key + "='" + value + "'", remedy);
}

Status read_switch(const std::string& key, const std::string& value, bool& out) {
  if (value != "on" && value != "off") return bad(key, value, "Give on or off.");
  out = value == "on";
  return {};
}

Result<double> read_number(const std::string& key, const std::string& value, double least,
                           double most) {
  const std::optional<double> number = whole_number(value);
  if (!number || *number < least || *number > most)
    return bad(key, value,
               "Give a number from " + std::to_string(least) + " to " + std::to_string(most) + ".");
  return *number;
}

Result<std::int64_t> read_count(const std::string& key, std::string_view value, double most) {
  const std::optional<double> number = whole_number(value);
  if (!number || *number < 1 || *number > most || *number != std::floor(*number))
    return bad(key, std::string(value), "Give a whole number from 1.");
  return static_cast<std::int64_t>(*number);
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (!(text = trimmed_view(text)).empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

Status take_axes(const Job& job, Options& options) {
  const auto refuse = [](const char* axis, const std::string& value, const char* known) {
    return fail(ErrorKind::unsupported,
                std::string("engine trtexec has no ") + axis + " '" + value + "'",
                std::string("It has: ") + known + ".");
  };
  if (!job.graph.empty() && job.graph != "static") return refuse("graph", job.graph, "static");
  if (!job.implementation.empty())
    return fail(ErrorKind::unsupported, "engine trtexec cannot choose an implementation",
                "TensorRT chooses one for every layer by itself.");
  if (!job.loading.empty() && job.loading != "lazy" && job.loading != "eager")
    return refuse("loading", job.loading, "lazy, eager");
  options.loading = job.loading;
  if (job.accelerator == "dla" || job.accelerator == "dla1")
    options.dla_core = job.accelerator == "dla" ? 0 : 1;
  else if (!job.accelerator.empty() && job.accelerator != "gpu")
    return refuse("accelerator", job.accelerator, "gpu, dla, dla1");
  options.precision = job.precision;
  if (options.precision.empty()) options.precision = options.dla_core < 0 ? "fp32" : "fp16";
  constexpr std::array known = {"fp32", "fp16", "int8"};
  if (std::find(known.begin(), known.end(), options.precision) == known.end())
    return refuse("precision", options.precision, "fp32, fp16, int8");
  // trtexec would silently take FP16.
  if (options.dla_core >= 0 && options.precision == "fp32")
    return fail(ErrorKind::unsupported, "a DLA does not compute in fp32",
                "Take precision fp16 or int8.");
  return {};
}

using Setter = std::function<Status(const std::string& key, const std::string& value)>;

std::map<std::string, Setter> setters(Options& options) {
  const auto on_off = [](bool& place) -> Setter {
    return [&place](const auto& key, const auto& value) { return read_switch(key, value, place); };
  };
  const auto text = [](std::string& place) -> Setter {
    return [&place](const auto& key, const auto& value) -> Status {
      if (value.empty()) return bad(key, value, "Give a path.");
      place = value;
      return {};
    };
  };
  const auto mebibytes = [](std::optional<double>& place) -> Setter {
    return [&place](const auto& key, const auto& value) -> Status {
      ISOJOULE_TRY(place, read_number(key, value, 0.001, 1e7));
      return {};
    };
  };
  const auto seconds = [](Duration& place) -> Setter {
    return [&place](const auto& key, const auto& value) -> Status {
      ISOJOULE_TRY(const double number, read_number(key, value, 0.1, 1e6));
      place = Duration::from(Second(number));
      return {};
    };
  };
  return {{"trtexec", text(options.program)},
          {"fallback", on_off(options.fallback)},
          {"spin", on_off(options.spin)},
          {"cuda_graph", on_off(options.cuda_graph)},
          {"overlap", on_off(options.overlap)},
          {"transfers", on_off(options.transfers)},
          {"tf32", on_off(options.tf32)},
          {"workspace_mib", mebibytes(options.workspace_mib)},
          {"dla_sram_mib", mebibytes(options.dla_sram_mib)},
          {"timing_cache", text(options.timing_cache)},
          {"keep_engine", text(options.keep_engine)},
          {"engine_cache", text(options.engine_cache)},
          {"silence_s", seconds(options.silence)},
          {"limit_s", seconds(options.limit)},
          {"streams",
           [&options](const auto& key, const auto& value) -> Status {
             ISOJOULE_TRY(options.streams, read_count(key, value, 64));
             return {};
           }},
          {"arguments", [&options](const auto&, const auto& value) -> Status {
             options.arguments = split_words(value);
             return {};
           }}};
}

// What acts on the host's side, and what is measured in a process that is not ours.
Status refuse_what_is_not_ours(const std::map<std::string, std::string>& options) {
  for (const auto& [key, value] : options)
    if (key == "save_outputs" || key == "memory_limit_mib" || key.starts_with("input.") ||
        key.starts_with("post."))
      return fail(ErrorKind::unsupported, "option " + key + ": engine trtexec cannot do it",
                  "trtexec makes its own inputs and keeps its outputs to itself; leave it away.");
  return {};
}

}  // namespace

Result<Options> take_options(const Job& job) {
  Options options;
  options.silence = Duration::from(Second(kSilence_s));
  options.limit = Duration::from(Second(kLimit_s));
  ISOJOULE_CHECK(refuse_what_is_not_ours(job.options));
  std::map<std::string, std::string> own = job.options;
  ISOJOULE_TRY(options.common, take_common_options(own));
  const std::map<std::string, Setter> known = setters(options);
  for (const auto& [key, value] : own) {
    if (const auto setter = known.find(key); setter != known.end()) {
      ISOJOULE_CHECK(setter->second(key, value));
      continue;
    }
    std::vector<std::string> names;
    for (const auto& [name, unused] : known) names.push_back(name);
    return fail(ErrorKind::not_found, "engine trtexec has no option '" + key + "'",
                unknown_name_remedy(key, names));
  }
  ISOJOULE_CHECK(take_axes(job, options));
  return options;
}

}  // namespace isojoule::trtexec
