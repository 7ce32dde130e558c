#include <fmt/format.h>

#include "base/text.h"
#include "cli/command.h"
#include "cost/cost.h"
#include "workload/zoo.h"

namespace isojoule::cli {
namespace {

struct ExportRequest {
  std::string name;
  std::string path;
  ZooOptions options;
};

Result<int> list_networks() {
  fmt::print("{:<14} {:>6} {:>12} {:>12}  {:<11} {}\n", "network", "layers", "parameters", "MACs",
             "input", "definition");
  for (const ZooNetwork& network : zoo()) {
    ZooOptions options;
    options.weights = false;
    ISOJOULE_TRY(const std::string bytes, zoo_model(network.name, options));
    ISOJOULE_TRY(const NetworkCost cost,
                 network_cost_of_bytes(bytes, 1, std::string(network.name)));
    fmt::print("{:<14} {:>6} {:>10.2f} M {:>10.1f} M  {:<11} {}\n", network.name,
               cost.layers.size(), static_cast<double>(cost.parameters()) * 1e-6,
               static_cast<double>(cost.macs()) * 1e-6, network.input, network.source);
  }
  return kDone;
}

Result<int> export_network(const ExportRequest& request) {
  const std::string path = request.path.empty() ? request.name + ".onnx" : request.path;
  ISOJOULE_CHECK(write_zoo_model(request.name, request.options, path));
  fmt::print("{}\n", path);
  return kDone;
}

}  // namespace

void add_zoo(CLI::App& app, Program& program) {
  auto* command =
      app.add_subcommand("zoo", "The studies' networks as ONNX files with seeded weights");
  command->require_subcommand(1);
  command->add_subcommand("list", "Name, size and work of every network")->callback([&program] {
    program.action = list_networks;
  });
  auto* to_file = command->add_subcommand("export", "Write a network as an ONNX file");
  auto request = std::make_shared<ExportRequest>();
  to_file->add_option("NAME", request->name, "A name of 'isojoule zoo list'")->required();
  to_file->add_option("-o,--output", request->path, "The file to write (default: NAME.onnx)");
  auto* batch = to_file->add_option("--batch", request->options.batch, "Inputs in a batch")
                    ->check(CLI::Range(1, 65536));
  to_file->add_flag("--dynamic-batch", request->options.dynamic_batch, "Leave the batch size open")
      ->excludes(batch);
  to_file->add_option("--seed", request->options.seed, "Seed of the weights");
  to_file->callback(
      [request, &program] { program.action = [request] { return export_network(*request); }; });
}

}  // namespace isojoule::cli
