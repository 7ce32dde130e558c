#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "app/layer_plan.h"
#include "base/text_file.h"
#include "cli/command.h"

namespace isojoule::cli {
namespace {

struct StudyRequest {
  LayerPlanRequest plan;
  std::string path;
};

Result<int> write_layer_plan(const StudyRequest& request) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  ISOJOULE_TRY(const LayerStudy study, layer_plan(paths, request.plan));
  if (request.path.empty()) {
    fmt::print("{}", study.toml);
    return kDone;
  }
  ISOJOULE_CHECK(write_text_file(request.path, study.toml));
  std::int64_t networks = 0;
  for (const auto& [kind, count] : study.networks) networks += count;
  fmt::print("{}: {} networks, {} runs; of a real board about {:.1f} hours\n", request.path,
             networks, study.runs, study.hours);
  return kDone;
}

void add_layers(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "layers", "Several hundred single layers over their sizes, for fitting energy models");
  auto request = std::make_shared<StudyRequest>();
  LayerPlanRequest& plan = request->plan;
  command->add_option("--board", plan.study.board,
                      "Whose clocks the plan names; it need not be here. Without it clocks are "
                      "left as they are");
  command->add_option("--release", plan.release, "Of the board (default: the newest)");
  command->add_option("-o,--output", request->path, "The plan to write (default: print it)");
  command
      ->add_option("--count", plan.study.count,
                   "Convolutions and fully connected layers together (default: 240)")
      ->check(CLI::Range(1, 5000));
  command->add_option("--seed", plan.study.seed, "Of the choice of sizes (default: 1)");
  command->add_option("--batch", plan.study.batches, "Batch sizes, as 1,8 (default: 1)")
      ->delimiter(',');
  command
      ->add_option("--kinds", plan.study.kinds,
                   "Kinds of layers, as conv,fc,sequence (default: all); docs/layers.md has them")
      ->delimiter(',');
  auto* clocks = command->add_option(
      "--clocks", plan.clocks,
      "cross: lowest, middle, highest of each, the others at their highest (default); a number: so "
      "many of each; corners; highest; none");
  command->add_option("--cpu-frequency", plan.cpu_frequencies, "These clocks, as 1.2GHz,2.0352GHz")
      ->delimiter(',')
      ->excludes(clocks);
  command->add_option("--gpu-frequency", plan.gpu_frequencies, "These clocks, as 854.25MHz")
      ->delimiter(',')
      ->excludes(clocks);
  command
      ->add_option("--memory-limit", plan.study.memory_limit_mb,
                   "MB of weights and activations that a layer may need (default: 256)")
      ->check(CLI::PositiveNumber);
  command->add_option("--repeats", plan.study.repeats, "Of each run (default: 2)")
      ->check(CLI::Range(1, 1000));
  command->callback(
      [request, &program] { program.action = [request] { return write_layer_plan(*request); }; });
}

}  // namespace

void add_study(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("study", "Make the plan of a study, for 'isojoule sweep'");
  command->require_subcommand(1);
  add_layers(*command, program);
}

}  // namespace isojoule::cli
