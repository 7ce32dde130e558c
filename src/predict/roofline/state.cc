#include <nlohmann/json.hpp>

#include "predict/json_at.h"
#include "predict/roofline/predictor.h"

namespace isojoule::roofline {
namespace {

using nlohmann::json;

constexpr int kStateVersion = 1;

json list(const Range& range) { return {range.low, range.high}; }

Result<Range> range_at(const JsonAt& state, const char* key) {
  ISOJOULE_TRY(const std::vector<double> ends, state.numbers(key));
  if (ends.size() != 2 || ends[0] < 0 || ends[1] < 0)
    return state.bad(std::string(key) + " is no pair of numbers from 0");
  return Range{ends[0], ends[1]};
}

Result<Frame> frame_at(const JsonAt& state) {
  Frame frame;
  ISOJOULE_TRY(const std::int64_t clock, state.count("clock"));
  if (clock > static_cast<std::int64_t>(ComputeClock::cpu)) return state.bad("clock is unknown");
  frame.clock = static_cast<ComputeClock>(clock);
  ISOJOULE_TRY(frame.energies, state.truth("energies"));
  ISOJOULE_TRY(frame.tile_rows, state.number("tile_rows", 1));
  ISOJOULE_TRY(frame.tile_columns, state.number("tile_columns", 1));
  ISOJOULE_TRY(frame.cpu_hz, state.number("cpu_hz", 0));
  ISOJOULE_TRY(frame.gpu_hz, state.number("gpu_hz", 0));
  ISOJOULE_TRY(frame.memory_hz, state.number("memory_hz", 0));
  ISOJOULE_TRY(frame.cores, state.number("cores", 0));
  return frame;
}

Result<CostFit> costs_at(const JsonAt& state) {
  CostFit cost;
  ISOJOULE_TRY(cost.frame, frame_at(state));
  ISOJOULE_TRY(cost.compute, range_at(state, "compute_range"));
  ISOJOULE_TRY(cost.cpu, range_at(state, "cpu_range"));
  ISOJOULE_TRY(cost.memory, range_at(state, "memory_range"));
  ISOJOULE_TRY(cost.macs, range_at(state, "mac_range"));
  ISOJOULE_TRY(cost.rows_set, range_at(state, "tile_rows_set"));
  ISOJOULE_TRY(cost.columns_set, range_at(state, "tile_columns_set"));
  ISOJOULE_TRY(cost.tiles_told, state.truth("tiles_told"));
  ISOJOULE_TRY(const JsonAt fitted, state.object("costs"));
  ISOJOULE_TRY(cost.fitted, fitted_vector(fitted, kSlots));
  return cost;
}

Result<PowerFit> power_at(const JsonAt& state) {
  PowerFit power;
  ISOJOULE_TRY(const Range supplies, range_at(state, "supplies"));
  if (supplies.low <= 0 || supplies.high <= 0) return state.bad("supplies are not positive");
  power.supplies = {supplies.low, supplies.high};
  ISOJOULE_TRY(const JsonAt fitted, state.object("power"));
  ISOJOULE_TRY(power.fitted, fitted_vector(fitted, kPowerSlots));
  return power;
}

}  // namespace

json state_of(const CostFit& cost, const std::optional<PowerFit>& power) {
  json state{{"version", kStateVersion},
             {"clock", static_cast<int>(cost.frame.clock)},
             {"energies", cost.frame.energies},
             {"tile_rows", cost.frame.tile_rows},
             {"tile_columns", cost.frame.tile_columns},
             {"cpu_hz", cost.frame.cpu_hz},
             {"gpu_hz", cost.frame.gpu_hz},
             {"memory_hz", cost.frame.memory_hz},
             {"cores", cost.frame.cores},
             {"compute_range", list(cost.compute)},
             {"cpu_range", list(cost.cpu)},
             {"memory_range", list(cost.memory)},
             {"mac_range", list(cost.macs)},
             {"tile_rows_set", list(cost.rows_set)},
             {"tile_columns_set", list(cost.columns_set)},
             {"tiles_told", cost.tiles_told},
             {"costs", to_json(cost.fitted)}};
  if (power) {
    state["power"] = to_json(power->fitted);
    state["supplies"] = {power->supplies.compute, power->supplies.cpu};
  }
  return state;
}

Result<std::unique_ptr<const Predictor>> load_state(const json& stored) {
  const JsonAt state(stored, "roofline");
  ISOJOULE_CHECK(state.version(kStateVersion));
  ISOJOULE_TRY(CostFit cost, costs_at(state));
  std::optional<PowerFit> power;
  if (!cost.frame.energies) {
    ISOJOULE_TRY(power, power_at(state));
  }
  return std::make_unique<const RooflinePredictor>(std::move(cost), std::move(power));
}

}  // namespace isojoule::roofline
