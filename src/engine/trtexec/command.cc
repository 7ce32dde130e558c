#include "engine/trtexec/command.h"

#include <fmt/format.h>

#include <algorithm>

namespace isojoule::trtexec {
namespace {

using Words = std::vector<std::string>;

// Without a readable help every option is tried: trtexec names the ones that it does not know.
bool knows(const Program& program, const std::string& flag) {
  return program.flags.empty() || program.has(flag);
}

Status need(const Program& program, const std::string& flag, const char* option) {
  if (knows(program, flag)) return {};
  return fail(
      ErrorKind::unsupported,
      "trtexec " + (program.version ? to_string(*program.version) : "here") + " has no " + flag,
      std::string("Leave option ") + option + " away.");
}

bool is_before(const Program& program, int major, int minor) {
  return program.version && (program.version->major < major ||
                             (program.version->major == major && program.version->minor < minor));
}

// --workspace=N up to 8.x, --memPoolSize=workspace:N,dlaSRAM:N since 8.4.
Status add_memory(const Plan& plan, Words& words) {
  const Options& options = plan.options;
  if (!options.workspace_mib && !options.dla_sram_mib) return {};
  const bool pools = plan.program.flags.empty() ? !is_before(plan.program, 8, 4)
                                                : plan.program.has("--memPoolSize");
  if (pools) {
    std::string pool;
    if (options.workspace_mib) pool = fmt::format("workspace:{}", *options.workspace_mib);
    if (options.dla_sram_mib)
      pool += fmt::format("{}dlaSRAM:{}", pool.empty() ? "" : ",", *options.dla_sram_mib);
    words.push_back("--memPoolSize=" + pool);
    return {};
  }
  if (options.dla_sram_mib) return need(plan.program, "--memPoolSize", "dla_sram_mib");
  words.push_back(fmt::format("--workspace={}", std::max(1.0, *options.workspace_mib)));
  return {};
}

void add_device(const Options& options, Words& words) {
  if (options.dla_core < 0) return;
  words.push_back(fmt::format("--useDLACore={}", options.dla_core));
  if (options.fallback) words.emplace_back("--allowGPUFallback");
}

void add_arguments(const Options& options, Words& words) {
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
}

Status add_running(const Plan& plan, Words& words) {
  const Options& options = plan.options;
  words.push_back("--loadEngine=" + plan.engine);
  if (!plan.shapes.empty()) words.push_back("--shapes=" + plan.shapes);
  if (!plan.loaded_inputs.empty()) words.push_back("--loadInputs=" + plan.loaded_inputs);
  add_device(options, words);
  if (options.streams > 1) {
    const bool renamed = plan.program.flags.empty() ? !is_before(plan.program, 8, 6)
                                                    : plan.program.has("--infStreams");
    words.push_back(fmt::format("{}={}", renamed ? "--infStreams" : "--streams", options.streams));
  }
  if (options.spin) words.emplace_back("--useSpinWait");
  if (options.cuda_graph) words.emplace_back("--useCudaGraph");
  if (!options.transfers) words.emplace_back("--noDataTransfers");
  if (!options.overlap) {
    ISOJOULE_CHECK(need(plan.program, "--exposeDMA", "overlap"));
    words.emplace_back("--exposeDMA");
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> build_command(const Plan& plan) {
  const Options& options = plan.options;
  Words words = {plan.program.path, "--onnx=" + plan.model, "--saveEngine=" + plan.engine};
  if (options.precision != "fp32") words.push_back("--" + options.precision);
  if (!options.tf32) words.emplace_back("--noTF32");
  if (!plan.shapes.empty())
    for (const char* kind : {"--minShapes=", "--optShapes=", "--maxShapes="})
      words.push_back(kind + plan.shapes);
  add_device(options, words);
  ISOJOULE_CHECK(add_memory(plan, words));
  if (!options.timing_cache.empty()) {
    ISOJOULE_CHECK(need(plan.program, "--timingCacheFile", "timing_cache"));
    words.push_back("--timingCacheFile=" + options.timing_cache);
  }
  if (plan.detailed && plan.program.has("--profilingVerbosity"))
    words.emplace_back("--profilingVerbosity=detailed");
  const bool renamed = plan.program.flags.empty() ? !is_before(plan.program, 8, 6)
                                                  : plan.program.has("--skipInference");
  words.emplace_back(renamed ? "--skipInference" : "--buildOnly");
  add_arguments(options, words);
  return words;
}

RunCounts counts_of(const Job& job, std::int64_t batches, std::int64_t streams) {
  RunCounts counts;
  const std::int64_t all = 1 + job.warmup_batches + batches;
  counts.iterations = streams == 1 ? all : (all + streams - 1) / streams + 1;
  counts.warm_up_ms = (std::max<std::int64_t>(job.warmup_time.ns, 0) + 999'999) / 1'000'000;
  return counts;
}

Result<std::vector<std::string>> run_command(const Plan& plan, const RunCounts& counts,
                                             const std::string& times_file) {
  Words words = {plan.program.path};
  ISOJOULE_CHECK(add_running(plan, words));
  words.push_back(fmt::format("--iterations={}", counts.iterations));
  words.emplace_back("--duration=0");  // so many and no more
  words.push_back(fmt::format("--warmUp={}", counts.warm_up_ms));
  // One line of averages: a line a batch would be written, one by one, before the report.
  words.push_back(fmt::format("--avgRuns={}", counts.iterations));
  words.push_back("--exportTimes=" + times_file);
  add_arguments(plan.options, words);
  return words;
}

Result<std::vector<std::string>> profile_command(const Plan& plan, std::int64_t batches,
                                                 const std::string& profile_file,
                                                 const std::string& layers_file) {
  Words words = {plan.program.path};
  ISOJOULE_CHECK(add_running(plan, words));
  words.push_back(fmt::format("--iterations={}", batches));
  words.emplace_back("--duration=0");
  words.emplace_back("--warmUp=0");  // the profiler counts the warm-up's batches, too
  words.emplace_back("--dumpProfile");
  words.push_back("--exportProfile=" + profile_file);
  if (plan.program.has("--exportLayerInfo")) {
    words.push_back("--exportLayerInfo=" + layers_file);
    words.emplace_back("--profilingVerbosity=detailed");
  }
  add_arguments(plan.options, words);
  return words;
}

std::string build_identity(const Plan& plan, const std::vector<std::string>& command) {
  std::string text = plan.program.version ? to_string(*plan.program.version) : plan.program.path;
  for (std::size_t i = 1; i < command.size(); ++i) {
    bool is_file = false;
    for (const char* start : {"--onnx=", "--saveEngine=", "--timingCacheFile="})
      is_file = is_file || command[i].starts_with(start);
    if (!is_file) text += "\n" + command[i];
  }
  return text;
}

std::map<std::string, std::string> environment_of(const Options& options) {
  if (options.loading.empty()) return {};
  return {{"CUDA_MODULE_LOADING", options.loading == "lazy" ? "LAZY" : "EAGER"}};
}

}  // namespace isojoule::trtexec
