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
  std::string output;  // "": user_model_path()
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
  std::vector<std::string> notes;
};

// What a set of observations tells, job by job; writes nothing. The time of day is that of
// SOURCE_DATE_EPOCH where it is set, so that the same input gives the same file.
// Errors: not_found (the predictor), those of the fit where no job can be fitted.
Result<FitResult> fit_observations(ObservationSet observations, const std::string& predictor,
                                   std::uint64_t seed);

// Errors: as study_observations() or table_observations(), fit_observations(), store_model();
// invalid (a table without a board or an output).
Result<FitResult> fit_model(const Paths& paths, const FitRequest& request);

nlohmann::json to_json(const FitResult& result);

}  // namespace isojoule
