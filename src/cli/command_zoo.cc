#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/command.h"
#include "cost/cost.h"
#include "report/table.h"
#include "workload/family.h"
#include "workload/zoo.h"

namespace isojoule::cli {
namespace {

struct ExportRequest {
  std::string name;
  std::string path;
  ZooOptions options;
};

struct Counts {             // at batch 1
  std::int64_t layers = 0;  // with weights: convolutions and matrix products
  std::int64_t parameters = 0;
  std::int64_t macs = 0;
};

Result<Counts> counts_of(const ZooNetwork& network) {
  ZooOptions options;
  options.weights = false;
  ISOJOULE_TRY(const std::string bytes, zoo_model(network.name, options));
  ISOJOULE_TRY(const NetworkCost cost, network_cost_of_bytes(bytes, 1, std::string(network.name)));
  const auto layers =
      std::count_if(cost.layers.begin(), cost.layers.end(),
                    [](const LayerCost& layer) { return layer.macs > 0 && layer.parameters > 0; });
  return Counts{layers, cost.parameters(), cost.macs()};
}

std::string input_text(const ZooNetwork& network) {
  return std::string(network.input) + (network.vocabulary > 0 ? " tokens" : "");
}

// One line, and one more for each further document that names the network.
void print_rows(const ZooNetwork& network, const Counts& counts) {
  const auto line = [](const std::string& name, const std::array<std::string, 3>& ours,
                       const std::array<std::string, 4>& theirs) {
    fmt::print("{:<40} {:>6} {:>6} {:>7} {:>6} {:>8} {:>7}  {}\n", name, ours[0], theirs[0],
               ours[1], theirs[1], ours[2], theirs[2], theirs[3]);
  };
  std::string name =
      fmt::format("{:<13} {:<14} {}", network.name, name_of(network.task), input_text(network));
  std::array<std::string, 3> ours = {
      std::to_string(counts.layers),
      fmt::format("{:.2f}", static_cast<double>(counts.parameters) * 1e-6),
      fmt::format("{:.3f}", static_cast<double>(counts.macs) * 1e-9)};
  if (network.documents.empty()) line(name, ours, {});
  for (const DocumentFigures& figures : network.documents) {
    line(std::exchange(name, {}), std::exchange(ours, {}),
         {std::to_string(figures.layers), fmt::format("{}", figures.parameters_m),
          fmt::format("{}", figures.operations_g), std::string(figures.document)});
  }
}

constexpr char kLegend[] =
    "layers: those with weights. doc: the figure of the source document (RPE: device and workload\n"
    "parameters; AGX: accelerators of the AGX Orin), which may count something else:\n"
    "docs/networks.md. --json has more.\n";

Result<int> print_table() {
  fmt::print("{:<40} {:>13} {:>14} {:>16}\n", "", "layers", "parameters (M)", "GMAC");
  fmt::print("{:<13} {:<14} {:<11} {:>6} {:>6} {:>7} {:>6} {:>8} {:>7}\n", "network", "task",
             "input", "ours", "doc", "ours", "doc", "ours", "doc");
  for (const ZooNetwork& network : zoo()) {
    ISOJOULE_TRY(const Counts counts, counts_of(network));
    print_rows(network, counts);
  }
  fmt::print("\n{}\nFamilies, made by name wherever a network is named:\n", kLegend);
  for (const NetworkFamily& family : network_families())
    fmt::print("  {}\n{}{}", family.name, wrapped(family.pattern, 4),
               wrapped(fmt::format("{}; for example {}", family.summary, family.example), 4));
  return kDone;
}

nlohmann::json json_of(const ZooNetwork& network, const Counts& counts) {
  nlohmann::json documents = nlohmann::json::array();
  for (const DocumentFigures& figures : network.documents)
    documents.push_back({{"document", figures.document},
                         {"layers", figures.layers},
                         {"parameters_m", figures.parameters_m},
                         {"operations_g", figures.operations_g}});
  nlohmann::json input = {{"shape", network.input}};
  if (network.vocabulary > 0) {
    input["vocabulary"] = network.vocabulary;
  } else {
    input["mean"] = network.normalisation.mean;
    input["deviation"] = network.normalisation.deviation;
  }
  return {{"name", network.name},
          {"title", network.title},
          {"source", network.source},
          {"task", name_of(network.task)},
          {"input", input},
          {"layers", counts.layers},
          {"parameters", counts.parameters},
          {"macs", counts.macs},
          {"documents", documents}};
}

Result<int> print_json() {
  nlohmann::json networks = nlohmann::json::array();
  for (const ZooNetwork& network : zoo()) {
    ISOJOULE_TRY(const Counts counts, counts_of(network));
    networks.push_back(json_of(network, counts));
  }
  fmt::print("{}\n", networks.dump(2));
  return kDone;
}

Result<int> export_network(const ExportRequest& request) {
  const std::string path = request.path.empty() ? request.name + ".onnx" : request.path;
  ISOJOULE_CHECK(write_zoo_model(request.name, request.options, path));
  fmt::print("{}\n", path);
  return kDone;
}

void add_network_export(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("export", "Write a network as an ONNX file");
  auto request = std::make_shared<ExportRequest>();
  command
      ->add_option("NAME", request->name,
                   "A name of 'isojoule zoo list', or of one of its families")
      ->required();
  command->add_option("-o,--output", request->path, "The file to write (default: NAME.onnx)");
  auto* batch = command->add_option("--batch", request->options.batch, "Inputs in a batch")
                    ->check(CLI::Range(1, 65536));
  command->add_flag("--dynamic-batch", request->options.dynamic_batch, "Leave the batch size open")
      ->excludes(batch);
  command
      ->add_option("--opset", request->options.opset,
                   "ONNX operator set, 10 to 17 (default: 13); OpenCV's DNN wants 10")
      ->check(CLI::Range(10, 17));
  command->add_option("--seed", request->options.seed, "Seed of the weights");
  command->callback(
      [request, &program] { program.action = [request] { return export_network(*request); }; });
}

}  // namespace

void add_zoo(CLI::App& app, Program& program) {
  auto* command =
      app.add_subcommand("zoo", "The studies' networks as ONNX files with seeded weights");
  command->require_subcommand(1);
  auto* list = command->add_subcommand("list", "Size and work of every network, and its figures");
  auto json = std::make_shared<bool>(false);
  list->add_flag("--json", *json, "Print JSON");
  list->callback([json, &program] {
    program.action = [json] { return *json ? print_json() : print_table(); };
  });
  add_network_export(*command, program);
}

}  // namespace isojoule::cli
