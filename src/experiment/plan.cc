#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/toml_reader.h"
#include "data/value_text.h"
#include "experiment/experiment.h"

namespace isojoule {
namespace {

bool needs_unit(const AxisKey& key) { return !key.has_unit && key.axis.ends_with("frequency"); }

class PlanReader {
 public:
  explicit PlanReader(const TomlReader& toml) : toml_(toml) {}

  Result<Plan> read() {
    const toml::table& root = toml_.root();
    ISOJOULE_CHECK(toml_.check_keys(
        root, {"name", "board", "engine", "options", "protocol", "baseline", "grid"}, "the plan"));
    ISOJOULE_CHECK(toml_.read(root, "name", plan_.name));
    ISOJOULE_CHECK(toml_.read(root, "board", plan_.board));
    ISOJOULE_CHECK(toml_.read(root, "engine", plan_.engine));
    ISOJOULE_CHECK(read_options());
    ISOJOULE_CHECK(read_protocol());
    ISOJOULE_TRY(const auto baselines, toml_.tables(root, "baseline"));
    for (const toml::table* table : baselines) ISOJOULE_CHECK(read_baseline(*table));
    ISOJOULE_TRY(const auto grids, toml_.tables(root, "grid"));
    if (grids.empty())
      return toml_.error(root, "the plan has no [[grid]]",
                         "Add one with networks = [...] and axes = {...}");
    for (const toml::table* table : grids) ISOJOULE_CHECK(read_grid(*table));
    return std::move(plan_);
  }

 private:
  Status read_options() {
    const toml::node* node = toml_.root().get("options");
    if (node == nullptr) return {};
    if (!node->is_table()) return toml_.error(*node, "'options' must be a table, [options]");
    for (const auto& [key, value] : *node->as_table()) {
      const std::string name(key.str());
      if (const auto* text = value.as_string())
        plan_.options[name] = text->get();
      else if (const auto* whole = value.as_integer())
        plan_.options[name] = std::to_string(whole->get());
      else
        return toml_.error(value, "option '" + name + "' must be a text or a whole number");
    }
    return {};
  }

  Status read_protocol() {
    const toml::node* node = toml_.root().get("protocol");
    if (node == nullptr) return {};
    if (!node->is_table()) return toml_.error(*node, "'protocol' must be a table, [protocol]");
    const toml::table& table = *node->as_table();
    ISOJOULE_CHECK(toml_.check_keys(
        table,
        {"inferences", "warmup_batches", "warmup_s", "warmup_until_stable", "profile_batches",
         "repeats", "sampling_period_ms", "settle_ms", "idle_ms", "start_temperature_c",
         "cool_down_s", "variation_percent", "seed", "keep_traces"},
        "[protocol]"));
    Protocol& protocol = plan_.protocol;
    ISOJOULE_CHECK(read_count(table, "inferences", 1, protocol.inferences));
    ISOJOULE_CHECK(read_count(table, "warmup_batches", 0, protocol.warmup_batches));
    ISOJOULE_CHECK(toml_.read(table, "warmup_until_stable", protocol.warmup_until_stable));
    ISOJOULE_CHECK(read_count(table, "profile_batches", 0, protocol.profile_batches));
    ISOJOULE_CHECK(read_count(table, "repeats", 1, protocol.repeats));
    ISOJOULE_CHECK(read_milliseconds(table, "sampling_period_ms", 1, protocol.sampling_period));
    ISOJOULE_CHECK(read_milliseconds(table, "settle_ms", 0, protocol.settle));
    ISOJOULE_CHECK(read_milliseconds(table, "idle_ms", 0, protocol.idle));
    ISOJOULE_CHECK(toml_.read(table, "start_temperature_c", protocol.start_temperature_c));
    double warmup_s = protocol.warmup.seconds().value();
    ISOJOULE_CHECK(read_positive(table, "warmup_s", warmup_s));
    protocol.warmup = Duration::from(Second(warmup_s));
    double cool_down_s = protocol.cool_down.seconds().value();
    ISOJOULE_CHECK(read_positive(table, "cool_down_s", cool_down_s));
    protocol.cool_down = Duration::from(Second(cool_down_s));
    ISOJOULE_CHECK(read_positive(table, "variation_percent", protocol.variation_percent));
    std::int64_t seed = static_cast<std::int64_t>(protocol.seed);
    ISOJOULE_CHECK(read_count(table, "seed", 0, seed));
    protocol.seed = static_cast<std::uint64_t>(seed);
    return toml_.read(table, "keep_traces", protocol.keep_traces);
  }

  Status read_count(const toml::table& table, std::string_view key, std::int64_t least,
                    std::int64_t& value) {
    ISOJOULE_CHECK(toml_.read(table, key, value));
    if (value >= least) return {};
    return toml_.error(*table.get(key),
                       "'" + std::string(key) + "' must be at least " + std::to_string(least));
  }

  Status read_milliseconds(const toml::table& table, std::string_view key, std::int64_t least,
                           Duration& value) {
    constexpr std::int64_t kMost = 1'000'000'000;
    std::int64_t ms = value.ns / 1'000'000;
    ISOJOULE_CHECK(read_count(table, key, least, ms));
    if (ms > kMost)
      return toml_.error(*table.get(key),
                         "'" + std::string(key) + "' must be at most " + std::to_string(kMost));
    value = Duration::milliseconds(ms);
    return {};
  }

  Status read_positive(const toml::table& table, std::string_view key, double& value) {
    ISOJOULE_CHECK(toml_.read(table, key, value));
    constexpr double kMost = 1e6;  // of seconds: eleven days
    if (value >= 0 && value <= kMost) return {};
    return toml_.error(*table.get(key), "'" + std::string(key) + "' must be from 0 to 1000000");
  }

  // A name that none of `others` has yet.
  Status read_name(const toml::table& table, const char* kind, std::vector<std::string>& others,
                   std::string& name) {
    ISOJOULE_CHECK(toml_.read(table, "name", name));
    if (name.empty()) return toml_.error(table, std::string("a ") + kind + " without a name");
    if (std::find(others.begin(), others.end(), name) != others.end())
      return toml_.error(*table.get("name"), std::string("a second ") + kind + " '" + name + "'");
    others.push_back(name);
    return {};
  }

  Status read_baseline(const toml::table& table) {
    PlanBaseline baseline;
    ISOJOULE_CHECK(read_name(table, "baseline", baseline_names_, baseline.name));
    for (const auto& [key, node] : table)
      if (key.str() != "name") ISOJOULE_CHECK(read_fixed(key, node, baseline.setting));
    plan_.baselines.push_back(std::move(baseline));
    return {};
  }

  Status read_grid(const toml::table& table) {
    PlanGrid grid;
    ISOJOULE_CHECK(toml_.check_keys(
        table, {"name", "networks", "axes", "fixed", "baselines", "inferences"}, "[[grid]]"));
    ISOJOULE_CHECK(read_name(table, "grid", grid_names_, grid.name));
    ISOJOULE_CHECK(toml_.read(table, "networks", grid.networks));
    if (grid.networks.empty())
      return toml_.error(table, "grid '" + grid.name + "' has no networks",
                         "Add networks = [\"alexnet\"] or the path of an ONNX file");
    if (table.contains("inferences"))
      ISOJOULE_CHECK(read_count(table, "inferences", 1, grid.inferences));
    ISOJOULE_CHECK(read_axes(table, grid));
    ISOJOULE_CHECK(toml_.read(table, "baselines", grid.baselines));
    for (const std::string& name : grid.baselines)
      if (std::find(baseline_names_.begin(), baseline_names_.end(), name) == baseline_names_.end())
        return toml_.error(*table.get("baselines"), "no [[baseline]] is named '" + name + "'",
                           unknown_name_remedy(name, baseline_names_));
    plan_.grids.push_back(std::move(grid));
    return {};
  }

  Status read_axes(const toml::table& table, PlanGrid& grid) {
    for (const char* part : {"axes", "fixed"}) {
      const toml::node* node = table.get(part);
      if (node == nullptr) continue;
      if (!node->is_table())
        return toml_.error(*node, std::string("'") + part + "' must be a table, { axis = ... }");
      for (const auto& [key, value] : *node->as_table()) {
        if (std::string_view(part) == "fixed")
          ISOJOULE_CHECK(read_fixed(key, value, grid.fixed));
        else
          ISOJOULE_CHECK(read_axis(key, value, grid));
      }
    }
    for (const PlanAxis& axis : grid.axes)
      if (grid.fixed.find(axis.name) != nullptr)
        return toml_.error(table,
                           "grid '" + grid.name + "' both turns and fixes '" + axis.name + "'");
    return {};
  }

  Result<Value> read_value(const AxisKey& key, const toml::node& node) {
    if (node.is_string()) {
      auto value = parse_value(node.as_string()->get());
      if (!value) return toml_.error(node, value.error().what, value.error().remedy);
      return value;
    }
    if (!node.is_number())
      return toml_.error(node, "'" + key.axis + "' must be a number or a text in quotes");
    if (needs_unit(key))
      return toml_.error(node, "'" + key.axis + "' has numbers without a unit",
                         "Write " + key.axis + "_hz, " + key.axis + "_khz or " + key.axis + "_mhz");
    return Value(scaled(*node.value<double>(), key.scale));
  }

  Status read_fixed(const toml::key& name, const toml::node& node, Setting& setting) {
    const AxisKey key = split_unit(name.str());
    if (setting.find(key.axis) != nullptr)
      return toml_.error(name.source(), "'" + key.axis + "' is given twice");
    ISOJOULE_TRY(Value value, read_value(key, node));
    setting.set(key.axis, std::move(value));
    return {};
  }

  Status read_axis(const toml::key& name, const toml::node& node, PlanGrid& grid) {
    const AxisKey key = split_unit(name.str());
    for (const PlanAxis& other : grid.axes)
      if (other.name == key.axis)
        return toml_.error(name.source(), "'" + key.axis + "' is given twice");
    PlanAxis axis{key.axis, false, {}};
    if (node.is_string() && node.as_string()->get() == "all") {
      axis.all = true;
    } else if (!node.is_array() || node.as_array()->empty()) {
      return toml_.error(node, "axis '" + key.axis + "' must be \"all\" or a list of values");
    } else {
      for (const toml::node& item : *node.as_array()) {
        ISOJOULE_TRY(Value value, read_value(key, item));
        axis.values.push_back(std::move(value));
      }
    }
    grid.axes.push_back(std::move(axis));
    return {};
  }

  const TomlReader& toml_;
  Plan plan_;
  std::vector<std::string> baseline_names_;
  std::vector<std::string> grid_names_;
};

}  // namespace

Result<Plan> parse_plan(const std::string& toml, const std::string& path) {
  ISOJOULE_TRY(const TomlReader reader, TomlReader::parse(toml, path));
  ISOJOULE_TRY(Plan plan, PlanReader(reader).read());
  plan.text = toml;
  return plan;
}

std::string protocol_json(const Protocol& protocol) {
  const auto milliseconds = [](Duration duration) { return duration.ns / 1'000'000; };
  const nlohmann::ordered_json json = {
      {"inferences", protocol.inferences},
      {"warmup_batches", protocol.warmup_batches},
      {"warmup_s", protocol.warmup.seconds().value()},
      {"warmup_until_stable", protocol.warmup_until_stable},
      {"profile_batches", protocol.profile_batches},
      {"repeats", protocol.repeats},
      {"sampling_period_ms", milliseconds(protocol.sampling_period)},
      {"settle_ms", milliseconds(protocol.settle)},
      {"idle_ms", milliseconds(protocol.idle)},
      {"start_temperature_c", protocol.start_temperature_c},
      {"cool_down_s", protocol.cool_down.seconds().value()},
      {"variation_percent", protocol.variation_percent},
      {"seed", protocol.seed},
      {"keep_traces", protocol.keep_traces}};
  return json.dump();
}

}  // namespace isojoule
