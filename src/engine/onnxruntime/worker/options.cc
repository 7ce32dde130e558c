#include "engine/onnxruntime/worker/options.h"

#include <map>

#include "base/text.h"

namespace isojoule {
namespace {

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

Status read_provider(const std::string& value, const Job& job, EngineOptions& out) {
  const std::map<std::string, Provider> providers = {
      {"cpu", Provider::cpu}, {"cuda", Provider::cuda}, {"tensorrt", Provider::tensorrt}};
  const auto provider = providers.find(value);
  if (provider == providers.end())
    return fail(ErrorKind::invalid, "option provider='" + value + "'",
                unknown_name_remedy(value, {"cpu", "cuda", "tensorrt"}));
  out.provider = provider->second;
  const bool on_gpu = out.provider != Provider::cpu;
  if (!job.accelerator.empty() && (job.accelerator == "gpu") != on_gpu)
    return fail(ErrorKind::invalid,
                "option provider=" + value + " contradicts accelerator " + job.accelerator,
                "Leave one of the two away.");
  return {};
}

Status read_one(const std::string& key, const std::string& value, const Job& job,
                EngineOptions& out) {
  if (key == "optimisation") return read_optimisation(value, out);
  if (key == "provider") return read_provider(value, job, out);
  if (key == "spinning") {
    if (value != "on" && value != "off")
      return fail(ErrorKind::invalid, "option spinning='" + value + "'", "Use on or off.");
    out.spinning = value == "on";
    return {};
  }
  return fail(
      ErrorKind::not_found, "engine onnxruntime has no option '" + key + "'",
      unknown_name_remedy(key, {"optimisation", "spinning", "provider", "shape.INPUT",
                                "limit.INPUT", "timeout_s", "memory_limit_mib", "save_outputs"}));
}

// Only TensorRT converts a model to another precision; the others run it as it is in the file.
Status read_precision(const Job& job, EngineOptions& out) {
  if (job.precision.empty() || job.precision == "fp32") return {};
  if (out.provider != Provider::tensorrt)
    return fail(ErrorKind::unsupported,
                "ONNX Runtime's " + std::string(name_of(out.provider)) + " does not convert to " +
                    job.precision,
                "Give a model file of that precision and leave the axis away, or take option "
                "provider=tensorrt.");
  out.half = true;
  out.whole_numbers = job.precision == "int8";
  return {};
}

}  // namespace

const char* name_of(Provider provider) {
  switch (provider) {
    case Provider::cpu: return "CPUExecutionProvider";
    case Provider::cuda: return "CUDAExecutionProvider";
    case Provider::tensorrt: return "TensorrtExecutionProvider";
  }
  return "";
}

Result<EngineOptions> read_options(const Job& job) {
  EngineOptions out;
  if (job.graph == "dynamic") ISOJOULE_CHECK(read_optimisation("disable", out));
  if (job.accelerator == "gpu") out.provider = Provider::cuda;
  for (const auto& [key, value] : job.options) ISOJOULE_CHECK(read_one(key, value, job, out));
  ISOJOULE_CHECK(read_precision(job, out));
  return out;
}

}  // namespace isojoule
