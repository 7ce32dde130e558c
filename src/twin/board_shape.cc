#include "twin/board_shape.h"

#include <cstdlib>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "base/text.h"
#include "base/text_file.h"
#include "twin/variant.h"

namespace isojoule::twin {
namespace {

using Texts = std::vector<std::string>;

Texts texts_of(toml::node_view<const toml::node> node) {
  Texts texts;
  if (const toml::array* array = node.as_array())
    for (const auto& item : *array) texts.push_back(item.value_or<std::string>(""));
  return texts;
}

std::vector<int> integers_of(toml::node_view<const toml::node> node) {
  std::vector<int> numbers;
  if (const toml::array* array = node.as_array())
    for (const auto& item : *array) numbers.push_back(static_cast<int>(item.value_or(int64_t{-1})));
  return numbers;
}

std::string text_of(toml::node_view<const toml::node> node) {
  return node.value_or<std::string>("");
}

// Who may read the power chips where the file does not say: L4T up to 32.4 everyone, 32.5 to 35
// root, from 36 on everyone (modes in the drivers of each branch: ina3221x and the iio core,
// ina3221.c's is_visible).
bool sensors_for_everyone(const std::string& access, const std::string& release) {
  if (!access.empty()) return access == "everyone";
  const int major = std::atoi(release.c_str());
  const auto dot = release.find('.');
  const int minor = dot == std::string::npos ? 0 : std::atoi(release.c_str() + dot + 1);
  return major < 32 || (major == 32 && minor <= 4) || major >= 36;
}

CpuShape cpu_of(toml::node_view<const toml::node> node) {
  CpuShape cpu;
  cpu.driver = text_of(node["driver"]);
  cpu.governors = texts_of(node["governors"]);
  cpu.table = node["table"].value_or<std::string>("ascending");
  cpu.first_stays = node["first_stays"].value_or(false);
  cpu.powersave_is = text_of(node["powersave_is"]);
  if (const toml::array* policies = node["policies"].as_array())
    for (const auto& policy : *policies)
      cpu.policies.push_back(integers_of(toml::node_view<const toml::node>(policy)));
  return cpu;
}

GpuShape gpu_of(toml::node_view<const toml::node> node) {
  return {text_of(node["device"]), texts_of(node["links"]), texts_of(node["compatible"]),
          texts_of(node["governors"])};
}

ThermalShape thermal_of(toml::node_view<const toml::node> node) {
  ThermalShape thermal;
  thermal.zones = texts_of(node["zones"]);
  thermal.step_mc = node["step_mc"].value_or(1.0);
  thermal.unpowered = texts_of(node["unpowered"]);
  thermal.unpowered_reads = text_of(node["unpowered_reads"]);
  if (const toml::array* list = node["cooling"].as_array())
    for (const auto& item : *list) {
      const toml::node_view<const toml::node> cooling(item);
      thermal.cooling.push_back(
          {text_of(cooling["type"]), text_of(cooling["zone"]), cooling["trip_c"].value_or(0.0)});
    }
  return thermal;
}

std::vector<ChipShape> chips_of(toml::node_view<const toml::node> node) {
  std::vector<ChipShape> chips;
  if (const toml::array* list = node.as_array())
    for (const auto& item : *list) {
      const toml::node_view<const toml::node> chip(item);
      chips.push_back({text_of(chip["address"]), text_of(chip["device"]), text_of(chip["driver"]),
                       static_cast<int>(chip["samples"].value_or(int64_t{1})),
                       static_cast<int>(chip["conversion_us"].value_or(int64_t{140})),
                       texts_of(chip["rails"]), integers_of(chip["shunt_uohm"]),
                       chip["gain_deviation_percent"].value_or(0.0),
                       chip["offset_deviation_uv"].value_or(0.0)});
    }
  return chips;
}

Status check(const BoardShape& shape, const std::string& kernel, bool has_gpu,
             const std::string& path) {
  const auto wrong = [&](const std::string& what) {
    return fail(ErrorKind::invalid, fmt::format("{}: release {}: {}", path, shape.release, what),
                "Compare with the tree.toml of another board");
  };
  if (kernel != "4.4" && kernel != "4.9" && kernel != "5.10" && kernel != "5.15" &&
      kernel.rfind("6.", 0) != 0)
    return wrong("kernel '" + kernel + "' is none of 4.4, 4.9, 5.10, 5.15, 6.x");
  if ((shape.model.empty() || shape.compatible.empty()) && shape.machine.dmi.empty())
    return wrong("identity is incomplete");
  if (shape.cpu.policies.empty() || shape.cpu.governors.empty()) return wrong("cpu is incomplete");
  if (shape.cpu.table != "ascending" && shape.cpu.table != "descending" &&
      shape.cpu.table != "none")
    return wrong("cpu.table '" + shape.cpu.table + "' is none of ascending, descending, none");
  if (has_gpu && (shape.gpu.device.rfind("/sys/", 0) != 0 || shape.gpu.governors.empty()))
    return wrong("gpu is incomplete");
  for (const ChipShape& chip : shape.chips)
    if ((chip.driver != "iio" && chip.driver != "hwmon") || chip.rails.size() != 3 ||
        chip.shunt_uohm.size() != 3 || chip.device.empty())
      return wrong("chip '" + chip.address + "' is incomplete");
  return {};
}

Result<const toml::table*> find_release(const toml::table& all, const std::string& path,
                                        const std::string& release) {
  const toml::array* list = all["release"].as_array();
  Texts known;
  const toml::table* found = nullptr;
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const toml::table* table = (*list)[i].as_table();
    if (table == nullptr) continue;
    const std::string name = (*table)["name"].value_or<std::string>("");
    known.push_back(name);
    const bool longer = release.rfind(name + ".", 0) == 0;
    if (release.empty() || release == name || longer) found = table;
  }
  if (found != nullptr) return found;
  return fail(ErrorKind::out_of_range, fmt::format("{}: no release '{}'", path, release),
              "Known: " + join(known, ", "));
}

}  // namespace

Result<BoardShape> parse_shape(const std::string& text, const std::string& path,
                               const std::string& release, const std::string& variant) {
  toml::table all;
  try {
    all = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    const auto at = error.source().begin;
    return fail(ErrorKind::parse,
                fmt::format("{}:{}:{}: {}", path, at.line, at.column, error.description()));
  }
  ISOJOULE_TRY(const toml::table* own, find_release(all, path, release));
  const toml::table source = merged(all, own, variant);
  BoardShape shape;
  shape.board = text_of(source["board"]);
  shape.release = text_of(source["name"]);
  const std::string kernel = text_of(source["kernel"]);
  const bool old = kernel == "4.4" || kernel == "4.9";
  shape.kernel = old ? Kernel::k4_9 : kernel == "5.10" ? Kernel::k5_10 : Kernel::k5_15;
  shape.os_release = text_of(source["os_release"]);
  shape.nv_tegra_release = text_of(source["nv_tegra_release"]);
  shape.sensors_for_everyone =
      sensors_for_everyone(text_of(source["sensor_access"]), shape.release);
  shape.model = text_of(source["identity"]["model"]);
  shape.compatible = texts_of(source["identity"]["compatible"]);
  shape.cpu = cpu_of(source["cpu"]);
  shape.gpu = gpu_of(source["gpu"]);
  shape.thermal = thermal_of(source["thermal"]);
  shape.fan = text_of(source["fan"]["kind"]);
  shape.soctherm = text_of(source["soctherm"]["kind"]);
  shape.average_limit_w = source["soctherm"]["average_limit_w"].value_or(0.0);
  shape.instantaneous_limit_w = source["soctherm"]["instantaneous_limit_w"].value_or(0.0);
  shape.chips = chips_of(source["chip"]);
  const auto placed = [&](Error error) {
    error.what = fmt::format("{}: release {}: {}", path, shape.release, error.what);
    return tl::unexpected<Error>(std::move(error));
  };
  auto machine = machine_shape_of(source);
  if (!machine) return placed(machine.error());
  shape.machine = std::move(*machine);
  ISOJOULE_CHECK(check(shape, kernel, source.contains("gpu"), path));
  auto jetson = jetson_shape_of(source);
  if (!jetson) return placed(jetson.error());
  shape.jetson = std::move(*jetson);
  return shape;
}

Result<BoardShape> load_shape(const std::string& path, const std::string& release,
                              const std::string& variant) {
  auto text = read_text_file(path);
  if (!text) {
    if (text.error().kind == ErrorKind::not_found)
      text.error().remedy = "A simulated board needs tree.toml and twin.toml beside board.toml";
    return tl::unexpected<Error>(text.error());
  }
  return parse_shape(*text, path, release, variant);
}

}  // namespace isojoule::twin
