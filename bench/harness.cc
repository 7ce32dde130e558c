// Time of a batch inside `measure` against the engine's bare loop, in one run.
//
// Pairs of processes in turns, which of the two comes first changing from pair to pair: the bare
// loop (bench/bare_loop: ONNX Runtime and clock_gettime), and a whole measurement with its worker
// program, marks, and three INA3221 rails (files in a folder of tmpfs) sampled meanwhile. Prints
// each pair's ratio of medians, and their median with its quartiles. No figure here is a test.
//
//   isojoule-harness-bench [--model resnet-18] [--batch 1] [--pairs 20] [--batches 150]
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "app/measure_once.h"
#include "base/subprocess.h"
#include "ina_files.h"
#include "workload/zoo.h"

namespace {

using namespace isojoule;

struct Arguments {
  std::string model = "resnet-18";
  std::int64_t batch = 1, pairs = 20, batches = 150, warm_up = 20, threads = 0, period_ms = 100;
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

template <typename T>
T value_or_exit(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "error: {}\n", to_string(result.error()));
  std::exit(1);
}

// Median seconds of a batch of the loop alone.
double bare(const Arguments& a, const Paths& paths, const std::string& library,
            const std::string& model) {
  SubprocessOptions options;
  options.command = {paths.workers + "/isojoule-bare-loop",
                     library,
                     model,
                     std::to_string(a.batch),
                     std::to_string(a.warm_up),
                     std::to_string(a.batches),
                     std::to_string(a.threads)};
  options.output_limit = std::size_t{1} << 20;
  const auto child = value_or_exit(Subprocess::start(options));
  const auto ended = child->wait(make_real_clock()->now() + Duration::milliseconds(600'000));
  if (!ended || ended->by_signal || ended->code != 0) {
    fmt::print(stderr, "error: the bare loop: {}\n", child->last_output_line());
    std::exit(1);
  }
  std::istringstream text(child->output_tail());
  std::vector<double> seconds;
  for (double ns = 0; text >> ns;) seconds.push_back(ns * 1e-9);
  return median(seconds);
}

MeasureResult measured(const Arguments& a, const Paths& paths, const std::string& root,
                       std::int64_t batches) {
  MeasureRequest request;
  request.target.sysroot = root;
  request.target.board = "generic-linux";
  request.network = a.model;
  request.batch = a.batch;
  request.inferences = a.batch * batches;
  request.warmup_batches = a.warm_up;
  request.sampling_period = Duration::milliseconds(a.period_ms);
  request.idle = Duration::milliseconds(100);
  request.options = {{"input.kind", "random"}, {"post.task", "none"}};
  if (a.threads > 0) request.setting.set("threads", static_cast<double>(a.threads));
  const std::atomic<bool> interrupted{false};
  MeasureResult result = value_or_exit(measure_once(paths, request, interrupted));
  if (result.measured.run.state == RunState::failed) {
    fmt::print(stderr, "error: {}\n", result.measured.run.failure);
    std::exit(1);
  }
  return result;
}

int run(const Arguments& a) {
  const Paths paths = value_or_exit(find_paths());
  std::string root = (std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp") +
                     std::string("/isojoule_harness_XXXXXX");
  if (mkdtemp(root.data()) == nullptr) return 1;
  bench::write_ina_files(root);
  const MeasureResult first = measured(a, paths, root, 1);  // writes the model, names the library
  const std::string library = first.measured.run.notes.at("library");
  const std::string model = value_or_exit(resolve_network(a.model, paths.cache));
  std::vector<double> ratios;
  for (std::int64_t i = 0; i < a.pairs; ++i) {
    double loop = i % 2 == 0 ? bare(a, paths, library, model) : 0;
    const MeasureResult inside = measured(a, paths, root, a.batches);
    if (i % 2 != 0) loop = bare(a, paths, library, model);
    const double batch = batch_quantile(inside.measured.run, 0.5)->value();
    ratios.push_back(batch / loop);
    std::size_t readings = 0;  // the rails have no total here: each is read by itself
    for (const Channel& channel : inside.measured.trace.channels)
      readings += channel.time_ns.size();
    fmt::print("pair {:>3}: bare {:.4f} ms, measured {:.4f} ms, ratio {:.4f}, {} readings\n", i + 1,
               loop * 1e3, batch * 1e3, batch / loop, readings);
  }
  std::filesystem::remove_all(root);
  std::sort(ratios.begin(), ratios.end());
  fmt::print("{} batch {}: ratio {:.4f} (quartiles {:.4f}, {:.4f}) over {} pairs of {} batches\n",
             a.model, a.batch, median(ratios), ratios[ratios.size() / 4],
             ratios[ratios.size() * 3 / 4], a.pairs, a.batches);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Time of a batch inside measure against the engine's bare loop");
  Arguments a;
  app.add_option("--model", a.model)->capture_default_str();
  app.add_option("--batch", a.batch)->capture_default_str();
  app.add_option("--pairs", a.pairs)->capture_default_str();
  app.add_option("--batches", a.batches)->capture_default_str();
  app.add_option("--warm-up", a.warm_up)->capture_default_str();
  app.add_option("--threads", a.threads)->capture_default_str();
  app.add_option("--period-ms", a.period_ms)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return run(a);
}
