#include "cost/cost.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <unordered_map>
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

class Counter {
 public:
  using Choices = std::unordered_map<const OnnxNode*, const OnnxNetwork*>;
  explicit Counter(NetworkCost& cost, std::shared_ptr<Choices> choices = {})
      : cost_(cost), choices_(choices ? std::move(choices) : std::make_shared<Choices>()) {}

  // Layers of `network`, each counted `times` times, its name behind `prefix`.
  void count(const OnnxNetwork& network, const std::string& prefix, std::int64_t times) {
    for (const OnnxNode& node : network.nodes) {
      if (!node.bodies.empty()) {
        const std::int64_t all = saturating_product({times, node.times});
        count(dearest(node), shortened(prefix + node.name + "/"), all);
        continue;
      }
      LayerCost layer = operator_cost(node, network);
      layer.name = shortened(prefix + layer.name);
      layer.parameters = new_parameters(node, network);
      repeat(layer, times);
      cost_.layers.push_back(std::move(layer));
    }
  }

 private:
  // Parameters that no earlier layer has brought.
  std::int64_t new_parameters(const OnnxNode& node, const OnnxNetwork& network) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const std::int64_t parameters = parameters_of(node, network, i);
      if (parameters == 0 || !seen_.insert(network.tensors.at(node.inputs[i]).identity).second)
        continue;
      sum = saturating_sum(sum, parameters);
    }
    return sum;
  }

  static void repeat(LayerCost& layer, std::int64_t times) {
    for (const Count count :
         {&LayerCost::macs, &LayerCost::other_ops, &LayerCost::bytes_read,
          &LayerCost::bytes_written, &LayerCost::bytes_weights, &LayerCost::groups})
      layer.*count = saturating_product({layer.*count, times});
  }

  // A long name in front of very many layers would fill the memory.
  static std::string shortened(std::string name) {
    constexpr std::size_t kLongest = 1000;
    if (name.size() > kLongest) name = "~" + name.substr(name.size() - kLongest);
    return name;
  }

  // Each choice is made once: an If in an If in an If would else be counted 2^depth times.
  const OnnxNetwork& dearest(const OnnxNode& node) {
    if (node.bodies.size() == 1) return node.bodies[0];
    if (const auto found = choices_->find(&node); found != choices_->end()) return *found->second;
    const OnnxNetwork* best = nullptr;
    std::int64_t most = -1;
    for (const OnnxNetwork& body : node.bodies) {
      NetworkCost cost;
      Counter(cost, choices_).count(body, "", 1);
      if (cost.flops() > most) best = &body;
      most = std::max(most, cost.flops());
    }
    return *choices_->emplace(&node, best).first->second;
  }

  NetworkCost& cost_;
  std::shared_ptr<Choices> choices_;
  std::unordered_set<std::int64_t> seen_;
};

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
  if (network.flops() == kSaturated ||
      saturating_sum(network.bytes_read(), network.bytes_weights()) == kSaturated)
    return fail(ErrorKind::out_of_range, network.name + ": the network is too large to count",
                "Use a smaller batch");
  return {};
}

Result<NetworkCost> cost_of(std::span<const char> file, const CostOptions& options,
                            const std::string& name, const std::string& shown_name,
                            const std::optional<std::string>& folder) {
  ISOJOULE_TRY(const OnnxNetwork network, read_onnx(file, options, shown_name, folder));
  NetworkCost cost;
  cost.name = name;
  cost.batch = network.batch;
  cost.notes = network.notes;
  Counter(cost).count(network, "", 1);
  ISOJOULE_CHECK(check_counts(cost));
  return cost;
}

}  // namespace

std::int64_t flops(const LayerCost& layer) {
  return saturating_sum(saturating_product({layer.macs, 2}), layer.other_ops);
}

std::int64_t NetworkCost::flops() const {
  return saturating_sum(saturating_product({macs(), 2}), other_ops());
}
std::int64_t NetworkCost::macs() const { return total(*this, &LayerCost::macs); }
std::int64_t NetworkCost::other_ops() const { return total(*this, &LayerCost::other_ops); }
std::int64_t NetworkCost::parameters() const { return total(*this, &LayerCost::parameters); }
std::int64_t NetworkCost::bytes_read() const { return total(*this, &LayerCost::bytes_read); }
std::int64_t NetworkCost::bytes_written() const { return total(*this, &LayerCost::bytes_written); }
std::int64_t NetworkCost::bytes_weights() const { return total(*this, &LayerCost::bytes_weights); }

std::vector<std::string> NetworkCost::unknown_operations() const {
  std::set<std::string> names;
  for (const LayerCost& layer : layers)
    if (!layer.known) names.insert(layer.operation);
  return {names.begin(), names.end()};
}

Result<NetworkCost> network_cost(const std::string& model_path, const CostOptions& options) {
  ISOJOULE_TRY(const MappedFile file, MappedFile::open(model_path));
  const std::filesystem::path path(model_path);
  const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
  return cost_of(file.bytes(), options, path.stem().string(), model_path, folder);
}

Result<NetworkCost> network_cost_of_bytes(const std::string& bytes, const CostOptions& options,
                                          const std::string& name) {
  return cost_of(bytes, options, name, name, {});
}

}  // namespace isojoule
