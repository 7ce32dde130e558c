// The public API of predictions (isojoule/predict.h) over the rooms.
#include <algorithm>
#include <cmath>

#include "app/predict_energy.h"
#include "isojoule/predict.h"

namespace isojoule {

struct EnergyPredictor::State {
  Paths paths;
  BoardModel model;
};

struct PredictorAt::State {
  std::shared_ptr<const EnergyModelFile> file;  // owns `model`
  const EnergyModel* model = nullptr;
  OperatingPoint point;
  std::int64_t batch = 1;
  std::vector<std::string> notes;
};

namespace {

constexpr double kBytesOfFp32 = 4;
// Sums of a network then stay far from where doubles lose whole numbers' meaning.
constexpr double kMostNumber = 9.2e18;  // 2^63

double ceil_of(std::int64_t size, std::int64_t stride) {
  return std::ceil(static_cast<double>(size) / static_cast<double>(stride));
}

WorkClass class_of_kind(CandidateLayer::Kind kind) {
  switch (kind) {
    case CandidateLayer::Kind::convolution: return WorkClass::convolution;
    case CandidateLayer::Kind::pointwise: return WorkClass::pointwise;
    case CandidateLayer::Kind::depthwise: return WorkClass::depthwise;
    case CandidateLayer::Kind::product: return WorkClass::product;
    case CandidateLayer::Kind::stream: return WorkClass::stream;
    case CandidateLayer::Kind::view: return WorkClass::view;
  }
  return WorkClass::stream;
}

CandidateLayer::Kind kind_of_class(WorkClass work_class) {
  switch (work_class) {
    case WorkClass::convolution: return CandidateLayer::Kind::convolution;
    case WorkClass::pointwise: return CandidateLayer::Kind::pointwise;
    case WorkClass::depthwise: return CandidateLayer::Kind::depthwise;
    case WorkClass::product: return CandidateLayer::Kind::product;
    case WorkClass::stream: return CandidateLayer::Kind::stream;
    case WorkClass::view: return CandidateLayer::Kind::view;
  }
  return CandidateLayer::Kind::stream;
}

// Every number of a layer is finite and not negative, and a product's MACs are above 0.
bool is_sound(const CandidateLayer& layer) {
  for (const double value : {layer.macs, layer.other_operations, layer.bytes_read,
                             layer.bytes_written, layer.bytes_weights, layer.parameters, layer.rows,
                             layer.columns, layer.depth, layer.groups})
    if (!(value >= 0 && value <= kMostNumber)) return false;
  const bool is_product =
      layer.kind != CandidateLayer::Kind::stream && layer.kind != CandidateLayer::Kind::view;
  return !is_product || layer.macs > 0;
}

void take(const CandidateLayer& layer, double batch, LayerWork& work) {
  work.work_class = class_of_kind(layer.kind);
  work.macs = layer.macs * batch;
  work.other_ops = layer.other_operations * batch;
  work.bytes_read = layer.bytes_read * batch;
  work.bytes_written = layer.bytes_written * batch;
  work.bytes_weights = layer.bytes_weights;
  work.parameters = layer.parameters;
  work.rows = layer.rows * batch;
  work.columns = layer.columns;
  work.depth = layer.depth;
  work.groups = layer.groups;
  work.fusible = layer.fusible;
  work.known = layer.known;
}

Status check_layers(std::span<const CandidateLayer> layers) {
  if (layers.empty()) return fail(ErrorKind::invalid, "a network of no layers");
  const auto unsound = std::find_if_not(layers.begin(), layers.end(), is_sound);
  if (unsound == layers.end()) return {};
  return fail(ErrorKind::invalid,
              "layer " + std::to_string(unsound - layers.begin()) +
                  " has a size that is 0, negative or too large",
              "Sizes and strides are whole numbers above 0, and groups divide the channels");
}

// What a thread keeps from call to call, so that a call in a loop allocates nothing.
struct Scratch {
  NetworkWork work;
  std::vector<LayerPrediction> layers;
};
Scratch& scratch() {
  thread_local Scratch kept;
  return kept;
}

Forecast forecast_of(double value, const Interval& interval, double by) {
  return {value / by, interval.low / by, interval.high / by};
}
std::optional<Forecast> forecast_of(const std::optional<double>& value,
                                    const std::optional<Interval>& interval, double by) {
  if (!value) return std::nullopt;
  return forecast_of(*value, interval.value_or(Interval{0, INFINITY}), by);
}

const NetworkWork& work_of_layers(std::span<const CandidateLayer> layers, double batch) {
  NetworkWork& work = scratch().work;
  work.batch = batch;
  work.input_bytes = 0;
  work.layers.resize(layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    take(layers[i], batch, work.layers[i]);
    if (work.input_bytes == 0 && work.layers[i].work_class != WorkClass::view)
      work.input_bytes = work.layers[i].bytes_read;
  }
  return work;
}

Forecast forecast_of(double value, const ConformalSpread& spread, double log_sd, double by) {
  return forecast_of(value, spread.around(value, log_sd), by);
}

bool is_in_range(const EnergyModel& model, const std::string& range, double value) {
  const auto found = model.ranges.find(range);
  return found == model.ranges.end() ||
         (value >= found->second.first * 0.99 && value <= found->second.second * 1.01);
}

// As EnergyModel::predict(), without its texts.
CandidateForecast forecast_of_batch(const EnergyModel& model, const OperatingPoint& point,
                                    const NetworkWork& work, const Prediction& batch) {
  static const std::string batch_range = "batch", macs_range = "macs";
  CandidateForecast result;
  result.energy_j =
      forecast_of(batch.energy_j, model.network_energy, batch.energy_log_sd, work.batch);
  if (batch.time_s)
    result.time_s = forecast_of(*batch.time_s, model.network_time, batch.time_log_sd, work.batch);
  result.cautious = is_outside(model, point) || !is_in_range(model, batch_range, work.batch) ||
                    !is_in_range(model, macs_range, work.macs() / work.batch);
  return result;
}

std::vector<std::string> words_of(const std::map<std::string, std::string>& setting) {
  std::vector<std::string> words;
  for (const auto& [axis, value] : setting) words.push_back(axis + "=" + value);
  return words;
}

PredictedNetwork public_network(const PredictAnswer& answer) {
  const NetworkAnswer& network = answer.networks.front();
  const double each = network.inferences();
  PredictedNetwork result;
  result.network = network.network;
  result.board = answer.model.board;
  result.simulated = answer.simulated();
  result.batch = network.batch;
  for (const PointAxis& axis : kPointAxes)
    if (const double value = answer.place.point.*axis.value; value > 0)
      result.setting[key_with_unit(axis.axis)] = value;
  result.energy_j = forecast_of(network.total.energy_j, network.total.energy_90, each);
  result.time_s = forecast_of(network.total.time_s, network.total.time_90, each);
  result.power_w = network.total.power_w();
  for (const LayerAnswer& layer : network.layers) {
    LayerForecast one{layer.name,
                      layer.operation,
                      layer.known,
                      layer.share,
                      forecast_of(layer.predicted.energy_j, layer.predicted.energy_90, each),
                      {}};
    if (network.total.time_s)
      one.time_s = forecast_of(layer.predicted.time_s, layer.predicted.time_90, each);
    result.layers.push_back(std::move(one));
  }
  result.rest_j = network.rest.energy_j / each;
  result.cautions = network.cautions;
  result.notes = answer.model.notes;
  result.notes.insert(result.notes.end(), answer.place.notes.begin(), answer.place.notes.end());
  return result;
}

}  // namespace

// Counted as cost/operator_cost.cc counts Conv; a bias is an operation on each output there.
CandidateLayer CandidateLayer::convolution(const Convolution& layer) {
  CandidateLayer result;
  result.kind = Kind::convolution;
  const bool divides =
      layer.groups > 0 && layer.in % layer.groups == 0 && layer.out % layer.groups == 0;
  if (layer.in <= 0 || layer.out <= 0 || layer.kernel <= 0 || layer.stride <= 0 ||
      layer.height <= 0 || layer.width <= 0 || !divides)
    return result;  // no MACs: refused where it is predicted
  const auto in = static_cast<double>(layer.in), out = static_cast<double>(layer.out);
  const auto groups = static_cast<double>(layer.groups);
  const double kernel = static_cast<double>(layer.kernel) * static_cast<double>(layer.kernel);
  result.rows = ceil_of(layer.height, layer.stride) * ceil_of(layer.width, layer.stride);
  result.columns = out / groups;
  result.depth = in / groups * kernel;
  result.groups = groups;
  result.macs = result.rows * result.columns * result.depth * groups;
  result.other_operations = layer.bias ? result.rows * out : 0;
  result.parameters = out * result.depth + (layer.bias ? out : 0);
  result.bytes_weights = kBytesOfFp32 * result.parameters;
  result.bytes_read =
      kBytesOfFp32 * in * static_cast<double>(layer.height) * static_cast<double>(layer.width);
  result.bytes_written = kBytesOfFp32 * out * result.rows;
  if (layer.groups > 1 && layer.out == layer.groups)
    result.kind = Kind::depthwise;
  else if (layer.kernel == 1)
    result.kind = Kind::pointwise;
  return result;
}

CandidateLayer CandidateLayer::fully_connected(const FullyConnected& layer) {
  CandidateLayer result;
  result.kind = Kind::product;
  if (layer.in <= 0 || layer.out <= 0) return result;
  const auto in = static_cast<double>(layer.in), out = static_cast<double>(layer.out);
  result.rows = 1;
  result.columns = out;
  result.depth = in;
  result.groups = 1;
  result.macs = in * out;
  result.other_operations = layer.bias ? out : 0;
  result.parameters = in * out + (layer.bias ? out : 0);
  result.bytes_weights = kBytesOfFp32 * result.parameters;
  result.bytes_read = kBytesOfFp32 * in;
  result.bytes_written = kBytesOfFp32 * out;
  return result;
}

CandidateLayer CandidateLayer::element_wise(const ElementWise& layer) {
  CandidateLayer result;
  result.fusible = layer.behind_product;
  const bool sound = layer.inputs > 0 && layer.outputs > 0 && layer.operations >= 0;
  const double outputs = sound ? static_cast<double>(layer.outputs) : -1;
  result.other_operations = outputs * static_cast<double>(layer.operations);
  result.bytes_read = kBytesOfFp32 * static_cast<double>(layer.inputs);
  result.bytes_written = kBytesOfFp32 * outputs;
  return result;
}

CandidateLayer CandidateLayer::described(const LayerDescription& layer, std::int64_t batch) {
  LayerCost cost;
  cost.operation = layer.operation;
  cost.macs = layer.macs;
  cost.other_ops = layer.other_operations;
  cost.bytes_read = layer.bytes_read;
  cost.bytes_written = layer.bytes_written;
  cost.bytes_weights = layer.bytes_weights;
  cost.parameters = layer.parameters;
  cost.rows = layer.rows;
  cost.columns = layer.columns;
  cost.depth = layer.depth;
  cost.groups = layer.groups;
  cost.kernel = layer.kernel;
  cost.known = layer.known;
  const LayerWork work = work_of(cost);
  CandidateLayer result;
  result.bytes_read = -1;  // refused where it is predicted
  if (batch < 1) return result;
  const auto each = static_cast<double>(batch);
  result.kind = kind_of_class(work.work_class);
  result.fusible = work.fusible;
  result.known = work.known;
  result.macs = work.macs / each;
  result.other_operations = work.other_ops / each;
  result.bytes_read = work.bytes_read / each;
  result.bytes_written = work.bytes_written / each;
  result.bytes_weights = work.bytes_weights;
  result.parameters = work.parameters;
  result.rows = work.rows / each;
  result.columns = work.columns;
  result.depth = work.depth;
  result.groups = work.groups;
  return result;
}

Result<CandidateForecast> PredictorAt::network(std::span<const CandidateLayer> layers) const {
  ISOJOULE_CHECK(check_layers(layers));
  const NetworkWork& work = work_of_layers(layers, static_cast<double>(state_->batch));
  const EnergyModel& model = *state_->model;
  return forecast_of_batch(model, state_->point, work, model.predictor->batch(work, state_->point));
}

Result<CandidateForecast> PredictorAt::network(std::span<const CandidateLayer> layers,
                                               std::span<LayerNumbers> each) const {
  if (each.size() != layers.size())
    return fail(ErrorKind::invalid, "there are not as many results as layers");
  ISOJOULE_CHECK(check_layers(layers));
  const auto batch = static_cast<double>(state_->batch);
  const NetworkWork& work = work_of_layers(layers, batch);
  const EnergyModel& model = *state_->model;
  const Prediction whole = model.predictor->batch(work, state_->point);
  CandidateForecast result = forecast_of_batch(model, state_->point, work, whole);
  std::vector<LayerPrediction>& parts = scratch().layers;
  parts.resize(layers.size());
  result.rest_j = model.predictor->layers(work, state_->point, parts).energy_j / batch;
  for (std::size_t i = 0; i < each.size(); ++i)
    each[i] = {forecast_of(parts[i].energy_j, model.layer_energy, whole.energy_log_sd, batch),
               whole.time_s
                   ? forecast_of(parts[i].time_s, model.layer_time, whole.time_log_sd, batch)
                   : Forecast{}};
  return result;
}

std::int64_t PredictorAt::batch() const { return state_->batch; }
const std::vector<std::string>& PredictorAt::notes() const { return state_->notes; }

Result<EnergyPredictor> EnergyPredictor::open(const std::string& model_file) {
  auto state = std::make_shared<State>();
  ISOJOULE_TRY(state->paths, find_paths());
  ISOJOULE_TRY(state->model, board_model(state->paths, "", model_file));
  EnergyPredictor predictor;
  predictor.state_ = std::move(state);
  return predictor;
}

Result<EnergyPredictor> EnergyPredictor::of_board(const std::string& board) {
  auto state = std::make_shared<State>();
  ISOJOULE_TRY(state->paths, find_paths());
  ISOJOULE_TRY(state->model, board_model(state->paths, board, ""));
  EnergyPredictor predictor;
  predictor.state_ = std::move(state);
  return predictor;
}

const std::string& EnergyPredictor::board() const { return state_->model.board; }
bool EnergyPredictor::simulated() const { return state_->model.file->simulated; }

Result<PredictedNetwork> EnergyPredictor::predict(const std::string& network,
                                                  const PredictOptions& options) const {
  PredictRequest request;
  request.networks = {network};
  request.settings = words_of(options.setting);
  request.batches = {options.batch};
  ISOJOULE_TRY(const PredictAnswer answer, predict_energy(state_->paths, state_->model, request));
  return public_network(answer);
}

Result<PredictorAt> EnergyPredictor::at(const PredictOptions& options) const {
  PredictRequest request;
  request.settings = words_of(options.setting);
  request.batches = {options.batch};
  ISOJOULE_TRY(const PredictAnswer answer, place_energy(state_->paths, state_->model, request));
  auto state = std::make_shared<PredictorAt::State>();
  state->file = answer.model.file;
  state->model = answer.used;
  state->point = answer.place.point;
  state->batch = options.batch;
  state->notes = answer.model.notes;
  state->notes.insert(state->notes.end(), answer.place.notes.begin(), answer.place.notes.end());
  PredictorAt at;
  at.state_ = std::move(state);
  return at;
}

}  // namespace isojoule
