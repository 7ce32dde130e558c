#include "engine/trtexec/profile.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace isojoule::trtexec {
namespace {

using nlohmann::json;

tl::unexpected<Error> wrong(const char* file, const std::string& why) {
  return fail(ErrorKind::parse, std::string("trtexec's ") + file + ": " + why);
}

std::optional<double> number_in(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::optional<std::string> text_in(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

const PlacedLayer* find(const std::vector<PlacedLayer>& layers, const std::string& name) {
  for (const PlacedLayer& layer : layers)
    if (layer.name == name) return &layer;
  return nullptr;
}

// "images to nvm", "head_3 from nvm", "... copy finish": data on its way to a DLA and back.
bool moves_data(std::string_view name) {
  return name.ends_with(" to nvm") || name.ends_with(" from nvm") || name.ends_with(" finish");
}

}  // namespace

Result<Profile> parse_profile(std::string_view text) {
  const json list = json::parse(text, nullptr, false);
  if (list.is_discarded() || !list.is_array()) return wrong("profile", "it is not a JSON list");
  Profile profile;
  for (const json& entry : list) {
    if (!entry.is_object()) return wrong("profile", "an entry is not an object");
    if (const auto count = number_in(entry, "count")) {
      profile.iterations = *count;
      continue;
    }
    const auto name = text_in(entry, "name");
    const auto total = number_in(entry, "timeMs"), average = number_in(entry, "averageMs");
    if (!name || !total || !average) return wrong("profile", "an entry has no name or no times");
    if (*total < 0 || *average < 0) return wrong("profile", "layer '" + *name + "' is below zero");
    profile.rows.push_back({*name, *total, *average, number_in(entry, "medianMs")});
  }
  if (!(profile.iterations >= 1 && profile.iterations < 1e12))
    return wrong("profile", "it does not say over how many batches");
  return profile;
}

Result<Profile> profile_of(const Log& log) {
  if (log.profile.empty() || !log.profiled_iterations || !(*log.profiled_iterations >= 1))
    return fail(ErrorKind::no_data, "trtexec printed no times of layers");
  return Profile{*log.profiled_iterations, log.profile};
}

Result<std::map<std::string, std::string>> parse_layer_info(std::string_view text) {
  const json info = json::parse(text, nullptr, false);
  if (info.is_discarded() || !info.is_object())
    return wrong("layer information", "it is not a JSON object");
  const auto layers = info.find("Layers");
  if (layers == info.end() || !layers->is_array())
    return wrong("layer information", "it has no list 'Layers'");
  std::map<std::string, std::string> kinds;
  for (const json& layer : *layers) {
    if (!layer.is_object()) continue;  // a bare name: not built in detail
    const auto name = text_in(layer, "Name"), kind = text_in(layer, "LayerType");
    if (name && kind) kinds[*name] = *kind;
  }
  return kinds;
}

Placement placement_of(const Log& build) {
  return {build.layers_placed, build.dla_layers, build.gpu_layers};
}

std::string to_text(const Placement& placement) {
  std::string text;
  const auto add = [&text](const char* device, const std::vector<PlacedLayer>& layers) {
    for (const PlacedLayer& layer : layers)
      text += std::string("[") + device + "] " +
              (layer.operation.empty() ? "" : layer.operation + ": ") + layer.name + "\n";
  };
  if (!placement.known) return text;
  text = "Layers Running on DLA\n";
  add("DlaLayer", placement.dla);
  text += "Layers Running on GPU\n";
  add("GpuLayer", placement.gpu);
  return text;
}

Placement placement_from(std::string_view text) {
  LogReader reader;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    reader.line("[I] " + std::string(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return placement_of(reader.log());
}

std::vector<LayerTime> layer_times(const Profile& profile, const Placement& placement, bool on_dla,
                                   const std::map<std::string, std::string>& kinds) {
  std::vector<LayerTime> layers;
  for (const ProfileRow& row : profile.rows) {
    if (row.total_ms == 0) continue;
    LayerTime layer;
    layer.name = row.name;
    layer.time = Second(row.average_ms * 1e-3);
    layer.batches = static_cast<std::int64_t>(std::llround(profile.iterations));
    const PlacedLayer* dla = find(placement.dla, row.name);
    const PlacedLayer* gpu = find(placement.gpu, row.name);
    if (const auto kind = kinds.find(row.name); kind != kinds.end())
      layer.operation = kind->second;
    else if (dla != nullptr || gpu != nullptr)
      layer.operation = dla != nullptr ? dla->operation : gpu->operation;
    // With lists, rows that stand in none are reformatting and the like, on the GPU.
    const bool unlisted =
        placement.known && !moves_data(row.name) && !row.name.starts_with("{ForeignNode[");
    if (dla != nullptr)
      layer.device = "DLA";
    else if (gpu != nullptr || !on_dla || unlisted)
      layer.device = "GPU";
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace isojoule::trtexec
