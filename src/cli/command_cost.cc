#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/paths.h"
#include "cli/command.h"
#include "cost/cost.h"
#include "workload/zoo.h"

namespace isojoule::cli {
namespace {

struct CostRequest {
  std::string model;
  std::int64_t batch = 1;
  bool json = false;
};

nlohmann::json json_of(const LayerCost& layer) {
  return {{"name", layer.name},
          {"operation", layer.operation},
          {"known", layer.known},
          {"macs", layer.macs},
          {"other_operations", layer.other_ops},
          {"parameters", layer.parameters},
          {"bytes_read", layer.bytes_read + layer.bytes_weights},
          {"bytes_written", layer.bytes_written},
          {"output_shape", layer.output_shape}};
}

void print_json(const NetworkCost& cost) {
  nlohmann::json layers = nlohmann::json::array();
  for (const LayerCost& layer : cost.layers) layers.push_back(json_of(layer));
  const nlohmann::json total = {{"macs", cost.macs()},
                                {"flops", 2 * cost.macs() + cost.other_ops()},
                                {"parameters", cost.parameters()},
                                {"bytes_read", cost.bytes_read() + cost.bytes_weights()},
                                {"bytes_written", cost.bytes_written()}};
  fmt::print("{}\n",
             nlohmann::json{
                 {"model", cost.name}, {"batch", cost.batch}, {"layers", layers}, {"total", total}}
                 .dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

void print_row(const std::string& name, const std::string& operation, const std::string& shape,
               std::int64_t macs, std::int64_t parameters, std::int64_t bytes) {
  fmt::print("{:<28.28} {:<20.20} {:<16} {:>12.3f} {:>12} {:>10.3f}\n", name, operation, shape,
             static_cast<double>(macs) * 1e-6, parameters, static_cast<double>(bytes) * 1e-6);
}

void print_table(const NetworkCost& cost) {
  fmt::print("{}, batch {}\n{:<28} {:<20} {:<16} {:>12} {:>12} {:>10}\n", cost.name, cost.batch,
             "layer", "operation", "output", "MACs (M)", "parameters", "MB moved");
  std::int64_t unknown = 0;
  for (const LayerCost& layer : cost.layers) {
    unknown += layer.known ? 0 : 1;
    print_row(layer.name, layer.operation + (layer.known ? "" : " (unknown)"),
              shape_text(layer.output_shape), layer.macs, layer.parameters,
              layer.bytes_read + layer.bytes_weights + layer.bytes_written);
  }
  print_row("total", "", "", cost.macs(), cost.parameters(),
            cost.bytes_read() + cost.bytes_weights() + cost.bytes_written());
  if (unknown > 0)
    fmt::print(
        "{} layer(s) with an operator that is not counted: the total lacks their operations\n",
        unknown);
}

Result<int> run_cost(const CostRequest& request) {
  NetworkCost cost;
  if (in_zoo(request.model)) {
    ZooOptions options;
    options.dynamic_batch = true;
    options.weights = false;
    ISOJOULE_TRY(const std::string bytes, zoo_model(request.model, options));
    ISOJOULE_TRY(cost, network_cost_of_bytes(bytes, request.batch, request.model));
  } else {
    ISOJOULE_TRY(const Paths paths, find_paths());
    ISOJOULE_TRY(const std::string path, resolve_network(request.model, paths.cache));
    ISOJOULE_TRY(cost, network_cost(path, request.batch));
  }
  request.json ? print_json(cost) : print_table(cost);
  return kDone;
}

}  // namespace

void add_cost(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "cost", "Multiply-accumulates, bytes and parameters of a network, by layer");
  auto request = std::make_shared<CostRequest>();
  command->add_option("MODEL", request->model, "An ONNX file, or a name of 'isojoule zoo list'")
      ->required();
  command->add_option("--batch", request->batch, "Inputs in a batch")->check(CLI::Range(1, 65536));
  command->add_flag("--json", request->json, "Print JSON");
  command->callback(
      [request, &program] { program.action = [request] { return run_cost(*request); }; });
}

}  // namespace isojoule::cli
