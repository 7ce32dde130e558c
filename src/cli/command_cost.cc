#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/paths.h"
#include "cli/command.h"
#include "cost/cost.h"
#include "workload/zoo.h"

namespace isojoule::cli {
namespace {

struct CostRequest {
  std::string model;
  std::optional<std::int64_t> batch;
  std::vector<std::string> shapes;
  std::string sort = "order";
  std::optional<std::size_t> top;
  bool json = false, csv = false;
};

using Optional = std::optional<std::int64_t>;

// What a row shows: a layer, or the whole. Absent: not known.
struct Figures {
  Optional macs, other, flops;
  std::int64_t parameters = 0, read = 0, written = 0;
  std::optional<double> intensity() const {
    if (!flops || read + written == 0) return {};
    return static_cast<double>(*flops) / static_cast<double>(read + written);
  }
};

Figures figures_of(const LayerCost& layer) {
  Figures figures;
  if (layer.known) {
    figures.macs = layer.macs;
    figures.other = layer.other_ops;
    figures.flops = flops(layer);
  }
  figures.parameters = layer.parameters;
  figures.read = layer.bytes_read + layer.bytes_weights;
  figures.written = layer.bytes_written;
  return figures;
}

// Without what is not known: the caller says so.
Figures total_of(const NetworkCost& cost) {
  return {cost.macs(),
          cost.other_ops(),
          cost.flops(),
          cost.parameters(),
          cost.bytes_read() + cost.bytes_weights(),
          cost.bytes_written()};
}

// "scalar": no axes. Empty: not known.
std::string shape_text(const LayerCost& layer) {
  if (!layer.output_shape_known) return "";
  if (layer.output_shape.empty()) return "scalar";
  std::string text;
  for (const std::int64_t size : layer.output_shape)
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

// ---- JSON ---------------------------------------------------------------------------------------

template <typename T>
nlohmann::json or_null(const std::optional<T>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

nlohmann::json json_of(const Figures& figures) {
  return {{"macs", or_null(figures.macs)},
          {"other_operations", or_null(figures.other)},
          {"flops", or_null(figures.flops)},
          {"parameters", figures.parameters},
          {"bytes_read", figures.read},
          {"bytes_written", figures.written},
          {"intensity_flop_per_byte", or_null(figures.intensity())}};
}

nlohmann::json json_of(const LayerCost& layer) {
  nlohmann::json json = json_of(figures_of(layer));
  json["name"] = layer.name;
  json["operation"] = layer.operation;
  json["known"] = layer.known;
  json["output_shape"] =
      layer.output_shape_known ? nlohmann::json(layer.output_shape) : nlohmann::json(nullptr);
  if (!layer.known) json["why_unknown"] = layer.why_unknown;
  return json;
}

void print_json(const NetworkCost& cost, const std::vector<const LayerCost*>& rows) {
  nlohmann::json layers = nlohmann::json::array();
  for (const LayerCost* layer : rows) layers.push_back(json_of(*layer));
  nlohmann::json total = json_of(total_of(cost));
  total["lacks_operations_of"] = cost.unknown_operations();
  fmt::print("{}\n", nlohmann::json{{"model", cost.name},
                                    {"batch", cost.batch},
                                    {"layers", layers},
                                    {"total", total},
                                    {"notes", cost.notes}}
                         .dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

// ---- CSV ----------------------------------------------------------------------------------------

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + '"';
}

template <typename T>
std::string or_empty(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : std::string();
}

void print_csv(const std::vector<const LayerCost*>& rows) {
  fmt::print(
      "layer,operation,output_shape,macs,other_operations,flops,parameters,bytes_read,"
      "bytes_written,intensity_flop_per_byte\n");
  for (const LayerCost* layer : rows) {
    const Figures f = figures_of(*layer);
    fmt::print("{},{},{},{},{},{},{},{},{},{}\n", quoted(layer->name), quoted(layer->operation),
               shape_text(*layer), or_empty(f.macs), or_empty(f.other), or_empty(f.flops),
               f.parameters, f.read, f.written, or_empty(f.intensity()));
  }
}

// ---- the table: 100 columns ---------------------------------------------------------------------

// Four digits and a unit: 1.814G, 512, 25.56M.
std::string short_number(double value) {
  constexpr const char* kUnits[] = {"", "k", "M", "G", "T", "P", "E"};
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  if (unit == 0) return fmt::format("{:.0f}", value);
  const int digits = value < 9.9995 ? 3 : value < 99.995 ? 2 : 1;
  return fmt::format("{:.{}f}{}", value, digits, kUnits[unit]);
}

std::string short_or_unknown(const Optional& value) {
  return value ? short_number(static_cast<double>(*value)) : "?";
}

// The end of a long name tells more than its beginning.
std::string cut(const std::string& text, std::size_t width) {
  return text.size() <= width ? text : "~" + text.substr(text.size() - width + 1);
}

void print_row(const std::string& name, const std::string& operation, const std::string& shape,
               const Figures& f, std::int64_t all_macs) {
  const auto megabytes = [](std::int64_t bytes) { return static_cast<double>(bytes) * 1e-6; };
  const auto intensity = f.intensity();
  const std::string share = !f.macs ? "?"
                            : all_macs == 0
                                ? "-"
                                : fmt::format("{:.1f}", 100 * static_cast<double>(*f.macs) /
                                                            static_cast<double>(all_macs));
  fmt::print("{:<20} {:<14} {:<15} {:>6} {:>6} {:>6} {:>7.2f} {:>7.2f} {:>5} {:>5}\n",
             cut(name, 20), cut(operation, 14), cut(shape, 15), short_or_unknown(f.macs),
             short_or_unknown(f.other), short_number(static_cast<double>(f.parameters)),
             megabytes(f.read), megabytes(f.written),
             intensity ? fmt::format("{:.{}f}", *intensity, *intensity < 99.95 ? 1 : 0)
                       : (f.flops ? "-" : "?"),
             share);
}

void print_table(const NetworkCost& cost, const std::vector<const LayerCost*>& rows) {
  fmt::print("{}, batch {}\n", cost.name, cost.batch);
  fmt::print("{:<20} {:<14} {:<15} {:>6} {:>6} {:>6} {:>7} {:>7} {:>5} {:>5}\n", "layer",
             "operation", "output", "MACs", "other", "param.", "MB in", "MB out", "FLOP", "MACs");
  fmt::print("{:>94} {:>5}\n", "/byte", "%");
  const std::int64_t all_macs = cost.macs();
  for (const LayerCost* layer : rows)
    print_row(layer->name, layer->operation, layer->output_shape_known ? shape_text(*layer) : "?",
              figures_of(*layer), all_macs);
  if (rows.size() < cost.layers.size())
    fmt::print("... and {} more layer(s)\n", cost.layers.size() - rows.size());
  print_row("total", "", "", total_of(cost), all_macs);
  fmt::print("total: {} MACs, {} other operations, {} FLOP (2 x MACs + other), {} parameters\n",
             cost.macs(), cost.other_ops(), cost.flops(), cost.parameters());
  for (const LayerCost& layer : cost.layers)
    if (!layer.known)
      fmt::print("unknown: layer '{}' ({}): {}\n", layer.name, layer.operation, layer.why_unknown);
  if (const auto unknown = cost.unknown_operations(); !unknown.empty())
    fmt::print("The total lacks the operations of: {}\n", fmt::join(unknown, ", "));
  for (const std::string& note : cost.notes) fmt::print("note: {}\n", note);
}

// ---- the command --------------------------------------------------------------------------------

// Unknown ones first where they could be the largest.
std::vector<const LayerCost*> chosen(const NetworkCost& cost, const CostRequest& request) {
  std::vector<const LayerCost*> rows;
  for (const LayerCost& layer : cost.layers) rows.push_back(&layer);
  const auto key = [&](const LayerCost* layer) {
    const Figures f = figures_of(*layer);
    if (request.sort == "bytes") return f.read + f.written;
    return f.macs ? *f.macs : std::numeric_limits<std::int64_t>::max();
  };
  if (request.sort != "order")
    std::stable_sort(rows.begin(), rows.end(),
                     [&](const auto* a, const auto* b) { return key(a) > key(b); });
  if (request.top && *request.top < rows.size()) rows.resize(*request.top);
  return rows;
}

Result<NetworkCost> cost_of_request(const CostRequest& request) {
  CostOptions options;
  options.batch = request.batch;
  for (const std::string& shape : request.shapes)
    ISOJOULE_CHECK(parse_shape_option(shape, options));
  if (!in_zoo(request.model)) {
    ISOJOULE_TRY(const Paths paths, find_paths());
    ISOJOULE_TRY(const std::string path, resolve_network(request.model, paths.cache));
    return network_cost(path, options);
  }
  ZooOptions zoo;
  zoo.dynamic_batch = true;
  zoo.weights = false;
  ISOJOULE_TRY(const std::string bytes, zoo_model(request.model, zoo));
  return network_cost_of_bytes(bytes, options, request.model);
}

Result<int> run_cost(const CostRequest& request) {
  ISOJOULE_TRY(const NetworkCost cost, cost_of_request(request));
  const auto rows = chosen(cost, request);
  if (request.json)
    print_json(cost, rows);
  else if (request.csv)
    print_csv(rows);
  else
    print_table(cost, rows);
  return kDone;
}

}  // namespace

void add_cost(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "cost", "Multiply-accumulates, bytes and parameters of a network, by layer");
  auto request = std::make_shared<CostRequest>();
  command->add_option("MODEL", request->model, "An ONNX file, or a name of 'isojoule zoo list'")
      ->required();
  command->add_option("--batch", request->batch, "Inputs in a batch (1)")
      ->check(CLI::Range(1, 65536));
  command
      ->add_option("--shape", request->shapes,
                   "Sizes of an input (input=1x3x224x224) or of a named axis (seq=128); repeatable")
      ->type_name("NAME=SIZES")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  command->add_option("--sort", request->sort, "Layers by macs, by bytes, or in order")
      ->check(CLI::IsMember({"macs", "bytes", "order"}));
  command->add_option("--top", request->top, "Only the first N layers; totals are of all")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));
  auto* json = command->add_flag("--json", request->json, "Print JSON");
  command->add_flag("--csv", request->csv, "Print CSV, one row a layer")->excludes(json);
  command->callback(
      [request, &program] { program.action = [request] { return run_cost(*request); }; });
}

}  // namespace isojoule::cli
