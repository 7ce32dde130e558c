#include "engine/opencv/worker/profile.h"

#include "engine/layer_statistics.h"

namespace isojoule {
namespace {

struct Row {
  std::vector<double> seconds;  // one a batch
  LayerTime layer;
  bool fused = false;
  bool nameless = false;  // not worth a word where it is fused
};

constexpr const char* kIdentity = "Identity";

// "onnx_node!conv1" -> "conv1"; without a name, "onnx_node_output_0!y" -> "y".
std::string plain_name(const std::string& name) {
  const std::size_t mark = name.find('!');
  return mark == std::string::npos ? name : name.substr(mark + 1);
}

// The layer that a fused one went into: the first with a time of its own on the way up.
Row* owner_of(cv::dnn::Net& net, int id, std::map<int, Row>& rows) {
  for (std::size_t steps = 0; steps <= rows.size(); ++steps) {
    const auto inputs = net.getLayerInputs(id);
    if (inputs.empty()) return nullptr;
    id = net.getLayerId(inputs[0]->name);
    const auto row = rows.find(id);
    if (row == rows.end()) return nullptr;
    if (!row->second.fused) return &row->second;
  }
  return nullptr;
}

}  // namespace

std::vector<LayerTime> layer_times(cv::dnn::Net& net,
                                   const std::vector<std::vector<double>>& ticks_by_batch,
                                   const std::map<std::string, std::string>& operations) {
  std::map<int, Row> rows;  // by layer, in the order of execution
  std::size_t place = 0;
  for (const std::string& name : net.getLayerNames()) {
    const int id = net.getLayerId(name);
    Row& row = rows[id];
    row.layer.name = plain_name(name);
    row.layer.device = "CPU";
    const auto operation = operations.find(row.layer.name);
    row.layer.operation = net.getLayer(id)->type;
    // An Identity of OpenCV's own gives an output the model's name.
    row.nameless = row.layer.operation == kIdentity;
    if (!row.nameless && operation != operations.end()) row.layer.operation = operation->second;
    for (const std::vector<double>& ticks : ticks_by_batch)
      row.seconds.push_back(place < ticks.size() ? ticks[place] / cv::getTickFrequency() : 0);
    ++place;
    set_times(row.layer, row.seconds);
    row.fused = row.layer.time == Second(0);
  }
  for (auto& [id, row] : rows) {
    if (!row.fused || row.nameless) continue;
    if (Row* owner = owner_of(net, id, rows)) owner->layer.operation += "+" + row.layer.operation;
  }
  std::vector<LayerTime> layers;
  for (auto& [id, row] : rows)
    if (!row.fused) layers.push_back(std::move(row.layer));
  return layers;
}

}  // namespace isojoule
