#include <nlohmann/json.hpp>

#include "app/probe.h"

namespace isojoule {
namespace {

using nlohmann::json;

template <typename T>
json number_or_null(const std::optional<T>& value) {
  return value ? json(value->value()) : json(nullptr);
}

json value_json(const Value& value) {
  return std::visit([](const auto& v) { return json(v); }, value);
}

json rail_json(const ProbedRail& rail) {
  json out = {{"name", rail.rail.name},
              {"parent", rail.rail.parent},
              {"what", rail.rail.what},
              {"power_w", number_or_null(rail.power)},
              {"voltage_v", number_or_null(rail.voltage)},
              {"current_a", number_or_null(rail.current)}};
  if (!rail.why_absent.empty()) out["why_absent"] = rail.why_absent;
  if (rail.sensor.empty()) return out;
  out["sensor"] = rail.sensor;
  out["kind"] = name_of(rail.info.kind);
  out["window_s"] = rail.info.window.value();
  out["power_quantum_w"] = rail.quantum.value();
  out["gain_uncertainty"] = rail.info.gain_uncertainty;
  if (const auto& known = rail.info.calibration)
    out["calibration"] = {{"gain", known->gain},
                          {"gain_uncertainty", known->gain_uncertainty},
                          {"offset_w", known->offset.value()},
                          {"offset_uncertainty_w", known->offset_uncertainty.value()},
                          {"correlation", known->correlation},
                          {"lowest_w", known->lowest.value()},
                          {"highest_w", known->highest.value()},
                          {"meter", known->meter},
                          {"date", known->date}};
  out["new_readings_hz"] = rail.new_readings_hz ? json(*rail.new_readings_hz) : json(nullptr);
  return out;
}

json knob_json(const ProbedKnob& knob) {
  json values = json::array();
  for (const Value& value : knob.values) values.push_back(value_json(value));
  json out = {{"axis", key_with_unit(knob.axis.name)},
              {"type", knob.type},
              {"help", knob.axis.help},
              {"values", values},
              {"now", knob.now ? value_json(*knob.now) : json(nullptr)},
              {"settable", knob.settable}};
  if (!knob.why.empty()) out["why"] = knob.why;
  return out;
}

json error_json(const Error& error) {
  return {{"kind", name_of(error.kind)},
          {"what", error.what},
          {"tried", error.tried},
          {"remedy", error.remedy}};
}

template <typename T, typename Function>
json list_of(const std::vector<T>& items, Function function) {
  json list = json::array();
  for (const T& item : items) list.push_back(function(item));
  return list;
}

}  // namespace

std::string probe_json(const ProbeResult& result) {
  json watches = json::object();
  for (const auto& [name, value] : result.watches) watches[key_with_unit(name)] = value;
  const json root = {
      {"board", result.board},
      {"title", result.title},
      {"variant", result.variant},
      {"release", result.release},
      {"system", result.system},
      {"l4t", result.l4t},
      {"simulated", result.simulated},
      {"helper", result.helper},
      {"total", {{"expression", result.total}, {"power_w", number_or_null(result.total_power)}}},
      {"rails", list_of(result.rails, rail_json)},
      {"knobs", list_of(result.knobs, knob_json)},
      {"watches", watches},
      {"temperatures_c", result.temperatures_c},
      {"throttles", result.throttles},
      {"engines", list_of(result.engines,
                          [](const ProbedEngine& engine) {
                            return json{{"name", engine.name},
                                        {"found", engine.found},
                                        {"details", engine.details},
                                        {"why_missing", engine.why}};
                          })},
      {"quirks", result.quirks},
      {"problems", list_of(result.problems, error_json)},
      {"missing_rights", list_of(result.rights,
                                 [](const MissingRight& right) {
                                   return json{
                                       {"path", right.path},
                                       {"access", right.access == Access::write ? "write" : "read"},
                                       {"for", right.what_for}};
                                 })},
      {"rules", result.rules}};
  return root.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace isojoule
