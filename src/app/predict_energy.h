// `isojoule predict`: energy, time and power of a network that was not run, with their intervals.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/paths.h"
#include "app/predict/expected_map.h"
#include "app/predict/network_answer.h"
#include "app/predict/network_budget.h"
#include "app/predict/network_difference.h"
#include "app/predict/place.h"

namespace isojoule {

// A model as it was found for a board.
struct BoardModel {
  std::shared_ptr<const EnergyModelFile> file;
  std::string path;
  std::string board;               // without "twin:"; with its variant
  std::vector<std::string> notes;  // that only a simulated one is there, for instance
};
// `board`: "twin:NAME", or NAME; where nothing was measured on the board itself its twin's model is
// taken and said. `path`: a model file instead; `board` may then be "", and must be the file's
// otherwise. Errors: not_found with the commands that make a model; those of load_energy_model();
// invalid (neither; another board's file).
Result<BoardModel> board_model(const Paths& paths, const std::string& board,
                               const std::string& path);

struct PredictRequest {
  std::vector<std::string> networks;  // ONNX files or names; the first is compared with the others
  std::string board;
  std::string model_path;
  std::vector<std::string> settings;  // AXIS=VALUE, of the board and the engine
  std::vector<std::int64_t> batches;  // empty: 1, or `batch` of the settings
  std::vector<std::string> shapes;    // INPUT=1x3x224x224 or AXIS=128, as of `isojoule cost`
  ExpectLimits limits;
  std::optional<double> budget_j;  // of an inference
};

struct PredictAnswer {
  BoardModel model;
  const EnergyModel* used = nullptr;  // of model.file
  PredictPlace place;
  PointChoices choices;
  std::vector<NetworkAnswer> networks;  // as asked, at the first batch
  std::vector<NetworkAnswer> batches;   // the first network at every batch
  std::vector<ExpectedMap> maps;        // of the first network, one a batch
  ExpectedBest best;                    // without limits
  std::optional<ExpectedBest> best_within;
  ExpectLimits limits;
  std::vector<NetworkDifference> differences;  // networks[i + 1] against networks[0]
  std::optional<NetworkBudget> budget;         // of networks[0]
  bool simulated() const { return model.file->simulated; }
};

// Which model, job and clocks are meant; no network yet. `batches` are put in order in `request`.
// Errors: those of asked_setting(), place_of(); invalid (a batch); not_found (a job that the model
// has not; which there are).
Result<PredictAnswer> place_energy(const Paths& paths, const BoardModel& model,
                                   PredictRequest& request);
// Errors: those of place_energy(), named_cost().
Result<PredictAnswer> predict_energy(const Paths& paths, const BoardModel& model,
                                     PredictRequest request);
// Errors: besides, those of board_model().
Result<PredictAnswer> predict_energy(const Paths& paths, const PredictRequest& request);

}  // namespace isojoule
