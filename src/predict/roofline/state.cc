#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "predict/roofline/predictor.h"

namespace isojoule::roofline {
namespace {

using nlohmann::json;

constexpr int kStateVersion = 1;

json list(const Range& range) { return {range.low, range.high}; }

tl::unexpected<Error> wrong(const std::string& what) {
  return fail(ErrorKind::parse, "roofline." + what, "Fit the model again");
}

// Fields of an object; the first fault is kept.
class Reader {
 public:
  explicit Reader(const json& from) : from_(from) {}

  double number(const char* key, double least) {
    if (!from_.is_object() || !from_.contains(key) || !from_[key].is_number()) {
      note(key, "missing or no number");
      return least;
    }
    return checked(key, from_[key].get<double>(), least);
  }
  Range range(const char* key) {
    if (!from_.is_object() || !from_.contains(key) || !from_[key].is_array() ||
        from_[key].size() != 2 || !from_[key][0].is_number() || !from_[key][1].is_number()) {
      note(key, "missing or no pair of numbers");
      return {};
    }
    return {checked(key, from_[key][0].get<double>(), 0),
            checked(key, from_[key][1].get<double>(), 0)};
  }
  bool flag(const char* key) {
    if (from_.is_object() && from_.contains(key) && from_[key].is_boolean())
      return from_[key].get<bool>();
    note(key, "missing or neither true nor false");
    return false;
  }
  Status status() const {
    if (fault_.empty()) return {};
    return wrong(fault_);
  }

 private:
  double checked(const char* key, double value, double least) {
    if (std::isfinite(value) && value >= least) return value;
    note(key, "out of range");
    return least;
  }
  void note(const char* key, const char* why) {
    if (fault_.empty()) fault_ = std::string(key) + ": " + why;
  }
  const json& from_;
  std::string fault_;
};

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

Result<std::unique_ptr<const Predictor>> load_state(const json& state) {
  Reader read(state);
  if (const double version = read.number("version", 1); read.status() && version > kStateVersion)
    return wrong("version: of a later program");
  CostFit cost;
  const int clock = static_cast<int>(std::min(3.0, read.number("clock", 0)));
  cost.frame.clock = static_cast<ComputeClock>(std::min(clock, 2));
  cost.frame.energies = read.flag("energies");
  cost.frame.tile_rows = read.number("tile_rows", 1);
  cost.frame.tile_columns = read.number("tile_columns", 1);
  cost.frame.cpu_hz = read.number("cpu_hz", 0);
  cost.frame.gpu_hz = read.number("gpu_hz", 0);
  cost.frame.memory_hz = read.number("memory_hz", 0);
  cost.frame.cores = read.number("cores", 0);
  cost.compute = read.range("compute_range");
  cost.cpu = read.range("cpu_range");
  cost.memory = read.range("memory_range");
  cost.macs = read.range("mac_range");
  cost.rows_set = read.range("tile_rows_set");
  cost.columns_set = read.range("tile_columns_set");
  cost.tiles_told = read.flag("tiles_told");
  ISOJOULE_CHECK(read.status());
  if (clock > 2) return wrong("clock: unknown");
  if (!state.contains("costs")) return wrong("costs: missing");
  ISOJOULE_TRY(cost.fitted, fitted_vector(state["costs"], kSlots, "roofline.costs"));
  std::optional<PowerFit> power;
  if (!cost.frame.energies) {
    if (!state.contains("power")) return wrong("power: missing");
    const Range supplies = read.range("supplies");
    ISOJOULE_CHECK(read.status());
    if (supplies.low <= 0 || supplies.high <= 0) return wrong("supplies: out of range");
    power.emplace();
    power->supplies = {supplies.low, supplies.high};
    ISOJOULE_TRY(power->fitted, fitted_vector(state["power"], kPowerSlots, "roofline.power"));
  }
  return std::make_unique<const RooflinePredictor>(std::move(cost), std::move(power));
}

}  // namespace isojoule::roofline
