#include "predict/work.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace isojoule {
namespace {

constexpr std::array<std::string_view, kWorkClasses> kNames{"convolution", "pointwise", "depthwise",
                                                            "product",     "stream",    "view"};

// Sorted. Their outputs are their inputs' memory (cost/operator_cost.cc counts no bytes for them).
constexpr std::string_view kViews[] = {"Dropout", "Flatten", "Identity",
                                       "Reshape", "Squeeze", "Unsqueeze"};
// Sorted. What engines do in the same pass as the product in front of it.
constexpr std::string_view kFusible[] = {"Add",       "BatchNormalization",
                                         "Clip",      "HardSigmoid",
                                         "HardSwish", "LeakyRelu",
                                         "Mul",       "PRelu",
                                         "Relu",      "Sigmoid",
                                         "Tanh"};

template <std::size_t n>
bool is_in(const std::string_view (&names)[n], const std::string& name) {
  return std::binary_search(std::begin(names), std::end(names), std::string_view(name));
}

bool is_convolution(const LayerCost& layer) {
  return layer.operation.find("Conv") != std::string::npos;
}

WorkClass class_of(const LayerCost& layer) {
  if (is_in(kViews, layer.operation)) return WorkClass::view;
  if (layer.rows <= 0) return WorkClass::stream;
  if (!is_convolution(layer)) return WorkClass::product;
  if (layer.groups > 1 && layer.columns == 1) return WorkClass::depthwise;
  return layer.kernel > 1 ? WorkClass::convolution : WorkClass::pointwise;
}

template <typename Of>
double sum(const std::vector<LayerWork>& layers, Of of) {
  double result = 0;
  for (const LayerWork& layer : layers) result += of(layer);
  return result;
}

}  // namespace

std::string_view name_of(WorkClass work_class) {
  return kNames[static_cast<std::size_t>(work_class)];
}

double NetworkWork::macs() const {
  return sum(layers, [](const LayerWork& layer) { return layer.macs; });
}
double NetworkWork::bytes() const {
  return sum(layers, [](const LayerWork& layer) { return layer.bytes(); });
}
double NetworkWork::parameters() const {
  return sum(layers, [](const LayerWork& layer) { return layer.parameters; });
}
double NetworkWork::kernels() const {
  return sum(layers, [](const LayerWork& layer) {
    return layer.work_class == WorkClass::view ? 0.0 : 1.0;
  });
}

LayerWork work_of(const LayerCost& layer) {
  LayerWork work;
  work.work_class = class_of(layer);
  work.macs = static_cast<double>(layer.macs);
  work.other_ops = static_cast<double>(layer.other_ops);
  work.bytes_read = static_cast<double>(layer.bytes_read);
  work.bytes_written = static_cast<double>(layer.bytes_written);
  work.bytes_weights = static_cast<double>(layer.bytes_weights);
  work.parameters = static_cast<double>(layer.parameters);
  work.rows = static_cast<double>(layer.rows);
  work.columns = static_cast<double>(layer.columns);
  work.depth = static_cast<double>(layer.depth);
  work.groups = static_cast<double>(layer.groups);
  work.fusible = is_in(kFusible, layer.operation);
  work.known = layer.known;
  return work;
}

NetworkWork work_of(const NetworkCost& cost) {
  NetworkWork work;
  work.batch = static_cast<double>(cost.batch);
  work.layers.reserve(cost.layers.size());
  for (const LayerCost& layer : cost.layers) {
    work.layers.push_back(work_of(layer));
    // The first layer that does something reads what came from outside.
    if (work.input_bytes == 0 && work.layers.back().work_class != WorkClass::view)
      work.input_bytes = work.layers.back().bytes_read;
  }
  return work;
}

NetworkWork work_of_totals(double batch, double macs, double parameters) {
  NetworkWork work;
  work.batch = batch;
  LayerWork layer;
  layer.work_class = WorkClass::convolution;
  layer.macs = macs;
  layer.parameters = parameters;
  layer.bytes_weights = 4 * parameters;  // FP32
  work.layers.push_back(layer);
  return work;
}

}  // namespace isojoule
