#include "cli/until_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/measure_report.h"
#include "report/budget_json.h"
#include "report/table.h"
#include "report/text/budget.h"

namespace isojoule::cli {
namespace {

using nlohmann::json;

const Joined* inference_of(const UntilResult& result) {
  for (const Joined& phase : result.phases)
    if (phase.mean.phase == PhaseKind::inference && phase.mean.gross.value) return &phase;
  return nullptr;
}

Counters counters_of(const UntilResult& result) {
  Counters all;
  for (const Run& run : result.runs) all += run.counters;
  return all;
}

std::string with_interval(const Joined& joined) {
  if (!joined.mean.gross.value) return "absent: " + joined.mean.gross.why_absent;
  return energy_text(*joined.mean.gross.value) + " ± " + energy_text(Joule(joined.expanded_j()));
}

void print_phases(const UntilResult& result) {
  Table table;
  table.add_column("phase, mean of a run", Table::Align::left);
  for (const char* header : {"time", "energy", "k", "runs"}) table.add_column(header);
  for (const Joined& phase : result.phases)
    table.add_row({std::string(name_of(phase.mean.phase)),
                   phase.count > 0 ? time_text(phase.mean.duration) : "",
                   phase.mean.gross.value ? with_interval(phase) : "absent",
                   phase.mean.gross.value ? fmt::format("{:.2f}", phase.coverage_factor()) : "",
                   std::to_string(phase.count)});
  fmt::print("{}\n", table.to_text(0));
}

json joined_json(const Joined& joined) {
  if (!joined.mean.gross.value)
    return {{"energy_j", nullptr}, {"why_absent", joined.mean.gross.why_absent}};
  const MeasuredEnergy& net = joined.mean.net;
  return {{"energy_j", joined.mean.gross.value->value()},
          {"energy_u_j", joined.mean.gross.uncertainty->value()},
          {"expanded_j", joined.expanded_j()},
          {"k", joined.coverage_factor()},
          {"repeats", joined.count},
          {"deviation_j", joined.deviation_j},
          {"net_energy_j", net.value ? json(net.value->value()) : json(nullptr)},
          {"net_energy_u_j", net.uncertainty ? json(net.uncertainty->value()) : json(nullptr)},
          {"budget_j", joined.mean.budget_j}};
}

json phases_json(const UntilResult& result) {
  json phases = json::array();
  for (const Joined& phase : result.phases) {
    json one = joined_json(phase);
    one["phase"] = name_of(phase.mean.phase);
    one["duration_s"] = phase.count > 0 ? json(phase.mean.duration.value()) : json(nullptr);
    phases.push_back(std::move(one));
  }
  return phases;
}

json runs_json(const UntilResult& result) {
  json runs = json::array();
  for (const Run& run : result.runs) {
    const PhaseEnergy* energy = run.energy(PhaseKind::inference);
    const Phase* inference = run.phase(PhaseKind::inference);
    const bool known = energy != nullptr && energy->gross.value;
    runs.push_back({{"inferences", run.inferences},
                    {"duration_s", inference->duration().value()},
                    {"energy_j", known ? json(energy->gross.value->value()) : json(nullptr)},
                    {"counters", json_of_counters(run.counters)}});
  }
  return runs;
}

}  // namespace

void print_until_text(const UntilRequest& request, const UntilResult& result, bool budget) {
  const Run& last = result.last.measured.run;
  fmt::print("{}{}, batch {}, {} inferences a run on {} ({})\n",
             result.last.simulated ? "SIMULATED: " : "", last.network, request.measure.batch,
             result.inferences, result.last.board, result.last.board_title);
  print_notes(result.last.engine, last.notes);
  if (!result.lengthened.empty()) fmt::print("{}", wrapped(result.lengthened, 0));
  fmt::print("\n");
  if (!result.runs.empty()) print_phases(result);
  if (result.energy.mean.gross.value) {
    fmt::print("{}  {} ({:.2f} %, k = {:.2f}, {} runs): {}\n",
               result.is_per_inference ? "per inference" : "per run", with_interval(result.energy),
               result.percent, result.energy.coverage_factor(), result.energy.count,
               result.reached ? fmt::format("{:g} % is reached", request.percent)
                              : fmt::format("{:g} % is not reached", request.percent));
    fmt::print("of it {:.2f} % is common to all runs: no number of them lessens it\n",
               result.floor_percent);
  }
  if (result.throttled > 0) fmt::print("{} runs throttled and are not joined\n", result.throttled);
  if (const Joined* inference = inference_of(result); inference != nullptr && budget)
    fmt::print("\n{}", budget_text(budget_of(*inference), "inference phase",
                                   result.is_per_inference
                                       ? static_cast<double>(result.runs.front().inferences)
                                       : 0));
  print_counters(counters_of(result));
  if (!result.last.caution.empty()) fmt::print("\nattention: {}\n", result.last.caution);
}

void print_until_json(const UntilRequest& request, const UntilResult& result) {
  const Run& last = result.last.measured.run;
  json root = {
      {"board", result.last.board},
      {"simulated", result.last.simulated},
      {"engine", result.last.engine},
      {"network", last.network},
      {"batch", request.measure.batch},
      {"inferences", result.inferences},
      {"notes", last.notes},
      {"until",
       {{"wanted_percent", request.percent},
        {"percent", result.runs.empty() ? json(nullptr) : json(result.percent)},
        {"common_percent", result.runs.empty() ? json(nullptr) : json(result.floor_percent)},
        {"reached", result.reached},
        {"unreachable", result.unreachable},
        {"repeats", result.runs.size()},
        {"throttled", result.throttled},
        {"interrupted", result.interrupted},
        {"lengthened", result.lengthened},
        {"spent_s", result.spent.seconds().value()},
        {"at_most_s", request.at_most.seconds().value()}}},
      {result.is_per_inference ? "per_inference" : "per_run", joined_json(result.energy)},
      {"phases", phases_json(result)},
      {"runs", runs_json(result)},
      {"counters", json_of_counters(counters_of(result))}};
  root["energy_per_inference_j"] = result.is_per_inference && result.energy.mean.gross.value
                                       ? json(result.energy.mean.gross.value->value())
                                       : json(nullptr);
  if (const Joined* inference = inference_of(result))
    root["budget"] = budget_json(budget_of(*inference));
  if (result.failed) root["failure"] = last.failure;
  if (!result.last.caution.empty()) root["caution"] = result.last.caution;
  print_json(root);
}

}  // namespace isojoule::cli
