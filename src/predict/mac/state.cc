#include <algorithm>
#include <nlohmann/json.hpp>

#include "predict/json_at.h"
#include "predict/mac/model.h"

namespace isojoule::mac {
namespace {

using nlohmann::json;

constexpr int kModelVersion = 1;

Result<std::vector<double>> positives(const JsonAt& state, const char* key) {
  ISOJOULE_TRY(std::vector<double> values, state.numbers(key));
  if (std::any_of(values.begin(), values.end(), [](double value) { return value <= 0; }))
    return state.bad(std::string(key) + " holds a number that is not positive");
  return values;
}

Result<Modes> modes_of(const JsonAt& state) {
  Modes modes;
  ISOJOULE_TRY(modes.tile, state.number("tile", 1));
  ISOJOULE_TRY(modes.bounds, positives(state, "bounds"));
  ISOJOULE_TRY(modes.factors, positives(state, "factors"));
  const bool none = modes.bounds.empty() && modes.factors.empty();
  if (!none && modes.factors.size() != modes.bounds.size() + 1)
    return state.bad("factors are not one more than bounds");
  if (!std::is_sorted(modes.bounds.begin(), modes.bounds.end()))
    return state.bad("bounds are not sorted");
  return modes;
}

Result<PointFit> point_of(const JsonAt& state) {
  PointFit fit;
  ISOJOULE_TRY(fit.point.cpu_hz, state.number("cpu_hz", 0));
  ISOJOULE_TRY(fit.point.gpu_hz, state.number("gpu_hz", 0));
  ISOJOULE_TRY(fit.point.memory_hz, state.number("memory_hz", 0));
  ISOJOULE_TRY(fit.point.cores, state.number("cores", 0));
  for (const double clock : {fit.point.cpu_hz, fit.point.gpu_hz, fit.point.memory_hz})
    if (clock != 0 && clock < 1) return state.bad("a clock below 1 Hz");
  ISOJOULE_TRY(fit.runs, state.count("runs"));
  ISOJOULE_TRY(const JsonAt energy, state.object("energy"));
  ISOJOULE_TRY(fit.energy, fitted_vector(energy, kSlots));
  if (!state.has("time")) return fit;
  ISOJOULE_TRY(const JsonAt time, state.object("time"));
  ISOJOULE_TRY(fit.time, fitted_vector(time, kSlots));
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

Result<Model> model_of(const json& stored) {
  const JsonAt state(stored, "mac");
  ISOJOULE_CHECK(state.version(kModelVersion));
  Model model;
  ISOJOULE_TRY(model.modes, modes_of(state));
  ISOJOULE_TRY(model.tile_low, state.number("tile_low", 1));
  ISOJOULE_TRY(model.tile_high, state.number("tile_high", 1));
  ISOJOULE_TRY(model.macs_low, state.number("macs_low", 0));
  ISOJOULE_TRY(model.macs_high, state.number("macs_high", 0));
  ISOJOULE_TRY(model.kernels_known, state.truth("kernels_known"));
  ISOJOULE_TRY(const std::vector<JsonAt> points, state.list("points"));
  if (points.empty()) return state.bad("no points");
  for (const JsonAt& one : points) {
    ISOJOULE_TRY(PointFit fit, point_of(one));
    if (!model.points.empty() && fit.time.has_value() != model.points.front().time.has_value())
      return one.bad("some points have a time, some do not");
    model.points.push_back(std::move(fit));
  }
  return model;
}

}  // namespace isojoule::mac
