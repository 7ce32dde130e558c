#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "app/energy.h"
#include "cli/command.h"

namespace isojoule::cli {
namespace {

struct EnergyArguments {
  EnergyRequest request;
  std::vector<std::string> options, marker_options;
  std::string begin, end, markers_at;
  double shift_s = 0;
  std::optional<double> sensor_window_s, lag_s, offset_w;
  std::int64_t inferences = 0;
  bool json = false, budget = false;
};

// KEY=VALUE; a key that stands twice makes a list.
Status take_options(const std::vector<std::string>& words, ImportOptions& into) {
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(ErrorKind::invalid, "--option '" + word + "' is not KEY=VALUE");
    if (equals + 1 == word.size())
      return fail(ErrorKind::invalid, "--option '" + word + "' has no value",
                  "Leave it out, or say what it is");
    std::string& value = into.options[word.substr(0, equals)];
    value += (value.empty() ? "" : ",") + word.substr(equals + 1);
  }
  return {};
}

Status complete(EnergyArguments& arguments) {
  EnergyRequest& request = arguments.request;
  ISOJOULE_CHECK(take_options(arguments.options, request.import));
  ISOJOULE_CHECK(take_options(arguments.marker_options, request.markers_import));
  if (!arguments.begin.empty()) request.begin = arguments.begin;
  if (!arguments.end.empty()) request.end = arguments.end;
  if (!arguments.markers_at.empty()) request.markers_at = arguments.markers_at;
  request.markers_shift = Second(arguments.shift_s);
  if (arguments.sensor_window_s) request.import.window = Second(*arguments.sensor_window_s);
  if (arguments.lag_s) request.import.lag = Second(*arguments.lag_s);
  if (arguments.offset_w) request.import.offset_uncertainty = Watt(*arguments.offset_w);
  return {};
}

// ---- JSON: standard uncertainties (k = 1), as everywhere ----------------------------------------

nlohmann::json number_or_null(const std::optional<Joule>& value, double divisor = 1) {
  return value ? nlohmann::json(value->value() / divisor) : nlohmann::json(nullptr);
}

nlohmann::json json_of(const RailAnswer& rail, Second duration, double inferences) {
  const MeasuredEnergy& energy = rail.energy.energy;
  const double seconds = duration.value();
  nlohmann::json result = {{"rail", rail.rail},
                           {"energy_j", number_or_null(energy.value)},
                           {"energy_u_j", number_or_null(energy.uncertainty)},
                           {"mean_power_w", number_or_null(energy.value, seconds)},
                           {"mean_power_u_w", number_or_null(energy.uncertainty, seconds)},
                           {"budget_j", rail.energy.budget_j}};
  if (!energy.value) result["why_absent"] = energy.why_absent;
  if (inferences > 0) {
    result["energy_per_inference_j"] = number_or_null(energy.value, inferences);
    result["energy_per_inference_u_j"] = number_or_null(energy.uncertainty, inferences);
  }
  return result;
}

nlohmann::json json_of(const WindowResult& window, double inferences) {
  nlohmann::json rails = nlohmann::json::array();
  for (const RailAnswer& rail : window.rails)
    rails.push_back(json_of(rail, window.duration, inferences));
  return {{"window", window.name.empty() ? nlohmann::json(nullptr) : nlohmann::json(window.name)},
          {"begin", window.begin_text},
          {"end", window.end_text},
          {"duration_s", window.duration.value()},
          {"rails", std::move(rails)}};
}

void print_json(const EnergyArguments& arguments, const EnergyResult& result) {
  const auto each = static_cast<double>(arguments.inferences);
  nlohmann::json windows = nlohmann::json::array(), counters = nlohmann::json::object();
  for (const WindowResult& window : result.windows) windows.push_back(json_of(window, each));
  for (const CounterInfo& info : all_counters())
    if (const auto count = result.counters[info.counter]; count > 0) counters[info.name] = count;
  nlohmann::json root = {{"energy_j", nullptr}, {"energy_u_j", nullptr}, {"mean_power_w", nullptr}};
  // The one window, or all together; of the asked rail.
  const bool is_one = result.windows.size() == 1;
  if (is_one || result.all) {
    const WindowResult& main = is_one ? result.windows.front() : *result.all;
    root = json_of(main.rails.front(), main.duration,
                   each * static_cast<double>(result.windows.size()));
    nlohmann::json of_window = json_of(main, each);
    of_window.erase("rails");
    root.update(of_window);
  } else {
    root["why_absent"] = result.why_not_all;
  }
  if (!result.layers.empty()) {
    nlohmann::json layers = nlohmann::json::array();
    const double divisor =
        each > 0 ? each * static_cast<double>(result.windows.size()) : 1;  // an inference's, or all
    for (const LayerPart& layer : result.layers)
      layers.push_back({{"layer", layer.layer},
                        {"share", layer.share},
                        {"energy_j", layer.energy.value() / divisor},
                        {"energy_u_j", layer.uncertainty.value() / divisor}});
    root["layers"] = std::move(layers);
  }
  root["trace"] = arguments.request.trace;
  root["format"] = result.format;
  root["readings"] = result.readings;
  root["counters"] = std::move(counters);
  root["notes"] = result.notes;
  root["windows"] = std::move(windows);
  fmt::print("{}\n", root.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

// ---- text: expanded uncertainties (k = 2) -------------------------------------------------------

std::string energy_text(Joule energy) {
  const double j = energy.value();
  if (std::abs(j) < 1e-3) return fmt::format("{:.3f} uJ", j * 1e6);
  if (std::abs(j) < 1) return fmt::format("{:.3f} mJ", j * 1e3);
  if (std::abs(j) < 1e5) return fmt::format("{:.3f} J", j);
  return fmt::format("{:.3f} kJ", j * 1e-3);
}

std::string with_uncertainty(const MeasuredEnergy& energy, double divisor = 1) {
  if (!energy.value) return "absent";
  std::string text = energy_text(*energy.value / divisor);
  if (energy.uncertainty) text += " ± " + energy_text(*energy.uncertainty * 2.0 / divisor);
  return text;
}

void print_window(const EnergyArguments& arguments, const WindowResult& window, double inferences) {
  for (const RailAnswer& rail : window.rails) {
    const MeasuredEnergy& energy = rail.energy.energy;
    fmt::print("{:<20} {:<18} {:>12.3f} s {:>28} {:>12}\n", window.name, rail.rail,
               window.duration.value(), with_uncertainty(energy),
               energy.value ? fmt::format("{:.4f} W", (*energy.value / window.duration).value())
                            : "absent");
    if (!energy.value) fmt::print("{:<20} {}\n", "", energy.why_absent);
    if (inferences > 0 && energy.value)
      fmt::print("{:<20} per inference: {}\n", "", with_uncertainty(energy, inferences));
    if (arguments.budget)
      for (const auto& [cause, joules] : rail.energy.budget_j)
        fmt::print("{:<20} {:<18} {:>14} {:>28}\n", "", cause, "", energy_text(Joule(2 * joules)));
  }
}

void print_text(const EnergyArguments& arguments, const EnergyResult& result) {
  fmt::print("{}: {}, {}, {} readings\n", arguments.request.trace, result.format, result.sensor,
             result.readings);
  if (result.windows.size() == 1)
    fmt::print("from {} to {}\n", result.windows.front().begin_text,
               result.windows.front().end_text);
  fmt::print("{:<20} {:<18} {:>14} {:>28} {:>12}\n", "window", "rail", "time", "energy (k = 2)",
             "mean power");
  const auto each = static_cast<double>(arguments.inferences);
  for (const WindowResult& window : result.windows) print_window(arguments, window, each);
  if (result.all)
    print_window(arguments, *result.all, each * static_cast<double>(result.windows.size()));
  else if (!result.why_not_all.empty())
    fmt::print("{}\n", result.why_not_all);
  if (!result.layers.empty()) {
    const double divisor = each > 0 ? each * static_cast<double>(result.windows.size()) : 1;
    fmt::print("\n{:<50} {:>8} {:>28}\n", "layer", "share",
               each > 0 ? "an inference's (k = 2)" : "energy (k = 2)");
    for (const LayerPart& layer : result.layers)
      fmt::print("{:<50.50} {:>7.2f}% {:>28}\n", layer.layer, layer.share * 100,
                 with_uncertainty({layer.energy, layer.uncertainty, {}}, divisor));
    fmt::print("shares of time; energy as if power were even\n");
  }
  for (const CounterInfo& info : all_counters())
    if (const auto count = result.counters[info.counter]; count > 0)
      fmt::print("{}: {} x{}: {}. {}\n", name_of(info.severity), info.name, count, info.meaning,
                 info.remedy);
  for (const std::string& note : result.notes) fmt::print("note: {}\n", note);
}

Result<int> run_energy(EnergyArguments& arguments) {
  ISOJOULE_CHECK(complete(arguments));
  ISOJOULE_TRY(const EnergyResult result, energy_of(arguments.request));
  arguments.json ? print_json(arguments, result) : print_text(arguments, result);
  for (const WindowResult& window : result.windows)
    if (!window.rails.front().energy.energy.value) return kUnmeasured;
  return kDone;
}

// An empty word, as of a shell's variable that is not set, must not mean "all there is".
CLI::Validator not_empty() {
  return CLI::Validator(
      [](const std::string& word) { return std::string(word.empty() ? "is empty" : ""); }, "");
}

void add_trace(CLI::App& command, EnergyArguments& arguments) {
  EnergyRequest& request = arguments.request;
  command.add_option("--trace", request.trace, "The log")->required();
  command
      .add_option("--format", request.import.format,
                  "See 'isojoule list imports'; else as the log looks")
      ->check(not_empty());
  command.add_option("--option", arguments.options,
                     "KEY=VALUE of the format; see docs/import.md; can be given several times");
  command
      .add_option("--begin", arguments.begin,
                  "Time as the trace writes it, or +SECONDS after its first reading")
      ->check(not_empty());
  command.add_option("--end", arguments.end, "The same")->check(not_empty());
  command
      .add_option("--window", request.window,
                  "A window by name; * and ? stand for any. Without it: all windows")
      ->check(not_empty());
}

void add_markers(CLI::App& command, EnergyArguments& arguments) {
  EnergyRequest& request = arguments.request;
  command.add_option("--markers", request.markers, "A file that names the windows")
      ->check(not_empty());
  command.add_option("--markers-format", request.markers_import.format, "Its format")
      ->check(not_empty());
  command.add_option("--markers-option", arguments.marker_options, "KEY=VALUE of its format");
  command
      .add_option("--markers-at", arguments.markers_at,
                  "Where the markers' own zero lies, as the trace writes times")
      ->check(not_empty());
  command.add_option("--markers-shift", arguments.shift_s, "Seconds to add to the markers' times");
  command.add_flag("--whole", request.whole, "The whole trace, whatever windows there are");
  command.add_option("--rail", request.rail, "One rail, or 'total'")->check(not_empty());
  command.add_option("--inferences", arguments.inferences, "Inferences in each window")
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  command
      .add_option("--layers", request.layers,
                  "trtexec's --exportProfile: divides the energy among the layers")
      ->check(not_empty());
}

void add_meter(CLI::App& command, EnergyArguments& arguments) {
  EnergyRequest& request = arguments.request;
  command
      .add_option("--sensor-window", arguments.sensor_window_s,
                  "Time that the meter averages over, s; 0: it reads instants")
      ->check(CLI::NonNegativeNumber);
  command.add_option("--lag", arguments.lag_s, "Delay of the readings, s");
  command
      .add_option("--gain-uncertainty", request.import.gain_uncertainty,
                  "Of the meter, relative, k = 1")
      ->check(CLI::NonNegativeNumber);
  command.add_option("--offset-uncertainty", arguments.offset_w, "Of the meter, W, k = 1")
      ->check(CLI::NonNegativeNumber);
}

}  // namespace

void add_energy(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "energy", "Energy of windows of a log that another program or meter wrote");
  auto arguments = std::make_shared<EnergyArguments>();
  add_trace(*command, *arguments);
  add_markers(*command, *arguments);
  add_meter(*command, *arguments);
  command->add_flag("--budget", arguments->budget, "Print what the uncertainty is made of");
  command->add_flag("--json", arguments->json, "Print JSON (uncertainties with k = 1)");
  command->callback(
      [arguments, &program] { program.action = [arguments] { return run_energy(*arguments); }; });
}

}  // namespace isojoule::cli
