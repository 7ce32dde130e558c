#include "app/predict/predict_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "report/table.h"
#include "report/text/format.h"

namespace isojoule {
namespace {

constexpr std::size_t kTitle = 10;  // columns of the titles at the left

std::string titled(std::string_view title, const std::string& text) {
  std::string block = wrapped(text, kTitle, 100);
  block.replace(0, title.size(), title);
  return block;
}

const Validation* validation_of(const EnergyModel& model) {
  const Validation* chosen = nullptr;
  for (const Validation& one : model.validations) {
    if (one.kind == "nested") return &one;  // the choice included
    if (one.chosen) chosen = &one;
  }
  return chosen;
}

// Of whole networks; where none were measured, of single layers.
std::string error_text(const EnergyModel& model, const Validation& one) {
  const bool of_layers = !one.energy_mape_percent;
  const auto& energy = of_layers ? one.layer_energy_mape_percent : one.energy_mape_percent;
  const auto& time = of_layers ? one.layer_time_mape_percent : one.time_mape_percent;
  if (!energy) return {};
  std::string text = fmt::format(". Error on {} groups of {} that it had not seen: energy {:.1f} %",
                                 of_layers ? one.groups : model.network_groups,
                                 of_layers ? "layers" : "networks", *energy);
  if (time) text += fmt::format(", time {:.1f} %", *time);
  if (one.coverage_percent)
    text += fmt::format("; its 90 % intervals held {:.0f} %", *one.coverage_percent);
  return text;
}

// "study layers: 3650 runs, plan 0123...", "table runs.csv: 0123..." without the hash.
std::string source_name(const std::string& source) {
  if (source.starts_with("table ")) return source.substr(0, source.rfind(": "));
  return source.substr(0, source.find(", plan "));
}

std::string sources_text(const std::vector<std::string>& sources) {
  std::vector<std::string> names;
  for (const std::string& source : sources) names.push_back(source_name(source));
  return join(names, " and ");
}

std::string model_line(const PredictAnswer& answer) {
  const EnergyModel& model = *answer.used;
  std::string text = fmt::format("{}, fitted on {} runs", model.predictor->kind(),
                                 text_report::grouped(model.runs));
  if (!answer.model.file->sources.empty())
    text += " of " + sources_text(answer.model.file->sources);
  if (!model.job.values().empty()) text += "; job " + to_string(model.job);
  if (const Validation* validation = validation_of(model)) text += error_text(model, *validation);
  if (!model.why_no_interval.empty()) text += ". No interval: " + model.why_no_interval;
  return text;
}

std::string at_line(const PredictAnswer& answer) {
  std::string text = to_string(answer.place.point);
  if (text.empty()) return "any clocks: the model was fitted without them";
  if (answer.place.highest) text += " (the highest; --setting gpu_frequency=... for others)";
  return text;
}

std::string work_line(const NetworkAnswer& network) {
  return fmt::format("{}, {}, {} layers", amount_text(network.macs / network.inferences(), "MAC"),
                     amount_text(network.parameters, " parameters"), network.layers.size());
}

std::string with_interval(double value, const Interval& interval, const char* unit) {
  return fmt::format("{:<10} (90 %: {})", amount_text(value, unit), interval_text(interval, unit));
}

Interval divided(const Interval& interval, double by) {
  return {interval.low / by, interval.high / by};
}

std::string totals_text(const NetworkAnswer& network) {
  const double each = network.inferences();
  const PredictedBatch& total = network.total;
  std::string text =
      titled("Energy", with_interval(total.energy_j / each, divided(total.energy_90, each), "J") +
                           " an inference");
  if (network.batch > 1)
    text += titled("", with_interval(total.energy_j, total.energy_90, "J") +
                           fmt::format(" a batch of {}", network.batch));
  if (!total.time_s) return text + titled("Time", "not known: the model was fitted without times");
  const Interval time = total.time_90.value_or(Interval{0, INFINITY});
  text += titled("Time",
                 with_interval(*total.time_s / each, divided(time, each), "s") + " an inference");
  if (network.batch > 1)
    text += titled(
        "", with_interval(*total.time_s, time, "s") + fmt::format(" a batch of {}", network.batch));
  if (const auto power = total.power_w())
    text += titled("Power", amount_text(*power, "W") + " mean, the whole module");
  return text;
}

std::string shape_of(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

std::string shortened(const std::string& text, std::size_t most) {
  if (display_width(text) <= most) return text;
  // Layers of one network differ at the end of their names. Not within a character of UTF-8.
  std::size_t at = text.size() - (most - 1);
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
  return "…" + text.substr(at);
}

// Three digits, but no more decimals than three: what is a thousandth of the largest matters to
// nobody.
std::string cell_number(double value) {
  const std::string text = text_report::significant(value, 3);
  const std::size_t point = text.find('.');
  return point == std::string::npos || text.size() - point <= 4 ? text
                                                                : text_report::fixed(value, 3);
}

std::string interval_cell(const Interval& interval, const ScaledUnit& scale, double each) {
  if (!std::isfinite(interval.high)) return "";
  return cell_number(interval.low * scale.factor / each) + " to " +
         cell_number(interval.high * scale.factor / each);
}

std::vector<std::size_t> shown_layers(const NetworkAnswer& network,
                                      const PredictTextOptions& options) {
  std::vector<std::size_t> order(network.layers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (options.all_layers) return order;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return network.layers[a].share > network.layers[b].share;
  });
  order.resize(std::min(order.size(), options.most_layers));
  return order;
}

struct LayerUnits {
  ScaledUnit energy, time;
  double each = 1;
};

void add_layer_row(Table& table, const std::string& name, const std::string& operation,
                   const std::string& shape, double share, const PredictedLayer& layer,
                   const LayerUnits& units) {
  table.add_row(
      {shortened(name, 24), shortened(operation, 16), shortened(shape, 13),
       fmt::format("{:.1f}", 100 * share),
       cell_number(layer.energy_j * units.energy.factor / units.each),
       interval_cell(layer.energy_90, units.energy, units.each),
       layer.time_s > 0 ? cell_number(layer.time_s * units.time.factor / units.each) : ""});
}

std::string layer_table(const NetworkAnswer& network, const PredictTextOptions& options) {
  const auto shown = shown_layers(network, options);
  if (shown.empty()) return {};
  double energy = network.rest.energy_j, time = network.rest.time_s;
  for (const std::size_t i : shown) {
    energy = std::max(energy, network.layers[i].predicted.energy_j);
    time = std::max(time, network.layers[i].predicted.time_s);
  }
  const double each = network.inferences();
  const LayerUnits units{scaled_unit(energy / each, "J"), scaled_unit(time / each, "s"), each};
  Table table;
  for (const char* header : {"layer", "operation", "output"})
    table.add_column(header, Table::Align::left);
  table.add_column("%");
  table.add_column(units.energy.name);
  table.add_column("90 %");
  table.add_column(units.time.name);
  double share = 0;
  for (const std::size_t i : shown) {
    const LayerAnswer& layer = network.layers[i];
    share += layer.share;
    add_layer_row(table, layer.name, layer.operation + (layer.known ? "" : " (?)"),
                  shape_of(layer.output_shape), layer.share, layer.predicted, units);
  }
  add_layer_row(table, "what belongs to no layer", "", "",
                network.rest.energy_j / network.total.energy_j, network.rest, units);
  std::string text = shown.size() < network.layers.size()
                         ? fmt::format(
                               "\nThe {} layers that take most, {:.0f} % of the energy, an "
                               "inference (--layers for all)\n",
                               shown.size(), 100 * share)
                         : "\nLayers, an inference\n";
  return text + table.to_text();
}

std::string limits_text(const ExpectLimits& limits) {
  std::string text;
  if (limits.latency_s) text += "at most " + amount_text(*limits.latency_s, "s") + " a batch";
  if (limits.power_w)
    text += std::string(text.empty() ? "at most " : " and ") + amount_text(*limits.power_w, "W");
  return text;
}

std::string saving_text(const ExpectedBest& best) {
  if (best.is_highest) return ": the highest clocks are the best";
  std::string text =
      fmt::format("; {:.1f} % less energy than at the highest clocks", best.saving_percent);
  if (best.time_change_percent) text += fmt::format(", {:+.1f} % time", *best.time_change_percent);
  if (best.overlaps) text += ". The two intervals overlap: expected, not shown; measure it to know";
  return text;
}

std::string best_text(const ExpectedBest& best, bool several_batches) {
  if (!best.cell) return best.why_absent;
  std::string text = to_string(best.cell->point);
  if (several_batches) text += fmt::format(", batch {}", best.cell->batch);
  text += fmt::format(": {} an inference (90 %: {})", amount_text(best.cell->energy_j, "J"),
                      interval_text(best.cell->energy_90, "J"));
  if (best.cell->time_s) text += ", " + amount_text(*best.cell->time_s, "s") + " a batch";
  if (best.cell->power_w) text += ", " + amount_text(*best.cell->power_w, "W");
  return text + saving_text(best);
}

std::string bests_text(const PredictAnswer& answer) {
  // A board or a model without clocks has nothing to choose.
  if (answer.maps.size() == 1 && answer.maps.front().cells.size() == 1 && !answer.limits.any())
    return {};
  const bool several = answer.maps.size() > 1;
  std::string text = "\n" + titled("Best", best_text(answer.best, several));
  if (answer.best_within)
    text += titled("Within",
                   limits_text(answer.limits) + ": " + best_text(*answer.best_within, several));
  if (answer.best.left_out > 0)
    text += titled("", fmt::format("{} settings lie outside of the clocks that were measured and "
                                   "are not chosen",
                                   answer.best.left_out));
  return text;
}

std::string batch_table(const PredictAnswer& answer) {
  if (answer.batches.size() < 2) return {};
  Table table;
  for (const char* header :
       {"batch", "energy an inference", "90 %", "time a batch", "an inference", "power"})
    table.add_column(header);
  for (const NetworkAnswer& one : answer.batches) {
    const double each = one.inferences();
    const auto power = one.total.power_w();
    table.add_row({std::to_string(one.batch), amount_text(one.total.energy_j / each, "J"),
                   interval_text(divided(one.total.energy_90, each), "J"),
                   one.total.time_s ? amount_text(*one.total.time_s, "s") : "",
                   one.total.time_s ? amount_text(*one.total.time_s / each, "s") : "",
                   power ? amount_text(*power, "W") : ""});
  }
  return "\nBatches at these clocks\n" + table.to_text();
}

std::string difference_line(const NetworkDifference& one) {
  const auto change = [](double ratio) { return 100 * (ratio - 1); };
  if (!std::isfinite(one.ratio_90.high))
    return fmt::format("{:+.1f} %, without an interval", change(one.ratio));
  return fmt::format("{:+.1f} % (90 %: {:+.0f} to {:+.0f} %){}", change(one.ratio),
                     change(one.ratio_90.low), change(one.ratio_90.high),
                     one.is_shown() ? "" : ", not shown");
}

std::string compare_table(const PredictAnswer& answer) {
  if (answer.differences.empty()) return {};
  Table table;
  table.add_column("network", Table::Align::left);
  for (const char* header : {"GMAC", "energy", "90 %", "time"}) table.add_column(header);
  table.add_column("energy against the first", Table::Align::left);
  for (std::size_t i = 0; i < answer.networks.size(); ++i) {
    const NetworkAnswer& one = answer.networks[i];
    const double each = one.inferences();
    table.add_row({shortened(one.network, 20), text_report::significant(one.macs / each * 1e-9, 3),
                   amount_text(one.total.energy_j / each, "J"),
                   interval_text(divided(one.total.energy_90, each), "J"),
                   one.total.time_s ? amount_text(*one.total.time_s / each, "s") : "",
                   i == 0 ? "" : difference_line(answer.differences[i - 1])});
  }
  return "\nAn inference of each\n" + table.to_text() +
         "  The interval of a difference takes the two errors for independent, which is rather too "
         "wide.\n";
}

const char* verdict_words(BudgetVerdict verdict) {
  switch (verdict) {
    case BudgetVerdict::kept: return "kept: the whole 90 % interval is below";
    case BudgetVerdict::likely_kept: return "kept as predicted, but the interval reaches above it";
    case BudgetVerdict::likely_broken:
      return "not kept as predicted, but the interval reaches below it";
    case BudgetVerdict::broken: return "not kept: the whole 90 % interval is above";
  }
  return "";
}

std::string without_text(const NetworkBudget& budget, const NetworkAnswer& network) {
  if (budget.kept()) return {};
  if (budget.without.empty())
    return titled("",
                  "What belongs to no layer takes " + amount_text(budget.rest_j, "J") +
                      " and is above the budget alone: other clocks or a larger batch may help");
  const std::size_t count = budget.without.size();
  std::string names;
  for (std::size_t i = 0; i < std::min<std::size_t>(count, 4); ++i)
    names += (i > 0 ? ", " : "") + network.layers[budget.without[i]].name;
  if (count > 4) names += ", ...";
  return titled("",
                fmt::format("Without its {} largest layer{} ({}) it would take {} and fit", count,
                            count == 1 ? "" : "s", names, amount_text(budget.without_j, "J")));
}

std::string over_table(const NetworkBudget& budget, const NetworkAnswer& network) {
  constexpr std::size_t kMost = 10;
  if (budget.kept() || budget.over.empty()) return {};
  Table table;
  for (const char* header : {"layer above its fair share", "operation"})
    table.add_column(header, Table::Align::left);
  for (const char* header : {"takes", "fair share", "over by"}) table.add_column(header);
  for (std::size_t i = 0; i < std::min(kMost, budget.over.size()); ++i) {
    const BudgetShare& one = budget.over[i];
    table.add_row({shortened(network.layers[one.layer].name, 40),
                   network.layers[one.layer].operation, amount_text(one.energy_j, "J"),
                   one.fair_j > 0 ? amount_text(one.fair_j, "J") : "0",
                   amount_text(one.over_j(), "J")});
  }
  std::string text = table.to_text();
  if (budget.over.size() > kMost)
    text += fmt::format("  and {} layers more\n", budget.over.size() - kMost);
  return text + "  The fair share is the budget times the layer's share of the network's MACs.\n";
}

std::string budget_text(const PredictAnswer& answer) {
  if (!answer.budget) return {};
  const NetworkBudget& budget = *answer.budget;
  const NetworkAnswer& network = answer.networks.front();
  return "\n" +
         titled("Budget", fmt::format("{} an inference: {}", amount_text(budget.budget_j, "J"),
                                      verdict_words(budget.verdict))) +
         without_text(budget, network) + over_table(budget, network);
}

std::string notes_text(const PredictAnswer& answer) {
  std::string text;
  for (const auto* notes : {&answer.model.notes, &answer.place.notes})
    for (const std::string& note : *notes) text += titled("Note", note);
  std::vector<std::string> said;
  for (const auto* networks : {&answer.networks, &answer.batches})
    for (const NetworkAnswer& network : *networks)
      for (const std::string& caution : network.cautions) {
        std::string line = answer.differences.empty() ? caution : network.network + ": " + caution;
        if (std::find(said.begin(), said.end(), line) != said.end()) continue;
        text += titled("Caution", line);
        said.push_back(std::move(line));
      }
  return text;
}

std::string maps_text(const PredictAnswer& answer, bool colours) {
  std::string text;
  for (const ExpectedMap& map : answer.maps)
    if (map.cells.size() > 1) text += "\n" + expected_map_text(map, answer.best, colours);
  return text;
}

}  // namespace

std::string predict_text(const PredictAnswer& answer, const PredictTextOptions& options) {
  const NetworkAnswer& network = answer.networks.front();
  std::string text = fmt::format("{} on {}, batch {}: predicted, not measured{}\n", network.network,
                                 (answer.simulated() ? "twin:" : "") + answer.model.board,
                                 network.batch, answer.simulated() ? ", SIMULATED" : "");
  if (answer.simulated())
    text += "What follows is expected of a simulated board, no evidence about a real one.\n";
  text += titled("At", at_line(answer)) + totals_text(network) +
          titled("Work", work_line(network)) + titled("Model", model_line(answer)) +
          notes_text(answer);
  text += compare_table(answer) + budget_text(answer) + batch_table(answer);
  if (answer.differences.empty()) text += layer_table(network, options);
  text += bests_text(answer);
  if (options.map) text += maps_text(answer, options.colours);
  return text;
}

}  // namespace isojoule
