#include "twin/jetson_shape.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <fmt/format.h>

namespace isojoule::twin {
namespace {

using View = toml::node_view<const toml::node>;

tl::unexpected<Error> wrong(std::string what) {
  return fail(ErrorKind::invalid, std::move(what),
              "Compare with the tree.toml of another board and src/twin/jetson_shape.h");
}

std::string text_of(View node) { return node.value_or<std::string>(""); }

std::vector<std::string> texts_of(View node) {
  std::vector<std::string> texts;
  if (const toml::array* array = node.as_array())
    for (const auto& item : *array) texts.push_back(item.value_or<std::string>(""));
  return texts;
}

// A number, or a list of them; `otherwise` where the key is absent.
std::vector<std::int64_t> numbers_of(View node, std::vector<std::int64_t> otherwise = {}) {
  if (const auto one = node.value<std::int64_t>()) return {*one};
  const toml::array* array = node.as_array();
  if (array == nullptr) return otherwise;
  std::vector<std::int64_t> numbers;
  for (const auto& item : *array) numbers.push_back(item.value_or(std::int64_t{-1}));
  return numbers;
}

std::vector<View> tables_of(View node) {
  std::vector<View> tables;
  if (const toml::array* list = node.as_array())
    for (const auto& item : *list)
      if (item.is_table()) tables.emplace_back(item);
  return tables;
}

Result<EmcShape> emc_of(View node) {
  EmcShape emc;
  if (!node.is_table()) return emc;
  emc.driver = text_of(node["driver"]);
  emc.rates_khz = numbers_of(node["rates_khz"]);
  if (emc.driver != "bpmp" && emc.driver != "tegra210")
    return wrong("emc.driver '" + emc.driver + "' is none of bpmp, tegra210");
  const bool rising = std::is_sorted(emc.rates_khz.begin(), emc.rates_khz.end());
  if (emc.rates_khz.empty() || emc.rates_khz.front() <= 0 || !rising)
    return wrong("emc.rates_khz must be numbers above 0 that rise");
  emc.default_khz = node["default_khz"].value_or(emc.rates_khz.back());
  if (std::find(emc.rates_khz.begin(), emc.rates_khz.end(), emc.default_khz) == emc.rates_khz.end())
    return wrong("emc.default_khz is not among emc.rates_khz");
  return emc;
}

Result<std::vector<ClockCapShape>> caps_of(View node) {
  std::vector<ClockCapShape> caps;
  for (const View cap : tables_of(node)) {
    caps.push_back({text_of(cap["path"]), cap["none"].value_or<std::string>("0"),
                    cap["maximum_hz"].value_or(std::int64_t{0})});
    if (!caps.back().path.starts_with("/sys/"))
      return wrong("clock_cap '" + caps.back().path + "': path must begin with /sys/");
  }
  return caps;
}

CpuIdleShape idle_of(View node) {
  CpuIdleShape idle;
  idle.states = static_cast<int>(node["states"].value_or(std::int64_t{0}));
  idle.names = texts_of(node["names"]);
  for (const std::int64_t state : numbers_of(node["disable"]))
    idle.disable.push_back(static_cast<int>(state));
  return idle;
}

// "cores = 4" is CPUs 0 to 3.
std::vector<int> cores_of(View node) {
  std::vector<int> cores;
  if (const auto count = node.value<std::int64_t>()) {
    cores.resize(static_cast<std::size_t>(std::clamp<std::int64_t>(*count, 0, 1024)));
    std::iota(cores.begin(), cores.end(), 0);
  } else {
    for (const std::int64_t cpu : numbers_of(node)) cores.push_back(static_cast<int>(cpu));
  }
  return cores;
}

PowerModeShape mode_of(View node) {
  PowerModeShape mode;
  mode.id = static_cast<int>(node["id"].value_or(std::int64_t{-1}));
  mode.name = text_of(node["name"]);
  mode.cores = cores_of(node["cores"]);
  mode.cpu_max_khz = numbers_of(node["cpu_max_khz"], {-1});
  mode.cpu_min_khz = numbers_of(node["cpu_min_khz"], {-1});
  mode.gpu_max_hz = node["gpu_max_hz"].value_or(std::int64_t{-1});
  mode.gpu_min_hz = node["gpu_min_hz"].value_or(std::int64_t{0});
  mode.emc_max_hz = node["emc_max_hz"].value_or(std::int64_t{0});
  mode.tpc_mask = node["tpc_mask"].value<std::int64_t>();
  if (const toml::table* caps = node["caps"].as_table())
    for (const auto& [name, value] : *caps)
      mode.caps[std::string(name.str())] = value.value_or(std::int64_t{-1});
  return mode;
}

Status check(const NvpmodelShape& shape) {
  std::set<int> ids;
  for (const PowerModeShape& mode : shape.modes) {
    if (mode.id < 0 || mode.name.empty()) return wrong("an [[nvpmodel.mode]] needs id and name");
    if (!ids.insert(mode.id).second) return wrong(fmt::format("nvpmodel.mode {} twice", mode.id));
    if (mode.cpu_max_khz.empty() || mode.cpu_min_khz.empty())
      return wrong(fmt::format("nvpmodel.mode {}: a CPU limit without numbers", mode.id));
  }
  for (const int id : {shape.default_mode, shape.start})
    if (!ids.contains(id)) return wrong(fmt::format("nvpmodel: there is no mode {}", id));
  return {};
}

Result<NvpmodelShape> nvpmodel_of(View node) {
  NvpmodelShape shape;
  if (!node.is_table()) return shape;
  shape.conf = node["conf"].value_or<std::string>("/etc/nvpmodel.conf");
  shape.status = node["status"].value_or(shape.status);
  shape.program = node["program"].value_or(true);
  shape.default_mode = static_cast<int>(node["default"].value_or(std::int64_t{0}));
  shape.start = static_cast<int>(node["start"].value_or(std::int64_t{shape.default_mode}));
  shape.applied = node["applied"].value_or(true);
  for (const View mode : tables_of(node["mode"])) shape.modes.push_back(mode_of(mode));
  ISOJOULE_CHECK(check(shape));
  return shape;
}

}  // namespace

Result<JetsonShape> jetson_shape_of(const toml::table& table) {
  JetsonShape shape;
  ISOJOULE_TRY(shape.emc, emc_of(table["emc"]));
  ISOJOULE_TRY(shape.caps, caps_of(table["clock_cap"]));
  shape.dla.devices = texts_of(table["dla"]["devices"]);
  shape.dla.clocks = texts_of(table["dla"]["clocks"]);
  shape.dla.rate_hz = table["dla"]["rate_hz"].value_or(std::int64_t{0});
  shape.idle = idle_of(table["cpuidle"]);
  ISOJOULE_TRY(shape.nvpmodel, nvpmodel_of(table["nvpmodel"]));
  return shape;
}

}  // namespace isojoule::twin
