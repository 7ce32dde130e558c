// `isojoule fit`: from studies or a table to a file of energy models.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "app/study_observations.h"
#include "app/table_observations.h"
#include "predict/choose.h"

namespace isojoule {

struct FitRequest {
  std::vector<std::string> studies;  // or
  std::optional<TableRequest> table;
  std::string predictor = "auto";  // a name of `isojoule list predictors`
  std::uint64_t seed = 1;
  std::string output;              // "": user_model_path()
  std::vector<std::string> tests;  // studies that the model is held against, not learnt from
};

// How the fitted models do on what they have not seen.
struct TestedNetwork {
  std::string network;
  Setting job;
  std::int64_t observations = 0;
  double energy_mape_percent = 0;
  double energy_bias_percent = 0;  // mean of predicted / measured - 1
  std::optional<double> time_mape_percent;
  std::int64_t with_interval = 0;  // that the model states one for
  std::int64_t covered = 0;        // by the 90 % interval of the energy
  bool single_layer = false;
};

// A job that was not fitted, and why.
struct UnfittedJob {
  Setting job;
  std::int64_t observations = 0;
  Error error;
};

struct FitResult {
  EnergyModelFile file;
  std::string path;  // to which it was written
  ObservationSet observations;
  // What each model's errors are of: left out, predicted, compared. In the order of file.models.
  std::vector<std::vector<LeftOut>> left_out;
  std::vector<UnfittedJob> unfitted;
  std::vector<TestedNetwork> tested;  // by job and name
  std::vector<std::string> notes;
};

// What a set of observations tells, job by job; writes nothing. The time of day is that of
// SOURCE_DATE_EPOCH where it is set, so that the same input gives the same file.
// Errors: not_found (the predictor), those of the fit where no job can be fitted.
Result<FitResult> fit_observations(ObservationSet observations, const std::string& predictor,
                                   std::uint64_t seed);

// Each network of a job that has a model; the others are left out.
std::vector<TestedNetwork> test_models(const EnergyModelFile& file,
                                       const ObservationSet& observations);

// Errors: as study_observations() or table_observations(), fit_observations(), store_model();
// invalid (a table without a board or an output).
Result<FitResult> fit_model(const Paths& paths, const FitRequest& request);

nlohmann::json to_json(const FitResult& result);

}  // namespace isojoule
