#include "cli/fit_report.h"

#include <fmt/format.h>

#include "report/table.h"

namespace isojoule::cli {
namespace {

std::string percent(const std::optional<double>& value) {
  return value ? fmt::format("{:.1f} %", *value) : "";
}

// Errors of single layers have columns only where there are some.
std::string validation_table(const EnergyModel& model) {
  Table table;
  table.add_column("predictor", Table::Align::left);
  for (const char* header : {"energy", "time", "layer energy", "layer time", "in 90 %"})
    table.add_column(header);
  table.add_column("", Table::Align::left);
  for (const Validation& one : model.validations) {
    std::string said = one.chosen ? "chosen" : "";
    if (!one.why_not.empty()) said = "not fitted: " + one.why_not;
    if (one.kind == "nested")
      said = fmt::format("choice included; {} groups, {} observations", one.groups, one.runs);
    table.add_row({one.kind, percent(one.energy_mape_percent), percent(one.time_mape_percent),
                   percent(one.layer_energy_mape_percent), percent(one.layer_time_mape_percent),
                   percent(one.coverage_percent), said});
  }
  return table.to_text();
}

std::string parameter_table(const EnergyModel& model) {
  Table table;
  table.add_column("parameter", Table::Align::left);
  table.add_column("value");
  table.add_column("unit", Table::Align::left);
  table.add_column("90 % interval", Table::Align::left);
  table.add_column("", Table::Align::left);
  for (const Parameter& one : model.predictor->parameters()) {
    const std::string interval =
        one.low && one.high ? fmt::format("{:.4g} to {:.4g}", *one.low, *one.high) : "none";
    // What the runs cannot hold has no value, and its note says why.
    const bool absent = one.value == 0 && !one.low && !one.note.empty();
    table.add_row({one.name, absent ? "-" : fmt::format("{:.4g}", one.value), one.unit, interval,
                   one.note.empty() ? one.meaning : one.meaning + " (" + one.note + ")"});
  }
  return table.to_text();
}

std::string range_text(const EnergyModel& model) {
  std::string text;
  for (const auto& [name, range] : model.ranges) {
    const bool hertz = unit_of_axis(name) == Unit::hertz;
    const double factor = hertz ? 1e-6 : 1;
    text += fmt::format("{}{} {:.6g} to {:.6g}{}", text.empty() ? "  measured at " : ", ", name,
                        range.first * factor, range.second * factor, hertz ? " MHz" : "");
  }
  return text.empty() ? "" : text + "\n";
}

std::string model_text(const EnergyModel& model) {
  std::string text =
      fmt::format("\n{}: {} observations, predictor {}\n",
                  model.job.values().empty() ? "The engine's own settings" : to_string(model.job),
                  model.runs, model.predictor->kind());
  text += range_text(model);
  if (!model.validations.empty())
    text += "  Mean absolute error on groups that were left out:\n" + validation_table(model);
  if (!model.why_no_interval.empty())
    text += fmt::format("  No interval can be stated: {}\n", model.why_no_interval);
  text += parameter_table(model);
  if (model.additivity)
    text += fmt::format(
        "  Additivity: sequences of layers cost {:.3f} of the sum of their layers (median of {}, "
        "90 %: {:.3f} to {:.3f}; mean distance {:.1f} %)\n",
        model.additivity->median_ratio, model.additivity->sequences, model.additivity->low,
        model.additivity->high, model.additivity->mean_absolute_percent);
  return text;
}

// Networks one by one, single layers together.
std::string tested_text(const FitResult& result) {
  if (result.tested.empty()) return "";
  Table table;
  table.add_column("not learnt from", Table::Align::left);
  for (const char* header : {"observations", "energy", "bias", "time", "in 90 %"})
    table.add_column(header);
  TestedNetwork means[2];  // of networks, of layers
  std::int64_t counts[2] = {0, 0};
  const auto add = [&table](const std::string& name, const TestedNetwork& one, double count) {
    table.add_row({name, std::to_string(one.observations), percent(one.energy_mape_percent / count),
                   fmt::format("{:+.1f} %", one.energy_bias_percent / count),
                   one.time_mape_percent ? percent(*one.time_mape_percent / count) : "",
                   one.with_interval > 0 ? percent(100.0 * static_cast<double>(one.covered) /
                                                   static_cast<double>(one.with_interval))
                                         : "none"});
  };
  for (const TestedNetwork& one : result.tested) {
    if (!one.single_layer) add(one.network, one, 1);
    TestedNetwork& mean = means[one.single_layer ? 1 : 0];
    counts[one.single_layer ? 1 : 0] += 1;
    mean.observations += one.observations;
    mean.with_interval += one.with_interval;
    mean.covered += one.covered;
    mean.energy_mape_percent += one.energy_mape_percent;
    mean.energy_bias_percent += one.energy_bias_percent;
    if (one.time_mape_percent)
      mean.time_mape_percent = mean.time_mape_percent.value_or(0) + *one.time_mape_percent;
  }
  for (const int i : {0, 1})
    if (counts[i] > 0)
      add(fmt::format("mean of {} {}", counts[i], i == 0 ? "networks" : "single layers"), means[i],
          static_cast<double>(counts[i]));
  return "\nMean absolute error on other studies:\n" + table.to_text();
}

}  // namespace

std::string fit_text(const FitResult& result) {
  const ObservationSet& seen = result.observations;
  std::string text = result.file.simulated ? "SIMULATED: a twin's energies, not a board's\n" : "";
  text += fmt::format("{}: {} of {} runs used\n",
                      result.file.board.empty() ? "A board that is not named" : result.file.board,
                      seen.used, seen.rows);
  for (const LeftOutRows& one : seen.left_out)
    text += fmt::format("  left out: {} ({}; first: {})\n", one.count, one.why, one.first);
  for (const EnergyModel& model : result.file.models) text += model_text(model);
  text += tested_text(result);
  for (const std::string& note : result.notes) text += fmt::format("note: {}\n", note);
  return text + fmt::format("written: {}\n", result.path);
}

}  // namespace isojoule::cli
