// A predictor: energy and time of a batch, and of each of its layers, at an operating point.
//
// A new predictor is a folder of src/predict/ that defines `const PredictorKind&
// predictor_kind_<folder>()`; siblings do not know each other (one that builds on another asks
// find_predictor()). A fitted predictor is immutable and may be used from several threads.
//
// A predictor is fitted to observations of one board and one job (engine, accelerator, precision,
// graph); clocks, cores and batch may vary among them.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "predict/observation.h"

namespace isojoule {

// One fitted number, with its 90 % confidence interval.
struct Parameter {
  std::string name;  // "mac_energy", "launch_time"
  std::string unit;  // "pJ", "s", ""
  double value = 0;
  std::optional<double> low, high;  // of 90 %; absent: not identified, or not estimated
  std::string note;                 // why it is absent or fixed; ""
  std::string meaning;              // a few words, for the table
};

struct Prediction {
  double energy_j = 0;           // of the batch, > 0
  std::optional<double> time_s;  // absent: fitted without times
  // The predictor's own standard deviation of log(measured / predicted), >= 0: where it says one
  // place is less sure than another. predict/interval.h turns it into an interval that was tested.
  double energy_log_sd = 0;
  double time_log_sd = 0;
};

struct LayerPrediction {
  double energy_j = 0;
  double time_s = 0;  // 0 where Prediction::time_s is absent
};

struct FitOptions {
  std::uint64_t seed = 1;
};

class Predictor {
 public:
  virtual ~Predictor() = default;
  Predictor(const Predictor&) = delete;
  Predictor& operator=(const Predictor&) = delete;

  std::string_view kind() const { return do_kind(); }  // the folder's name
  Prediction batch(const NetworkWork& work, const OperatingPoint& point) const {
    return do_batch(work, point);
  }
  // Fills `layers` (as many as work.layers) and returns what belongs to none of them (inputs,
  // waiting, idle power between kernels); together they are batch()'s energy and time.
  LayerPrediction layers(const NetworkWork& work, const OperatingPoint& point,
                         std::span<LayerPrediction> layers) const {
    return do_layers(work, point, layers);
  }
  std::vector<Parameter> parameters() const { return do_parameters(); }
  // Everything that load() needs to make the same predictor again.
  nlohmann::json state() const;

 protected:
  Predictor() = default;

 private:
  virtual std::string_view do_kind() const = 0;
  virtual Prediction do_batch(const NetworkWork& work, const OperatingPoint& point) const = 0;
  virtual LayerPrediction do_layers(const NetworkWork& work, const OperatingPoint& point,
                                    std::span<LayerPrediction> layers) const = 0;
  virtual std::vector<Parameter> do_parameters() const = 0;
  virtual nlohmann::json do_state() const = 0;
};

using Observations = std::span<const Observation>;

struct PredictorKind {
  std::string_view name;     // the folder's
  std::string_view summary;  // a line for `isojoule list predictors`
  std::string_view source;   // the publication whose idea it is
  int complexity = 0;        // among equals in cross-validation the lower one is taken
  // Errors: invalid (too few or collinear runs: which parameter cannot be told, and what further
  // runs would tell it), out_of_range (numbers that are not finite or not positive).
  Result<std::unique_ptr<const Predictor>> (*fit)(Observations observations,
                                                  const FitOptions& options);
  // Errors: parse (what is missing or wrong in a stored state).
  Result<std::unique_ptr<const Predictor>> (*load)(const nlohmann::json& state);
};

std::span<const PredictorKind> predictor_kinds();  // sorted by name; generated table
// Error: not_found, with the nearest name.
Result<const PredictorKind*> find_predictor(std::string_view name);

// Errors of observations that no predictor can learn from: none at all, an energy or time that is
// not finite and positive, no layers.
Status check_observations(Observations observations);

}  // namespace isojoule
