#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/benchmark_optimisers.h"
#include "base/text.h"
#include "cli/command.h"

namespace isojoule::cli {
namespace {

struct BenchmarkArguments {
  BenchmarkRequest request;
  bool json = false;
};

Result<int> run_benchmark(const BenchmarkArguments& arguments,
                          const std::atomic<bool>& interrupted) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  const bool watched = ::isatty(STDERR_FILENO) == 1;
  const auto progress = [&](const std::string& what) {
    if (watched) fmt::print(stderr, "\r\033[K{}", what);
  };
  const auto result = benchmark_optimisers(paths, arguments.request, interrupted, progress);
  if (watched) fmt::print(stderr, "\r\033[K");
  if (!result) return tl::unexpected<Error>(result.error());
  if (arguments.json)
    fmt::print("{}\n", to_json(*result).dump(2));
  else
    fmt::print("{}", benchmark_markdown(*result));
  return kDone;
}

}  // namespace

void add_benchmark_optimisers(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "benchmark-optimisers", "Every optimiser on grids whose truth is known, over many seeds");
  auto arguments = std::make_shared<BenchmarkArguments>();
  BenchmarkRequest& request = arguments->request;
  request.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  command
      ->add_option("--optimiser", request.optimisers, "These alone, as blend,gp_ei (default: all)")
      ->delimiter(',')
      ->type_name("NAME");
  command
      ->add_option("--suite", request.suites,
                   "These sets of grids alone (default: all that are judged): " +
                       join(benchmark_suite_names(), ", "))
      ->delimiter(',')
      ->type_name("NAME");
  command
      ->add_option("--network", request.networks, "These networks of the twins (default: the zoo)")
      ->delimiter(',')
      ->type_name("NAME");
  command->add_option("--seeds", request.seeds, "Searches a grid and optimiser (default: 20)")
      ->check(CLI::Range(1, 10000));
  command->add_option("--budget", request.budget, "Probes a search (default: 60)")
      ->check(CLI::Range(1, 100000));
  command
      ->add_option("--noise", request.noise,
                   "Relative standard deviation of a probe's energy and latency (default: 0.01)")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--threads", request.threads, "Searches at a time (default: one a processor)")
      ->check(CLI::Range(1, 1024));
  command->add_option("--keep", request.grids_folder, "Write the twins' grids there, as CSV")
      ->type_name("FOLDER");
  command
      ->add_option("--measured", request.measured_folder,
                   "Where measurements of others lie that do not come along: rtx-a4000 below "
                   "kernel_tuner/")
      ->type_name("FOLDER");
  command->add_flag("--json", arguments->json, "The table as JSON");
  command->callback([arguments, &program] {
    program.action = [arguments, interrupted = program.interrupted] {
      return run_benchmark(*arguments, *interrupted);
    };
  });
}

}  // namespace isojoule::cli
