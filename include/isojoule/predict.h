// Energy and time of networks that were not run, from a model that `isojoule fit` made of a board.
//
// Energies are joules, times seconds, frequencies hertz; of one inference unless the name says
// otherwise; the board's module total, gross (idle power included), in the inference phase.
// Intervals are of 90 %, tested on networks that the model had not seen (docs/predict.md). Nothing
// here measures: check `simulated` before a figure is shown as one of a real board.
//
//   auto predictor = isojoule::EnergyPredictor::of_board("twin:jetson-tx2");
//   auto here = predictor->at({.setting = {{"gpu_frequency", "921.6MHz"}}, .batch = 8});
//   std::vector layers = {isojoule::CandidateLayer::convolution(
//       {.in = 3, .out = 32, .kernel = 3, .stride = 2, .height = 224, .width = 224})};
//   auto cost = here->network(layers);  // no file
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "isojoule/error.h"
#include "isojoule/network.h"

namespace isojoule {

// A prediction with its 90 % interval; high is infinite where the model states none.
struct Forecast {
  double value = 0;
  double low = 0, high = 0;
};

struct LayerForecast {
  std::string name;
  std::string operation;  // ONNX op_type
  bool known = true;      // false: an operator whose operations are not counted
  double share = 0;       // of the network's energy, 0 .. 1
  Forecast energy_j;
  std::optional<Forecast> time_s;  // absent: the model was fitted without times
};

struct PredictedNetwork {
  std::string network;
  std::string board;
  bool simulated = false;  // the model is of a simulated board: no evidence about a real one
  std::int64_t batch = 1;
  std::map<std::string, double> setting;  // "gpu_frequency_hz" -> 921600000, as it was taken
  Forecast energy_j;
  std::optional<Forecast> time_s;
  std::optional<double> power_w;  // mean
  std::vector<LayerForecast> layers;
  double rest_j = 0;                  // belongs to no layer
  std::vector<std::string> cautions;  // outside of what was measured, unknown operators
  std::vector<std::string> notes;     // clocks that were taken for those asked
};

struct PredictOptions {
  // Axis -> value as on the command line: {"gpu_frequency", "921.6MHz"}, {"accelerator", "dla"}.
  // Clocks that are not named are the board's highest.
  std::map<std::string, std::string> setting;
  std::int64_t batch = 1;
};

// ---- Layers without a file, for the search of architectures -------------------------------------

// What a layer has to do for one input, in plain numbers. Sizes that are 0 or negative are found by
// the call that predicts.
struct CandidateLayer {
  // `height` and `width` are those of what goes in, padded so that what comes out is height /
  // stride and width / stride, rounded up. groups = in = out: depthwise.
  struct Convolution {
    std::int64_t in = 1, out = 1;
    std::int64_t kernel = 1;  // square
    std::int64_t stride = 1;
    std::int64_t height = 1, width = 1;
    std::int64_t groups = 1;
    bool bias = true;
  };
  struct FullyConnected {
    std::int64_t in = 1, out = 1;
    bool bias = true;
  };
  // An activation, an addition, a pooling: so many numbers in and out.
  struct ElementWise {
    std::int64_t inputs = 1, outputs = 1;
    std::int64_t operations = 1;  // on each output
    bool behind_product = true;   // an engine may do it together with the layer before it
  };
  static CandidateLayer convolution(const Convolution& layer);
  static CandidateLayer fully_connected(const FullyConnected& layer);
  static CandidateLayer element_wise(const ElementWise& layer);
  // A layer of describe_network(), which was asked for with this batch.
  static CandidateLayer described(const LayerDescription& layer, std::int64_t batch = 1);

  enum class Kind : std::uint8_t {
    convolution,  // dense or grouped, kernel larger than one position
    pointwise,    // dense, one position
    depthwise,    // a group for each channel
    product,      // fully connected, MatMul, attention, recurrent
    stream,       // element by element, pooling, normalisation, movement of data
    view          // another name for the same memory
  } kind = Kind::stream;
  bool fusible = false;
  bool known = true;
  double macs = 0, other_operations = 0;
  double bytes_read = 0, bytes_written = 0;  // FP32 activations
  double bytes_weights = 0;                  // read once a batch
  double parameters = 0;
  // The matrix product, as in LayerDescription; 0 where it is none.
  double rows = 0, columns = 0, depth = 0, groups = 0;
};

// What a list of layers costs. Numbers only.
struct CandidateForecast {
  Forecast energy_j;
  Forecast time_s;        // all 0 where the model was fitted without times
  double rest_j = 0;      // belongs to no layer
  bool cautious = false;  // outside of what the model was fitted on
};

// One job at one setting of the board. Copies are cheap; any thread may use one.
class PredictorAt {
 public:
  // A network of these layers: of numbers alone, millions of layers a second.
  // Errors: invalid (no layers; a number that is negative, not finite, or beyond 2^63).
  Result<CandidateForecast> network(std::span<const CandidateLayer> layers) const;
  // The same, and every layer for itself: `each` has as many elements as `layers`.
  struct LayerNumbers {
    Forecast energy_j, time_s;
  };
  Result<CandidateForecast> network(std::span<const CandidateLayer> layers,
                                    std::span<LayerNumbers> each) const;
  std::int64_t batch() const;
  const std::vector<std::string>& notes() const;

 private:
  friend class EnergyPredictor;
  struct State;
  std::shared_ptr<const State> state_;
};

// A model file of a board. Copies are cheap; any thread may use one.
class EnergyPredictor {
 public:
  // What `isojoule fit -o FILE` wrote. Errors: not_found, parse, unsupported.
  static Result<EnergyPredictor> open(const std::string& model_file);
  // The model that was fitted last for "NAME" or "twin:NAME", or came along with the program.
  // Errors: not_found, with the commands that make one.
  static Result<EnergyPredictor> of_board(const std::string& board);

  const std::string& board() const;
  bool simulated() const;

  // An ONNX file, or a name of `isojoule zoo list`. Errors: those of describe_network();
  // unsupported (a governor; an axis that the model has not learnt), not_found (a job that it has
  // not), out_of_range (far from every clock of the board).
  Result<PredictedNetwork> predict(const std::string& network,
                                   const PredictOptions& options = {}) const;
  // For many predictions at one setting. Errors: as predict().
  Result<PredictorAt> at(const PredictOptions& options = {}) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace isojoule
