#include "cost/cost.h"

#include <filesystem>
#include <unordered_set>

#include "cost/onnx_reader.h"
#include "cost/operator_cost.h"
#include "cost/saturating.h"

namespace isojoule {
namespace {

using Count = std::int64_t LayerCost::*;

std::int64_t total(const NetworkCost& network, Count count) {
  std::int64_t sum = 0;
  for (const LayerCost& layer : network.layers) sum = saturating_sum(sum, layer.*count);
  return sum;
}

// Parameters that no earlier layer has brought.
std::int64_t new_parameters(const OnnxNode& node, const OnnxNetwork& network,
                            std::unordered_set<std::string>& seen) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (!is_parameter(node, network, i) || !seen.insert(node.inputs[i]).second) continue;
    sum = saturating_sum(sum, saturating_product(network.tensors.at(node.inputs[i]).shape));
  }
  return sum;
}

Status check_counts(const NetworkCost& network) {
  constexpr Count kCounts[] = {&LayerCost::macs,          &LayerCost::other_ops,
                               &LayerCost::bytes_read,    &LayerCost::bytes_written,
                               &LayerCost::bytes_weights, &LayerCost::parameters};
  for (const Count count : kCounts) {
    if (total(network, count) != kSaturated) continue;
    for (const LayerCost& layer : network.layers)
      if (layer.*count == kSaturated)
        return fail(ErrorKind::out_of_range,
                    network.name + ": layer '" + layer.name + "' is too large to count",
                    "Check the shapes of the model, or use a smaller batch");
    return fail(ErrorKind::out_of_range, network.name + ": the network is too large to count",
                "Use a smaller batch");
  }
  return {};
}

Result<NetworkCost> cost_of(std::span<const char> file, std::int64_t batch, const std::string& name,
                            const std::string& shown_name) {
  ISOJOULE_TRY(const OnnxNetwork network, read_onnx(file, batch, shown_name));
  NetworkCost cost;
  cost.name = name;
  cost.batch = network.batch;
  std::unordered_set<std::string> seen;
  for (const OnnxNode& node : network.nodes) {
    LayerCost layer = operator_cost(node, network);
    layer.parameters = new_parameters(node, network, seen);
    cost.layers.push_back(std::move(layer));
  }
  ISOJOULE_CHECK(check_counts(cost));
  return cost;
}

}  // namespace

std::int64_t NetworkCost::macs() const { return total(*this, &LayerCost::macs); }
std::int64_t NetworkCost::other_ops() const { return total(*this, &LayerCost::other_ops); }
std::int64_t NetworkCost::parameters() const { return total(*this, &LayerCost::parameters); }
std::int64_t NetworkCost::bytes_read() const { return total(*this, &LayerCost::bytes_read); }
std::int64_t NetworkCost::bytes_written() const { return total(*this, &LayerCost::bytes_written); }
std::int64_t NetworkCost::bytes_weights() const { return total(*this, &LayerCost::bytes_weights); }

Result<NetworkCost> network_cost(const std::string& model_path, std::int64_t batch) {
  ISOJOULE_TRY(const MappedFile file, MappedFile::open(model_path));
  return cost_of(file.bytes(), batch, std::filesystem::path(model_path).stem().string(),
                 model_path);
}

Result<NetworkCost> network_cost_of_bytes(const std::string& bytes, std::int64_t batch,
                                          const std::string& name) {
  return cost_of(bytes, batch, name, name);
}

}  // namespace isojoule
