#include "engine/onnxruntime/worker/profile.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "engine/layer_statistics.h"

namespace isojoule {
namespace {

using nlohmann::json;

struct Node {
  LayerTime layer;
  std::vector<double> seconds;  // one a batch
};

// "CUDAExecutionProvider" -> "GPU".
std::string device_of(const std::string& provider) {
  if (provider == "CPUExecutionProvider") return "CPU";
  if (provider == "CUDAExecutionProvider" || provider == "TensorrtExecutionProvider") return "GPU";
  return provider;
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Result<std::vector<LayerTime>> layer_times(std::string_view text, std::size_t skip) {
  constexpr std::string_view kEnd = "_kernel_time";
  const json events = json::parse(text, nullptr, false);
  if (!events.is_array())
    return fail(ErrorKind::parse, "the runtime's profile is not a JSON list of events");
  std::vector<Node> nodes;
  std::map<std::string, std::size_t> places;
  for (const json& event : events) {
    if (!event.is_object() || text_at(event, "cat") != "Node") continue;
    const std::string name = text_at(event, "name");
    const auto duration = event.find("dur");
    const auto arguments = event.find("args");
    if (!name.ends_with(kEnd) || duration == event.end() || !duration->is_number() ||
        arguments == event.end() || !arguments->is_object())
      continue;
    const auto [place, is_new] = places.emplace(name, nodes.size());
    if (is_new) {
      Node node;
      node.layer.name = name.substr(0, name.size() - kEnd.size());
      node.layer.operation = text_at(*arguments, "op_name");
      node.layer.device = device_of(text_at(*arguments, "provider"));
      nodes.push_back(std::move(node));
    }
    nodes[place->second].seconds.push_back(duration->get<double>() * 1e-6);
  }
  if (nodes.empty()) return fail(ErrorKind::no_data, "the runtime's profile has no node in it");
  std::vector<LayerTime> layers;
  for (Node& node : nodes) {
    set_times(node.layer, std::span(node.seconds).subspan(std::min(skip, node.seconds.size() - 1)));
    layers.push_back(std::move(node.layer));
  }
  return layers;
}

}  // namespace isojoule
