// What `isojoule fit` makes and `isojoule predict` reads: predictors of one board, one for each
// job, with intervals, ranges and how they were chosen. Stored as JSON ("isojoule-model", a
// version).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/setting.h"
#include "predict/interval.h"
#include "predict/predictor.h"

namespace isojoule {

// How one kind of predictor did on groups that it had not seen. MAPE: the mean of
// |predicted / measured - 1| over runs.
struct Validation {
  std::string kind;
  std::optional<double> energy_mape_percent, time_mape_percent;              // of networks
  std::optional<double> layer_energy_mape_percent, layer_time_mape_percent;  // of single layers
  // Of the 90 % energy intervals of networks (of layers, where there are no networks): of "nested"
  // alone, because only there neither choice nor interval knew the group.
  std::optional<double> coverage_percent;
  std::int64_t groups = 0, runs = 0;
  bool chosen = false;
  std::string why_not;  // it could not be fitted: the error
};

// E(L1, L2) against E(L1) + E(L2), measured on sequences and their parts.
struct Additivity {
  std::int64_t sequences = 0;
  double median_ratio = 1;   // measured / sum of parts (overhead counted once)
  double low = 1, high = 1;  // 90 % interval of the median
  double mean_absolute_percent = 0;
};

struct PredictedLayer {
  double energy_j = 0;
  double time_s = 0;
  Interval energy_90;
  Interval time_90;
};

struct PredictedBatch {
  double energy_j = 0;
  std::optional<double> time_s;
  Interval energy_90;
  std::optional<Interval> time_90;
  std::optional<double> power_w() const;  // mean, of the batch
  // Clocks or batch outside of what was measured: "gpu_frequency 1.3 GHz: fitted on 114 to 905
  // MHz".
  std::vector<std::string> cautions;
};

// So many groups must have been left out before an interval is stated.
inline constexpr std::int64_t kLeastGroups = 3;

// One predictor with its intervals, of one job. Immutable; any thread.
struct EnergyModel {
  Setting job;  // engine axes (accelerator, precision, graph, ...), the batch aside; may be empty
  std::unique_ptr<const Predictor> predictor;
  ConformalSpread network_energy, network_time, layer_energy, layer_time;
  std::map<std::string, std::pair<double, double>>
      ranges;                          // "gpu_frequency", "batch", "macs": least, most
  std::vector<OperatingPoint> points;  // at which runs were measured
  std::vector<Validation> validations;
  std::optional<Additivity> additivity;
  std::int64_t runs = 0;
  // Groups of whole networks among the runs. Of fewer than kLeastGroups the intervals of a batch
  // are those of single layers, where there are any, and predict() says so.
  std::int64_t network_groups = 0;
  std::string why_no_interval;  // not empty: too few groups; a batch's is then infinite

  PredictedBatch predict(const NetworkWork& work, const OperatingPoint& point) const;
  // `layers` gets as many as the work has. A layer's interval is infinite where no single layers
  // were measured. Returns the part that belongs to no layer.
  PredictedLayer predict_layers(const NetworkWork& work, const OperatingPoint& point,
                                std::vector<PredictedLayer>& layers) const;
};

struct EnergyModelFile {
  static constexpr int kVersion = 1;
  std::string board;    // "jetson-tx2"
  std::string release;  // "" where it is not known
  bool simulated = false;
  std::string what;                  // "inference phase, module total, gross": what the joules are
  std::vector<std::string> sources;  // studies or tables, with their hashes
  std::string created;               // ISO 8601
  std::string program_version;
  std::vector<EnergyModel> models;

  // Error: not_found, naming the jobs that there are. Axes that `job` leaves open match any; the
  // first in the file wins.
  Result<const EnergyModel*> find(const Setting& job) const;
};

std::string format_energy_model(const EnergyModelFile& file);
// Errors: parse (where), unsupported (a newer version, an unknown predictor).
Result<EnergyModelFile> parse_energy_model(const std::string& text, const std::string& path);

}  // namespace isojoule
