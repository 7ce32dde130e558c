#include "app/predict/predict_json.h"

#include <cmath>

namespace isojoule {
namespace {

using nlohmann::json;

// What is not known is null.
json number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? json(*value) : json(nullptr);
}

// "energy_j", "energy_low_j", "energy_high_j".
void put(json& into, const std::string& name, const std::string& unit,
         const std::optional<double>& value, const std::optional<Interval>& interval, double by) {
  const auto divided = [by](std::optional<double> x) {
    return x ? std::optional(*x / by) : std::nullopt;
  };
  into[name + "_" + unit] = number(divided(value));
  const bool known = interval && std::isfinite(interval->high);
  into[name + "_low_" + unit] = known ? number(interval->low / by) : json(nullptr);
  into[name + "_high_" + unit] = known ? number(interval->high / by) : json(nullptr);
}

json json_of_point(const OperatingPoint& point) {
  json result = json::object();
  for (const PointAxis& axis : kPointAxes)
    if (point.*axis.value > 0) result[key_with_unit(axis.axis)] = point.*axis.value;
  return result;
}

json json_of_setting(const Setting& setting) {
  json result = json::object();
  for (const auto& [axis, value] : setting.values())
    std::visit([&, &key = axis](const auto& it) { result[key_with_unit(key)] = it; }, value);
  return result;
}

// Of one inference.
json json_of_layer(const PredictedLayer& layer, bool timed, double each) {
  json result;
  put(result, "energy", "j", layer.energy_j, layer.energy_90, each);
  if (timed) put(result, "time", "s", layer.time_s, layer.time_90, each);
  return result;
}

json totals_of(const PredictedBatch& total, double each) {
  json result;
  put(result, "energy", "j", total.energy_j, total.energy_90, each);
  put(result, "time", "s", total.time_s, total.time_90, each);
  return result;
}

json json_of_network(const NetworkAnswer& network) {
  const double each = network.inferences();
  const bool timed = network.total.time_s.has_value();
  json layers = json::array();
  for (const LayerAnswer& layer : network.layers) {
    json one = json_of_layer(layer.predicted, timed, each);
    one.update({{"name", layer.name},
                {"operation", layer.operation},
                {"output_shape", layer.output_shape},
                {"known", layer.known},
                {"macs", layer.macs / each},
                {"share", layer.share}});
    layers.push_back(std::move(one));
  }
  json rest = json_of_layer(network.rest, timed, each);
  rest["share"] = network.rest.energy_j / network.total.energy_j;
  return {{"network", network.network},
          {"batch", network.batch},
          {"macs", network.macs / each},
          {"parameters", network.parameters},
          {"per_inference", totals_of(network.total, each)},
          {"per_batch", totals_of(network.total, 1)},
          {"power_w", number(network.total.power_w())},
          {"layers", std::move(layers)},
          {"rest", std::move(rest)},
          {"cautions", network.cautions}};
}

json json_of_validation(const Validation& one) {
  return {{"predictor", one.kind},
          {"energy_mape_percent", number(one.energy_mape_percent)},
          {"time_mape_percent", number(one.time_mape_percent)},
          {"layer_energy_mape_percent", number(one.layer_energy_mape_percent)},
          {"layer_time_mape_percent", number(one.layer_time_mape_percent)},
          {"coverage_percent", number(one.coverage_percent)},
          {"groups", one.groups},
          {"runs", one.runs},
          {"chosen", one.chosen}};
}

json json_of_model(const PredictAnswer& answer) {
  const EnergyModelFile& file = *answer.model.file;
  const EnergyModel& model = *answer.used;
  json validations = json::array();
  for (const Validation& one : model.validations) validations.push_back(json_of_validation(one));
  json result = {{"file", answer.model.path},
                 {"board", file.board},
                 {"release", file.release},
                 {"simulated", file.simulated},
                 {"energy_is", file.what},
                 {"sources", file.sources},
                 {"created", file.created},
                 {"predictor", model.predictor->kind()},
                 {"job", json_of_setting(model.job)},
                 {"runs", model.runs},
                 {"validations", validations}};
  if (!model.why_no_interval.empty()) result["why_no_interval"] = model.why_no_interval;
  return result;
}

json json_of_cell(const ExpectedCell& cell) {
  json result = json_of_point(cell.point);
  result["batch"] = cell.batch;
  put(result, "energy_per_inference", "j", cell.energy_j, cell.energy_90, 1);
  put(result, "time_per_batch", "s", cell.time_s, cell.time_90, 1);
  result["power_w"] = number(cell.power_w);
  result["outside_measured_clocks"] = cell.outside;
  return result;
}

json json_of_map(const ExpectedMap& map) {
  json cells = json::array();
  for (const ExpectedCell& cell : map.cells) cells.push_back(json_of_cell(cell));
  return {{"batch", map.batch},
          {"gpu_frequency_hz", map.gpu_hz},
          {"cpu_frequency_hz", map.cpu_hz},
          {"cells", std::move(cells)}};
}

json json_of_best(const ExpectedBest& best) {
  if (!best.cell) return {{"setting", nullptr}, {"why_absent", best.why_absent}};
  return {{"setting", json_of_cell(*best.cell)},
          {"saving_percent", best.saving_percent},
          {"time_change_percent", number(best.time_change_percent)},
          {"against", "highest clocks"},
          {"is_highest", best.is_highest},
          {"shown", !best.overlaps},
          {"settings_left_out", best.left_out}};
}

json json_of_difference(const NetworkDifference& one, const NetworkAnswer& network,
                        const NetworkAnswer& first) {
  const bool known = std::isfinite(one.ratio_90.high);
  json result = {{"network", network.network},
                 {"against", first.network},
                 {"energy_difference_j", one.difference_j},
                 {"energy_ratio", one.ratio},
                 {"energy_ratio_low", known ? json(one.ratio_90.low) : json(nullptr)},
                 {"energy_ratio_high", known ? json(one.ratio_90.high) : json(nullptr)},
                 {"shown", one.is_shown()},
                 {"interval", "errors of both taken for independent"},
                 {"time_ratio", number(one.time_ratio)}};
  if (one.time_ratio_90 && std::isfinite(one.time_ratio_90->high)) {
    result["time_ratio_low"] = one.time_ratio_90->low;
    result["time_ratio_high"] = one.time_ratio_90->high;
  }
  return result;
}

json json_of_budget(const NetworkBudget& budget, const NetworkAnswer& network) {
  json over = json::array(), without = json::array();
  for (const BudgetShare& one : budget.over)
    over.push_back({{"layer", network.layers[one.layer].name},
                    {"energy_j", one.energy_j},
                    {"fair_share_j", one.fair_j},
                    {"over_j", one.over_j()}});
  for (const std::size_t layer : budget.without) without.push_back(network.layers[layer].name);
  json result = {{"budget_j", budget.budget_j},
                 {"energy_j", budget.energy_j},
                 {"rest_j", budget.rest_j},
                 {"verdict", name_of(budget.verdict)},
                 {"kept", budget.kept()},
                 {"layers_over_fair_share", std::move(over)},
                 {"fits_without", std::move(without)}};
  if (!budget.without.empty()) result["energy_without_j"] = budget.without_j;
  return result;
}

}  // namespace

json to_json(const PredictAnswer& answer) {
  json result = json_of_network(answer.networks.front());
  std::vector<std::string> notes = answer.model.notes;
  notes.insert(notes.end(), answer.place.notes.begin(), answer.place.notes.end());
  result.update({{"board", answer.model.board},
                 {"simulated", answer.simulated()},
                 {"predicted", true},
                 {"setting", json_of_point(answer.place.point)},
                 {"clocks_from", answer.choices.source},
                 {"model", json_of_model(answer)},
                 {"notes", notes},
                 {"maps", json::array()},
                 {"best", json_of_best(answer.best)}});
  for (const ExpectedMap& map : answer.maps) result["maps"].push_back(json_of_map(map));
  if (answer.best_within) {
    result["best_within"] = json_of_best(*answer.best_within);
    result["limits"] = {{"latency_s", number(answer.limits.latency_s)},
                        {"power_w", number(answer.limits.power_w)}};
  }
  if (answer.batches.size() > 1)
    for (const NetworkAnswer& one : answer.batches)
      result["batches"].push_back({{"batch", one.batch},
                                   {"per_inference", totals_of(one.total, one.inferences())},
                                   {"per_batch", totals_of(one.total, 1)},
                                   {"power_w", number(one.total.power_w())}});
  for (std::size_t i = 0; i < answer.differences.size(); ++i) {
    const NetworkAnswer& network = answer.networks[i + 1];
    result["networks"].push_back(json_of_network(network));
    result["differences"].push_back(
        json_of_difference(answer.differences[i], network, answer.networks.front()));
  }
  if (answer.budget) result["budget"] = json_of_budget(*answer.budget, answer.networks.front());
  return result;
}

}  // namespace isojoule
