#include <fmt/format.h>

#include <algorithm>

#include "app/probe.h"
#include "cli/command.h"
#include "cli/target_options.h"
#include "trace/calibration_text.h"

namespace isojoule::cli {
namespace {

struct ProbeArguments {
  TargetOptions target;
  bool json = false;
  bool rules = false;
};

std::string frequency_text(double hertz) {
  if (hertz >= 1e9) return fmt::format("{:.4g} GHz", hertz * 1e-9);
  return fmt::format("{:.5g} MHz", hertz * 1e-6);
}

std::string value_text(const Axis& axis, const Value& value) {
  const auto* number = std::get_if<double>(&value);
  if (number != nullptr && axis.unit == Unit::hertz) return frequency_text(*number);
  return to_string(value);
}

std::string range_text(const ProbedKnob& knob) {
  if (knob.values.empty()) return "no values";
  const bool is_ordered = std::holds_alternative<double>(knob.values.front());
  if (is_ordered && knob.values.size() > 2)
    return fmt::format("{} to {}, {} values", value_text(knob.axis, knob.values.front()),
                       value_text(knob.axis, knob.values.back()), knob.values.size());
  std::string list;
  for (const Value& value : knob.values)
    list += (list.empty() ? "" : " | ") + value_text(knob.axis, value);
  return list;
}

void print_board(const ProbeResult& result) {
  fmt::print("{}{} ({}{}{})\n", result.simulated ? "SIMULATED " : "", result.title, result.board,
             result.variant.empty() ? "" : "/", result.variant);
  if (!result.release.empty() || !result.system.empty())
    fmt::print("  release {}{}{}\n", result.release.empty() ? "not known" : result.release,
               result.system.empty() ? "" : ", ", result.system);
  if (!result.l4t.empty()) fmt::print("  {}\n", result.l4t);
  if (!result.helper.empty()) fmt::print("  through the helper {}\n", result.helper);
}

std::size_t depth_of(const ProbedRail& rail, const std::vector<ProbedRail>& all) {
  std::size_t depth = 0;
  std::string parent = rail.rail.parent;
  while (!parent.empty() && depth < all.size()) {
    ++depth;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const ProbedRail& one) { return one.rail.name == parent; });
    if (found == all.end()) break;
    parent = found->rail.parent;
  }
  return depth;
}

std::string source_text(const ProbedRail& rail) {
  std::string text = rail.sensor;
  if (rail.info.window > Second(0))
    text += fmt::format(", mean of {:.4g} ms", rail.info.window.value() * 1e3);
  if (rail.new_readings_hz)
    text += *rail.new_readings_hz >= 100
                ? fmt::format(", {:.0f} new readings a second", *rail.new_readings_hz)
                : fmt::format(", {:.3g} new readings a second", *rail.new_readings_hz);
  if (rail.quantum > Watt(0)) text += fmt::format(", step {:.3g} mW", rail.quantum.value() * 1e3);
  return text;
}

void print_rails(const ProbeResult& result) {
  fmt::print("\nPower\n");
  if (result.rails.empty()) fmt::print("  no source of power readings\n");
  for (const ProbedRail& rail : result.rails) {
    const std::string name = std::string(2 * depth_of(rail, result.rails), ' ') + rail.rail.name;
    const std::string power =
        rail.power ? fmt::format("{:.3f} W", rail.power->value()) : std::string("absent");
    fmt::print("  {:<22} {:>10}  {}{}\n", name, power, rail.rail.what,
               rail.why_absent.empty() ? "" : " (" + rail.why_absent + ")");
    if (!rail.sensor.empty()) fmt::print("  {:<22} {:>10}  {}\n", "", "", source_text(rail));
    if (rail.info.calibration)
      fmt::print("  {:<22} {:>10}  {}\n", "", "", calibration_text(*rail.info.calibration));
  }
  if (!result.total.empty())
    fmt::print(
        "  total = {}: {}\n", result.total,
        result.total_power ? fmt::format("{:.3f} W", result.total_power->value()) : "absent");
}

void print_knobs(const ProbeResult& result) {
  fmt::print("\nKnobs\n");
  if (result.knobs.empty()) fmt::print("  none\n");
  for (const ProbedKnob& knob : result.knobs) {
    fmt::print("  {:<28} {:>12}  {}{}\n", key_with_unit(knob.axis.name),
               knob.now ? value_text(knob.axis, *knob.now) : "not known", range_text(knob),
               knob.settable ? "" : "  [read only: " + knob.why + "]");
  }
}

void print_state(const ProbeResult& result) {
  if (!result.watches.empty()) {
    fmt::print("\nClocks now\n");
    for (const auto& [name, value] : result.watches)
      fmt::print("  {:<28} {:>12}\n", name,
                 unit_of_axis(name) == Unit::hertz ? frequency_text(value)
                                                   : fmt::format("{:.10g}", value));
  }
  if (!result.temperatures_c.empty()) {
    fmt::print("\nTemperatures\n ");
    for (const auto& [name, celsius] : result.temperatures_c)
      fmt::print(" {} {:.1f} °C ", name, celsius);
    fmt::print("\n");
  }
  if (!result.throttles.empty()) {
    fmt::print("\nThrottling (counters and states)\n ");
    for (const auto& [name, value] : result.throttles) fmt::print(" {} {} ", name, value);
    fmt::print("\n");
  }
}

void print_engines(const ProbeResult& result) {
  fmt::print("\nEngines\n");
  for (const ProbedEngine& engine : result.engines) {
    std::string text = engine.found ? "" : engine.why;
    for (const auto& [key, value] : engine.details)
      text += (text.empty() ? "" : ", ") + key + " " + value;
    fmt::print("  {:<14} {}  {}\n", engine.name, engine.found ? "found  " : "missing", text);
  }
}

void print_problems(const ProbeResult& result) {
  if (!result.quirks.empty()) {
    fmt::print("\nTo know about this board\n");
    for (const auto& quirk : result.quirks) fmt::print("  - {}\n", quirk);
  }
  if (!result.problems.empty()) {
    fmt::print("\nProblems\n");
    for (const Error& problem : result.problems) {
      fmt::print("  - {}\n", problem.what);
      if (!problem.tried.empty()) fmt::print("    tried: {}\n", problem.tried);
      if (!problem.remedy.empty()) fmt::print("    {}\n", problem.remedy);
    }
  }
  if (result.rights.empty()) return;
  fmt::print("\nRights that are missing ({} nodes)\n", result.rights.size());
  for (const MissingRight& right : result.rights)
    fmt::print("  {:<5} {}{}\n", right.access == Access::write ? "write" : "read", right.path,
               right.what_for.empty() ? "" : "  (" + right.what_for + ")");
  fmt::print(
      "  Run as root, start the helper isojouled, or give them to a group: isojoule probe "
      "--rules\n");
}

Result<int> run(const ProbeArguments& arguments) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  ISOJOULE_TRY(const ProbeResult result, probe(paths, arguments.target));
  if (arguments.json) {
    fmt::print("{}", probe_json(result));
    return kDone;
  }
  if (arguments.rules) {
    fmt::print("{}", result.rules.empty() ? "# nothing is missing\n" : result.rules);
    return kDone;
  }
  print_board(result);
  print_rails(result);
  print_knobs(result);
  print_state(result);
  print_engines(result);
  print_problems(result);
  return kDone;
}

}  // namespace

void add_probe(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "probe", "What is here: board, rails, knobs, engines, and every problem with its remedy");
  auto arguments = std::make_shared<ProbeArguments>();
  add_target_options(*command, arguments->target);
  command->add_flag("--json", arguments->json, "Print one JSON object");
  command->add_flag("--rules", arguments->rules,
                    "Print only the udev and tmpfiles rules that give a group the missing rights");
  command->add_flag("--as-user", arguments->target.as_user,
                    "On a twin: with the rights of an ordinary user");
  command->callback(
      [arguments, &program] { program.action = [arguments] { return run(*arguments); }; });
}

}  // namespace isojoule::cli
