#include "twin/constants.h"

#include <fmt/format.h>

#include <toml++/toml.h>

#include "base/text.h"

namespace isojoule::twin {
namespace {

constexpr std::string_view component_names[] = {"cpu", "gpu", "memory", "soc", "board"};

struct Reader {
  const toml::table& root;
  const std::string& path;

  tl::unexpected<Error> bad(const std::string& what) const {
    return fail(ErrorKind::invalid, path + ": " + what,
                "correct the file, or write it anew with isojoule-fit-twin");
  }

  Result<std::vector<std::string>> strings(std::string_view key) const {
    std::vector<std::string> out;
    const auto* array = root.at_path(key).as_array();
    if (array == nullptr || array->empty())
      return bad(std::string(key) + " must be a list of names");
    for (const auto& item : *array) {
      const auto text = item.value<std::string>();
      if (!text) return bad(std::string(key) + " must hold names only");
      out.push_back(*text);
    }
    return out;
  }

  Result<std::vector<Hertz>> frequencies(std::string_view key, double scale) const {
    std::vector<Hertz> out;
    const auto* array = root.at_path(key).as_array();
    if (array == nullptr || array->empty()) return bad(std::string(key) + " must be a list");
    for (const auto& item : *array) {
      const auto value = item.value<double>();
      if (!value || *value <= 0) return bad(std::string(key) + " must hold numbers above 0");
      if (!out.empty() && *value * scale <= out.back().value())
        return bad(std::string(key) + " must rise");
      out.emplace_back(*value * scale);
    }
    return out;
  }

  Status numbers(Constants& c) const {
    for (const ConstantField& field : constant_fields()) {
      const auto value = root.at_path(field.key).value<double>();
      if (!value) return bad(fmt::format("{} ({}) is missing or no number", field.key, field.unit));
      if (!(*value >= field.lower && *value <= field.upper))
        return bad(fmt::format("{} = {} {} is outside {} .. {}", field.key, *value, field.unit,
                               field.lower, field.upper));
      field.of(c) = *value;
    }
    return {};
  }

  Status rails(Constants& c) const {
    const auto* array = root["rail"].as_array();
    if (array == nullptr || array->empty()) return bad("no [[rail]]");
    for (const auto& item : *array) {
      const auto* rail = item.as_table();
      const auto name = rail ? (*rail)["name"].value<std::string>() : std::nullopt;
      const auto* feeds = rail ? (*rail)["feeds"].as_array() : nullptr;
      if (!name || feeds == nullptr) return bad("a [[rail]] needs name and feeds");
      std::array<bool, component_count> mask{};
      for (const auto& part : *feeds) {
        const auto found = std::find(std::begin(component_names), std::end(component_names),
                                     part.value_or(std::string_view()));
        if (found == std::end(component_names))
          return bad("rail " + *name +
                     " feeds something that is none of cpu, gpu, memory, soc, board");
        mask[static_cast<std::size_t>(found - std::begin(component_names))] = true;
      }
      c.rails.push_back(*name);
      c.rail_components.push_back(mask);
    }
    return {};
  }

  Result<NetworkConstants> network(const toml::table& table, const std::string& name) const {
    NetworkConstants out;
    out.kernel_efficiency = table["kernel_efficiency"].value_or(-1.0);
    out.cpu_cycles_per_inference = table["cpu_cycles_per_inference"].value_or(-1.0);
    if (!(out.kernel_efficiency > 0 && out.kernel_efficiency <= 1))
      return bad("network." + name + ".kernel_efficiency must be in (0, 1]");
    if (!(out.cpu_cycles_per_inference >= 0))
      return bad("network." + name + ".cpu_cycles_per_inference must be 0 or more");
    return out;
  }

  Status networks(Constants& c) const {
    const auto* tables = root["network"].as_table();
    if (tables == nullptr) return bad("no [network.NAME]");
    bool other = false;
    for (const auto& [key, node] : *tables) {
      if (!node.is_table()) return bad("network." + std::string(key.str()) + " is no table");
      ISOJOULE_TRY(NetworkConstants one, network(*node.as_table(), std::string(key.str())));
      if (key.str() == "other") {
        c.other_networks = one;
        other = true;
      } else {
        c.networks[std::string(key.str())] = one;
      }
    }
    if (!other) return bad("no [network.other]");
    return {};
  }
};

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Result<Constants> read(const Reader& reader) {
  Constants c;
  c.board = reader.root["board"].value_or(std::string());
  if (c.board.empty()) return reader.bad("no board");
  c.cores = reader.root.at_path("cpu.cores").value_or(0);
  if (c.cores < 1) return reader.bad("cpu.cores must be 1 or more");
  c.supply_voltage_v = reader.root.at_path("power.supply_v").value_or(0.0);
  if (!(c.supply_voltage_v > 0)) return reader.bad("power.supply_v must be above 0");
  ISOJOULE_TRY(c.cpu_frequencies, reader.frequencies("cpu.frequencies_khz", 1e3));
  ISOJOULE_TRY(c.gpu_frequencies, reader.frequencies("gpu.frequencies_hz", 1));
  ISOJOULE_TRY(c.cpu_governors, reader.strings("cpu.governors"));
  ISOJOULE_TRY(c.gpu_governors, reader.strings("gpu.governors"));
  ISOJOULE_TRY(c.thermal_zones, reader.strings("thermal.zones"));
  c.default_cpu_governor = reader.root.at_path("cpu.default_governor").value_or(std::string());
  c.default_gpu_governor = reader.root.at_path("gpu.default_governor").value_or(std::string());
  if (!has(c.cpu_governors, c.default_cpu_governor))
    return reader.bad("cpu.default_governor is not among cpu.governors");
  if (!has(c.gpu_governors, c.default_gpu_governor))
    return reader.bad("gpu.default_governor is not among gpu.governors");
  ISOJOULE_CHECK(reader.numbers(c));
  ISOJOULE_CHECK(reader.rails(c));
  ISOJOULE_CHECK(reader.networks(c));
  if (c.cpu_voltage.minimum_v > c.cpu_voltage.maximum_v ||
      c.gpu_voltage.minimum_v > c.gpu_voltage.maximum_v)
    return reader.bad("minimum_v is above maximum_v");
  return c;
}

}  // namespace

std::string_view name_of(Component component) {
  return component_names[static_cast<std::size_t>(component)];
}

Result<Constants> parse_constants(const std::string& toml, const std::string& path) {
  try {
    const toml::table root = toml::parse(toml, path);
    return read(Reader{root, path});
  } catch (const toml::parse_error& error) {
    return fail(ErrorKind::parse,
                fmt::format("{}:{}:{}: {}", path, error.source().begin.line,
                            error.source().begin.column, error.description()),
                "correct the file");
  }
}

}  // namespace isojoule::twin
