#include "cli/measure_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/window_text.h"
#include "report/batch_json.h"
#include "report/budget_json.h"
#include "report/table.h"
#include "report/text/budget.h"
#include "report/window_json.h"
#include "trace/layer_energies.h"
#include "trace/visible.h"

namespace isojoule::cli {

std::string time_text(Second time) {
  const double s = time.value();
  if (s < 1e-3) return fmt::format("{:.1f} us", s * 1e6);
  if (s < 1) return fmt::format("{:.2f} ms", s * 1e3);
  return fmt::format("{:.3f} s", s);
}

std::string energy_text(Joule energy) {
  const double j = energy.value();
  if (std::abs(j) < 1) return fmt::format("{:.2f} mJ", j * 1e3);
  return fmt::format("{:.2f} J", j);
}

void print_counters(const Counters& counters) {
  for (const CounterInfo& info : all_counters())
    if (const auto count = counters[info.counter]; count > 0)
      fmt::print("{}: {} x{}: {}. {}\n", name_of(info.severity), info.name, count, info.meaning,
                 info.remedy);
}

// What the engine said of itself: its own line for what runs, then a line for each further word.
// Where its library lies is in the JSON.
void print_notes(const std::string& engine, std::map<std::string, std::string> notes) {
  const auto version = notes.extract("engine");
  std::string line = version ? version.mapped() : engine;
  notes.erase("library");
  for (const char* key :
       {"provider", "graph", "precision", "loading", "threads", "optimisation", "spinning"})
    if (const auto note = notes.extract(key)) line += fmt::format("; {} {}", key, note.mapped());
  fmt::print("engine {}\n", line);
  for (const auto& [key, value] : notes) fmt::print("{}: {}\n", key, value);
}

nlohmann::json json_of_counters(const Counters& counters) {
  nlohmann::json object = nlohmann::json::object();
  for (const CounterInfo& info : all_counters())
    if (counters[info.counter] > 0) object[std::string(info.name)] = counters[info.counter];
  return object;
}

void print_json(const nlohmann::json& root) {
  fmt::print("{}\n", root.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

namespace {

std::string shortened(const std::string& text, std::size_t most) {
  return text.size() <= most ? text : text.substr(0, most - 3) + "...";
}

std::string with_uncertainty(const MeasuredEnergy& energy, double divisor = 1) {
  if (!energy.value) return "absent";
  std::string text = energy_text(*energy.value / divisor);
  if (energy.uncertainty) text += " ± " + energy_text(*energy.uncertainty * 2.0 / divisor);
  return text;
}

void print_phases(const Run& run) {
  fmt::print("{:<22} {:>12} {:>24} {:>24} {:>10}\n", "phase", "time", "energy (k = 2)",
             "net of idle", "power");
  for (const Phase& phase : run.phases) {
    const PhaseEnergy* energy = run.energy(phase.kind);
    const MeasuredEnergy none;
    const MeasuredEnergy& gross = energy == nullptr ? none : energy->gross;
    const MeasuredEnergy& net = energy == nullptr ? none : energy->net;
    fmt::print("{:<22} {:>12} {:>24} {:>24} {:>10}\n", name_of(phase.kind),
               time_text(phase.duration()), with_uncertainty(gross), with_uncertainty(net),
               gross.value && phase.duration() > Second(0)
                   ? fmt::format("{:.2f} W", (*gross.value / phase.duration()).value())
                   : "absent");
  }
}

void print_per_inference(const MeasureRequest& request, const Run& run) {
  const Phase* inference = run.phase(PhaseKind::inference);
  const auto made = inference_count(request, run);
  if (inference == nullptr || !made || inference->duration() <= Second(0)) return;
  const double count = *made;
  const PhaseEnergy* energy = run.energy(PhaseKind::inference);
  const MeasuredEnergy none;
  const MeasuredEnergy& gross = energy == nullptr ? none : energy->gross;
  fmt::print("\n");
  if (!run.batches.empty())
    fmt::print("per batch      {} median, {} p90, {} p99 over {} batches; energy {}\n",
               time_text(*batch_quantile(run, 0.5)), time_text(*batch_quantile(run, 0.9)),
               time_text(*batch_quantile(run, 0.99)), run.batches.size(),
               with_uncertainty(gross, static_cast<double>(run.batches.size())));
  fmt::print("per inference  {}, {:.1f} inferences a second; energy {}\n",
             time_text(inference->duration() / count), count / inference->duration().value(),
             with_uncertainty(gross, count));
}

// In the order of execution; of a long list those that take most.
void print_layers(const Run& run) {
  constexpr std::size_t kMost = 30;
  const LayerEnergies found = layer_energies(run);
  if (found.rows.empty()) return;
  std::vector<const LayerEnergy*> rows;
  for (const LayerEnergy& row : found.rows) rows.push_back(&row);
  const bool cut = rows.size() > kMost;
  if (cut) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto* a, const auto* b) { return a->share > b->share; });
    rows.resize(kMost);
  }
  fmt::print("\n{:<34} {:<16} {:<6} {:>11} {:>7} {:>26}\n", "layer", "operation", "device", "time",
             "share", "energy of a batch (k = 2)");
  double share = 0;
  for (const LayerEnergy* row : rows) {
    share += row->share;
    fmt::print("{:<34} {:<16} {:<6} {:>11} {:>6.1f}% {:>26}\n", shortened(row->layer.name, 34),
               shortened(row->layer.operation, 16), row->layer.device, time_text(row->layer.time),
               row->share * 100, with_uncertainty(row->gross));
  }
  if (cut)
    fmt::print("... and {} more with {:.1f}% of the time; --json has them all\n",
               found.rows.size() - rows.size(), (1 - share) * 100);
  fmt::print(
      "shares of time under the engine's profiler; energy as if power were even{}\n",
      found.profiler_slowdown > 1.1
          ? fmt::format("; the profiler made a batch {:.2f} times as long", found.profiler_slowdown)
          : "");
}

// Phases that the power source cannot see, in the order of the run.
std::vector<TooShort> unseen_phases(const MeasureResult& result) {
  std::vector<TooShort> found;
  const Run& run = result.measured.run;
  const auto resolution = resolution_of(result.measured.trace);
  if (!resolution || run.state == RunState::failed) return found;
  for (const Phase& phase : run.phases)
    if (const auto one = too_short(phase, run.energy(phase.kind), *resolution))
      found.push_back(*one);
  return found;
}

void print_unseen(const MeasureRequest& request, const MeasureResult& result) {
  std::string others;
  for (const TooShort& phase : unseen_phases(result)) {
    if (phase.phase != PhaseKind::inference) {
      others += fmt::format("{}{} {} x {}", others.empty() ? "" : ", ", name_of(phase.phase),
                            time_text(phase.length), phase.repetitions);
      continue;
    }
    const auto count = inference_count(request, result.measured.run);
    fmt::print("too short to see: {}\n",
               words_of(phase, count ? std::llround(*count) : 0, request.batch));
  }
  if (!others.empty())
    fmt::print("{}", wrapped("too short to see, with the times as long that would give " +
                                 fmt::format("{:.0f} %: ", kVisiblePercent) + others,
                             0));
}

nlohmann::json json_of(const TooShort& phase, const MeasureRequest& request,
                       const MeasureResult& result) {
  nlohmann::json object = {{"resolution_s", phase.resolution.time.value()},
                           {"repetitions", phase.repetitions},
                           {"needed_s", phase.needed().value()}};
  const auto count = inference_count(request, result.measured.run);
  const std::int64_t made = count ? std::llround(*count) : 0;
  if (phase.phase == PhaseKind::inference && made > 0)
    object["inferences"] = inferences_needed(phase, made, request.batch);
  object["why"] = words_of(phase, made, request.batch);
  return object;
}

nlohmann::json number_or_null(const std::optional<Joule>& value, double divisor = 1) {
  return value ? nlohmann::json(value->value() / divisor) : nlohmann::json(nullptr);
}

nlohmann::json json_of_phases(const MeasureRequest& request, const MeasureResult& result) {
  const Run& run = result.measured.run;
  const auto unseen = unseen_phases(result);
  nlohmann::json phases = nlohmann::json::array();
  for (const Phase& phase : run.phases) {
    const PhaseEnergy* energy = run.energy(phase.kind);
    const MeasuredEnergy none;
    const MeasuredEnergy& gross = energy == nullptr ? none : energy->gross;
    const MeasuredEnergy& net = energy == nullptr ? none : energy->net;
    phases.push_back({{"phase", name_of(phase.kind)},
                      {"duration_s", phase.duration().value()},
                      {"energy_j", number_or_null(gross.value)},
                      {"energy_u_j", number_or_null(gross.uncertainty)},
                      {"net_energy_j", number_or_null(net.value)},
                      {"net_energy_u_j", number_or_null(net.uncertainty)}});
    if (energy != nullptr && gross.value)
      phases.back()["budget_j"] = energy->budget_j;
    else if (!gross.why_absent.empty())
      phases.back()["why_absent"] = gross.why_absent;
    for (const TooShort& one : unseen)
      if (one.phase == phase.kind) phases.back()["too_short"] = json_of(one, request, result);
  }
  return phases;
}

nlohmann::json json_of_layers(const Run& run) {
  nlohmann::json layers = nlohmann::json::array();
  for (const LayerEnergy& row : layer_energies(run).rows)
    layers.push_back({{"layer", row.layer.name},
                      {"operation", row.layer.operation},
                      {"device", row.layer.device},
                      {"time_s", row.layer.time.value()},
                      {"spread_s", row.layer.spread.value()},
                      {"share", row.share},
                      {"energy_j", number_or_null(row.gross.value)},
                      {"energy_u_j", number_or_null(row.gross.uncertainty)},
                      {"budget_j", row.budget_j}});
  return layers;
}

}  // namespace

void print_text(const MeasureRequest& request, const MeasureResult& result, bool budget) {
  const Run& run = result.measured.run;
  fmt::print("{}{}, batch {}, {} inferences on {} ({})\n", result.simulated ? "SIMULATED: " : "",
             run.network, request.batch, run.inferences, result.board, result.board_title);
  print_notes(result.engine, result.measured.run.notes);
  for (const KnobResult& knob : run.knobs)
    fmt::print("{}: asked {}, got {}\n", key_with_unit(knob.axis), to_string(knob.requested),
               to_string(knob.achieved));
  fmt::print("\n");
  print_phases(run);
  print_per_inference(request, run);
  print_layers(run);
  print_unseen(request, result);
  fmt::print("{}",
             windows_text(result.measured.named, run.windows, run.window_energies, zero_of(run)));
  print_counters(run.counters);
  if (budget && run.state != RunState::failed) fmt::print("\n{}", run_budgets_text(run));
  if (!result.caution.empty()) fmt::print("\nattention: {}\n", result.caution);
  if (!result.why_unmeasured.empty() && run.state != RunState::failed)
    fmt::print("\nenergy absent: {}\n", result.why_unmeasured);
}

namespace {

void add_per_inference(const MeasureRequest& request, const Run& run, nlohmann::json& root) {
  const PhaseEnergy* energy = run.energy(PhaseKind::inference);
  if (energy == nullptr) return;
  const auto count = inference_count(request, run);
  root["energy_per_inference_j"] =
      count ? number_or_null(energy->gross.value, *count) : nlohmann::json(nullptr);
  if (!count)
    root["why_no_energy_per_inference"] =
        "the program says neither batches nor how many inferences it made, and --inferences is not "
        "given";
}

}  // namespace

void print_json(const MeasureRequest& request, const MeasureResult& result,
                const MeasureShows& shows) {
  const Run& run = result.measured.run;
  nlohmann::json batches = nlohmann::json::array();
  for (const BatchMark& batch : run.batches)
    batches.push_back((batch.end - batch.begin).seconds().value());
  nlohmann::json root = {{"board", result.board},
                         {"simulated", result.simulated},
                         {"engine", result.engine},
                         {"network", run.network},
                         {"batch", request.batch},
                         {"inferences", run.inferences},
                         {"state", name_of(run.state)},
                         {"failure", run.failure},
                         {"notes", result.measured.run.notes},
                         {"phases", json_of_phases(request, result)},
                         {"batch_durations_s", batches},
                         {"counters", json_of_counters(run.counters)}};
  if (!run.layers.empty()) root["layers"] = json_of_layers(run);
  if (run.state != RunState::failed)
    add_batches_json(root, run, result.measured.trace, shows.each_batch);
  if (shows.budget && run.state != RunState::failed) root["budgets"] = run_budgets_json(run);
  add_windows_json(root, result.measured.named, run.windows, run.window_energies, zero_of(run));
  if (result.batch_that_fits) root["batch_that_fits"] = *result.batch_that_fits;
  add_per_inference(request, run, root);
  if (!result.why_unmeasured.empty()) root["why_unmeasured"] = result.why_unmeasured;
  if (!result.caution.empty()) root["caution"] = result.caution;
  print_json(root);
}

}  // namespace isojoule::cli
