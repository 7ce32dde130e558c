#include "engine/onnxruntime/worker/profile.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

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

void set_times(Node& node, std::size_t skip) {
  std::vector<double>& times = node.seconds;
  times.erase(times.begin(),
              times.begin() + static_cast<std::ptrdiff_t>(std::min(skip, times.size() - 1)));
  double sum = 0, squares = 0;
  for (const double time : times) sum += time;
  const double mean = sum / static_cast<double>(times.size());
  for (const double time : times) squares += (time - mean) * (time - mean);
  node.layer.time = Second(mean);
  if (times.size() > 1)
    node.layer.spread = Second(std::sqrt(squares / static_cast<double>(times.size() - 1)));
  node.layer.batches = static_cast<std::int64_t>(times.size());
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
    set_times(node, skip);
    layers.push_back(std::move(node.layer));
  }
  return layers;
}

}  // namespace isojoule
