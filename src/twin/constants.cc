#include "twin/constants.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include <toml++/toml.h>

#include "base/text.h"
#include "twin/variant.h"

namespace isojoule::twin {
namespace {

constexpr std::string_view component_names[] = {"cpu", "gpu", "memory", "soc", "board", "cv"};

std::optional<std::size_t> component_named(std::string_view name) {
  if (name == "ddr") name = "memory";
  const auto found = std::find(std::begin(component_names), std::end(component_names), name);
  if (found == std::end(component_names)) return std::nullopt;
  return static_cast<std::size_t>(found - std::begin(component_names));
}

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

  Status gpu(Constants& c) const {
    ISOJOULE_TRY(c.gpu_frequencies, frequencies("gpu.frequencies_hz", 1));
    ISOJOULE_TRY(c.gpu_governors, strings("gpu.governors"));
    c.default_gpu_governor = root.at_path("gpu.default_governor").value_or(std::string());
    const auto& names = c.gpu_governors;
    if (std::find(names.begin(), names.end(), c.default_gpu_governor) == names.end())
      return bad("gpu.default_governor is not among gpu.governors");
    return {};
  }

  Status numbers(Constants& c) const {
    for (const ConstantField& field : constant_fields()) {
      if (!c.has_gpu() && field.of_gpu()) continue;
      if (c.has_gpu() && field.of_cpu_kernels()) continue;
      if (field.of_dla() && !root.contains("dla")) continue;
      const auto value = root.at_path(field.key).value<double>();
      if (!value && field.optional && !root.at_path(field.key)) continue;
      if (!value) return bad(fmt::format("{} ({}) is missing or no number", field.key, field.unit));
      if (!(*value >= field.lower && *value <= field.upper))
        return bad(fmt::format("{} = {} {} is outside {} .. {}", field.key, *value, field.unit,
                               field.lower, field.upper));
      field.of(c) = *value;
    }
    return {};
  }

  // The words beside the numbers of [precision] and [graph].
  Status choices(Constants& c) const {
    for (std::size_t i = 0; i < precision_names.size(); ++i)
      c.precision_reasons[i] = root.at_path(fmt::format("precision.{}.reason", precision_names[i]))
                                   .value_or(std::string());
    c.has_graph = root.contains("graph");
    const std::string own = root.at_path("graph.own").value_or(std::string("dynamic"));
    if (own != "dynamic" && own != "static") return bad("graph.own must be dynamic or static");
    c.compiled = own == "static";
    return {};
  }

  // The share of the i-th of a rail's feeds; below 0: no number in 0..1.
  static double share_of(const toml::table& rail, std::size_t i) {
    double share = rail["share"].value_or(1.0);
    if (const auto* list = rail["shares"].as_array())
      share = i < list->size() ? (*list)[i].value_or(-1.0) : -1.0;
    return share > 0 && share <= 1 ? share : -1;
  }

  Result<Shares> feeds_of(const toml::table& rail, const std::string& name) const {
    Shares shares{};
    const auto* feeds = rail["feeds"].as_array();
    if (feeds == nullptr) return bad("a [[rail]] needs name and feeds");
    if (const auto* list = rail["shares"].as_array(); list && list->size() != feeds->size())
      return bad("rail " + name + ": shares must be as many as feeds");
    for (std::size_t i = 0; i < feeds->size(); ++i) {
      const auto component = component_named((*feeds)[i].value_or(std::string_view()));
      if (!component)
        return bad("rail " + name +
                   " feeds something that is none of cpu, gpu, memory (or ddr), soc, board, cv");
      const double share = share_of(rail, i);
      if (share < 0) return bad("rail " + name + ": a share must be in (0, 1]");
      shares[*component] = share;
    }
    return shares;
  }

  Status rails(Constants& c) const {
    const auto* array = root["rail"].as_array();
    if (array == nullptr || array->empty()) return bad("no [[rail]]");
    for (const auto& item : *array) {
      const auto* rail = item.as_table();
      const auto name = rail ? (*rail)["name"].value<std::string>() : std::nullopt;
      if (!name) return bad("a [[rail]] needs name and feeds");
      ISOJOULE_TRY(const Shares shares, feeds_of(*rail, *name));
      const double voltage = (*rail)["voltage_v"].value_or(0.0);
      if (!(voltage >= 0 && voltage <= 60))
        return bad("rail " + *name + ": voltage_v must be in 0 .. 60");
      c.rails.push_back(*name);
      c.rail_components.push_back(shares);
      c.rail_voltages.push_back(voltage);
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
  ISOJOULE_TRY(c.cpu_governors, reader.strings("cpu.governors"));
  if (reader.root.contains("gpu") == reader.root.contains("kernels"))
    return reader.bad("either [gpu] or [kernels] (networks on the CPU) is needed");
  if (reader.root.contains("gpu")) ISOJOULE_CHECK(reader.gpu(c));
  ISOJOULE_TRY(c.thermal_zones, reader.strings("thermal.zones"));
  c.default_cpu_governor = reader.root.at_path("cpu.default_governor").value_or(std::string());
  if (!has(c.cpu_governors, c.default_cpu_governor))
    return reader.bad("cpu.default_governor is not among cpu.governors");
  ISOJOULE_CHECK(reader.numbers(c));
  ISOJOULE_CHECK(reader.choices(c));
  ISOJOULE_CHECK(reader.rails(c));
  ISOJOULE_CHECK(reader.networks(c));
  if (c.cpu_voltage.minimum_v > c.cpu_voltage.maximum_v ||
      c.gpu_voltage.minimum_v > c.gpu_voltage.maximum_v ||
      c.dla.voltage.minimum_v > c.dla.voltage.maximum_v)
    return reader.bad("minimum_v is above maximum_v");
  return c;
}

}  // namespace

std::string_view name_of(Component component) {
  return component_names[static_cast<std::size_t>(component)];
}

Result<Constants> parse_constants(const std::string& toml, const std::string& path,
                                  const std::string& variant) {
  try {
    const toml::table root = merged(toml::parse(toml, path), nullptr, variant);
    ISOJOULE_TRY(Constants constants, read(Reader{root, path}));
    for (const std::string_view begin : {"\n[variant.", "\n[[variant."}) {
      const auto at = toml.find(begin);
      if (at != std::string::npos && toml.size() - at > constants.variants.size())
        constants.variants = toml.substr(at);
    }
    return constants;
  } catch (const toml::parse_error& error) {
    return fail(ErrorKind::parse,
                fmt::format("{}:{}:{}: {}", path, error.source().begin.line,
                            error.source().begin.column, error.description()),
                "correct the file");
  }
}

}  // namespace isojoule::twin
