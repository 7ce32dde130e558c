#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "predict/mac/model.h"

namespace isojoule::mac {
namespace {

using nlohmann::json;

constexpr int kModelVersion = 1;

tl::unexpected<Error> wrong(const std::string& what) {
  return fail(ErrorKind::parse, "mac." + what, "Fit the model again");
}

Result<double> number_of(const json& from, const char* key, double least) {
  if (!from.is_object() || !from.contains(key) || !from[key].is_number())
    return wrong(std::string(key) + ": missing or no number");
  const double value = from[key].get<double>();
  if (!std::isfinite(value) || value < least) return wrong(std::string(key) + ": out of range");
  return value;
}

Result<std::vector<double>> positives(const json& from, const char* key) {
  if (!from.contains(key) || !from[key].is_array())
    return wrong(std::string(key) + ": missing or no list");
  std::vector<double> values;
  for (const json& one : from[key]) {
    if (!one.is_number() || !(one.get<double>() > 0) || !std::isfinite(one.get<double>()))
      return wrong(std::string(key) + ": not a positive number");
    values.push_back(one.get<double>());
  }
  return values;
}

Result<Modes> modes_of(const json& state) {
  Modes modes;
  ISOJOULE_TRY(modes.tile, number_of(state, "tile", 1));
  ISOJOULE_TRY(modes.bounds, positives(state, "bounds"));
  ISOJOULE_TRY(modes.factors, positives(state, "factors"));
  const bool none = modes.bounds.empty() && modes.factors.empty();
  if (!none && modes.factors.size() != modes.bounds.size() + 1)
    return wrong("factors: not one more than bounds");
  if (!std::is_sorted(modes.bounds.begin(), modes.bounds.end())) return wrong("bounds: not sorted");
  return modes;
}

Result<PointFit> point_of(const json& state) {
  PointFit fit;
  ISOJOULE_TRY(fit.point.cpu_hz, number_of(state, "cpu_hz", 0));
  ISOJOULE_TRY(fit.point.gpu_hz, number_of(state, "gpu_hz", 0));
  ISOJOULE_TRY(fit.point.memory_hz, number_of(state, "memory_hz", 0));
  ISOJOULE_TRY(fit.point.cores, number_of(state, "cores", 0));
  for (const double clock : {fit.point.cpu_hz, fit.point.gpu_hz, fit.point.memory_hz})
    if (clock != 0 && clock < 1) return wrong("points: a clock below 1 Hz");
  ISOJOULE_TRY(const double runs, number_of(state, "runs", 0));
  fit.runs = static_cast<std::int64_t>(std::min(runs, 1e15));
  if (!state.contains("energy")) return wrong("points.energy: missing");
  ISOJOULE_TRY(fit.energy, fitted_vector(state["energy"], kSlots, "mac.points.energy"));
  if (!state.contains("time")) return fit;
  ISOJOULE_TRY(fit.time, fitted_vector(state["time"], kSlots, "mac.points.time"));
  return fit;
}

json to_json(const PointFit& fit) {
  json one{{"cpu_hz", fit.point.cpu_hz},
           {"gpu_hz", fit.point.gpu_hz},
           {"memory_hz", fit.point.memory_hz},
           {"cores", fit.point.cores},
           {"runs", fit.runs},
           {"energy", isojoule::to_json(fit.energy)}};
  if (fit.time) one["time"] = isojoule::to_json(*fit.time);
  return one;
}

}  // namespace

json state_of(const Model& model) {
  json points = json::array();
  for (const PointFit& fit : model.points) points.push_back(to_json(fit));
  return {{"version", kModelVersion},
          {"tile", model.modes.tile},
          {"bounds", model.modes.bounds},
          {"factors", model.modes.factors},
          {"tile_low", model.tile_low},
          {"tile_high", model.tile_high},
          {"kernels_known", model.kernels_known},
          {"macs_low", model.macs_low},
          {"macs_high", model.macs_high},
          {"points", points}};
}

Result<Model> model_of(const json& state) {
  ISOJOULE_TRY(const double version, number_of(state, "version", 1));
  if (version > kModelVersion) return wrong("version: of a later program");
  Model model;
  ISOJOULE_TRY(model.modes, modes_of(state));
  ISOJOULE_TRY(model.tile_low, number_of(state, "tile_low", 1));
  ISOJOULE_TRY(model.tile_high, number_of(state, "tile_high", 1));
  ISOJOULE_TRY(model.macs_low, number_of(state, "macs_low", 0));
  ISOJOULE_TRY(model.macs_high, number_of(state, "macs_high", 0));
  if (!state.contains("kernels_known") || !state["kernels_known"].is_boolean())
    return wrong("kernels_known: missing");
  model.kernels_known = state["kernels_known"].get<bool>();
  if (!state.contains("points") || !state["points"].is_array() || state["points"].empty())
    return wrong("points: missing or none");
  for (const json& one : state["points"]) {
    ISOJOULE_TRY(PointFit fit, point_of(one));
    if (!model.points.empty() && fit.time.has_value() != model.points.front().time.has_value())
      return wrong("points.time: some have it, some do not");
    model.points.push_back(std::move(fit));
  }
  return model;
}

}  // namespace isojoule::mac
