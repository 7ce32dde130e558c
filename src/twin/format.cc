// Writing twin.toml: the one place that gives the file its shape, so that a fit keeps every remark.
#include <algorithm>

#include <fmt/format.h>

#include "twin/constants.h"

namespace isojoule::twin {
namespace {

// Six significant digits, or whole where it is whole.
std::string number(double value) { return fmt::format("{:.7g}", value); }

template <typename Items, typename Text>
std::string list(const Items& items, Text text) {
  std::string out = "[";
  std::size_t column = 0;
  for (const auto& item : items) {
    const std::string word = text(item);
    if (out.size() > 1) out += ",";
    if ((column += word.size() + 2) > 80) {
      out += "\n  ";
      column = word.size();
    } else if (out.size() > 1) {
      out += " ";
    }
    out += word;
  }
  return out + "]";
}

std::string quoted(const std::string& word) { return "\"" + word + "\""; }

std::string reasons(const Constants& c) {
  std::string out;
  for (std::size_t i = 0; i < precision_names.size(); ++i)
    if (!c.precision_reasons[i].empty())
      out += fmt::format("{}.reason = {}\n", precision_names[i], quoted(c.precision_reasons[i]));
  return out;
}

bool has_table(const Constants& c, std::string_view table) {
  if (table == "gpu") return c.has_gpu();
  if (table == "kernels") return !c.has_gpu();
  if (table == "precision") return c.has_precisions();
  if (table == "graph") return c.has_graph;
  if (table == "dla") return c.has_dla();
  return true;
}

std::string fixed_part(const Constants& c, std::string_view table) {
  auto khz = [](Hertz f) { return number(f.value() / 1e3); };
  auto hz = [](Hertz f) { return fmt::format("{:.0f}", f.value()); };
  if (table == "cpu")
    return fmt::format("cores = {}\nfrequencies_khz = {}\ngovernors = {}\ndefault_governor = {}\n",
                       c.cores, list(c.cpu_frequencies, khz), list(c.cpu_governors, quoted),
                       quoted(c.default_cpu_governor));
  if (table == "gpu")
    return fmt::format("frequencies_hz = {}\ngovernors = {}\ndefault_governor = {}\n",
                       list(c.gpu_frequencies, hz), list(c.gpu_governors, quoted),
                       quoted(c.default_gpu_governor));
  if (table == "graph") return c.compiled ? "own = \"static\"\n" : "own = \"dynamic\"\n";
  if (table == "precision") return reasons(c);
  if (table == "power") return fmt::format("supply_v = {}\n", number(c.supply_voltage_v));
  if (table == "thermal") return "zones = " + list(c.thermal_zones, quoted) + "\n";
  return {};
}

std::string rail(const Constants& c, std::size_t i) {
  std::vector<std::string> feeds;
  std::vector<double> shares;
  for (std::size_t k = 0; k < component_count; ++k) {
    if (c.rail_components[i][k] == 0) continue;
    feeds.emplace_back(name_of(static_cast<Component>(k)));
    shares.push_back(c.rail_components[i][k]);
  }
  std::string out =
      fmt::format("\n[[rail]]\nname = \"{}\"\nfeeds = {}\n", c.rails[i], list(feeds, quoted));
  if (std::any_of(shares.begin(), shares.end(), [](double share) { return share != 1; }))
    out += "shares = " + list(shares, number) + "\n";
  if (i < c.rail_voltages.size() && c.rail_voltages[i] > 0)
    out += "voltage_v = " + number(c.rail_voltages[i]) + "\n";
  return out;
}

std::string networks(const Constants& c, const std::map<std::string, std::string>& notes) {
  std::string out;
  auto one = [&](const std::string& name, const NetworkConstants& n) {
    const auto note = notes.find("network." + name);
    out += fmt::format("\n[network.{}]{}\nkernel_efficiency = {}\ncpu_cycles_per_inference = {}\n",
                       name, note == notes.end() ? "" : "  # " + note->second,
                       number(n.kernel_efficiency), number(n.cpu_cycles_per_inference));
  };
  for (const auto& [name, network] : c.networks) one(name, network);
  one("other", c.other_networks);
  return out;
}

// Optional ones that are as they begin; of the precisions all or none.
bool is_left_out(const ConstantField& field, Constants& c, Constants& standard) {
  if (field.key.starts_with("precision.")) {
    for (std::size_t i = 0; i < precision_names.size(); ++i)
      if (field.key.substr(field.key.find('.') + 1).starts_with(precision_names[i]))
        return !(c.precisions[i].mac_rate > 0);
  }
  return field.optional && field.of(c) == field.of(standard);
}

}  // namespace

std::string format_constants(const Constants& constants,
                             const std::map<std::string, std::string>& notes) {
  Constants c = constants;  // the fields give references
  std::string out = fmt::format(
      "# The twin of {0}: constants of its physical model. docs/twins.md has the equations, every\n"
      "# published figure beside the twin's value, and what is not reproduced. Written by\n"
      "# isojoule-fit-twin; what stands behind ';' is a value's source and is kept.\nboard = "
      "\"{0}\"\n",
      c.board);
  Constants standard;
  for (const std::string_view wanted : {"gpu", "kernels", "memory", "cpu", "power", "thermal",
                                        "process", "precision", "graph", "dla"}) {
    if (!has_table(c, wanted)) continue;
    out += fmt::format("\n[{}]\n{}", wanted, fixed_part(c, wanted));
    for (const ConstantField& field : constant_fields()) {
      const auto dot = field.key.find('.');
      if (field.key.substr(0, dot) != wanted) continue;
      if (is_left_out(field, c, standard)) continue;
      const auto note = notes.find(std::string(field.key));
      out += fmt::format("{} = {}  # {}: {}{}\n", field.key.substr(dot + 1), number(field.of(c)),
                         field.unit, field.meaning, note == notes.end() ? "" : "; " + note->second);
    }
  }
  for (std::size_t i = 0; i < c.rails.size(); ++i) out += rail(c, i);
  return out + networks(c, notes) + c.variants;
}

std::map<std::string, std::string> constant_notes(const std::string& toml) {
  std::map<std::string, std::string> notes;
  std::string table;
  for (std::size_t begin = 0; begin < toml.size();) {
    std::size_t end = toml.find('\n', begin);
    if (end == std::string::npos) end = toml.size();
    const std::string line = toml.substr(begin, end - begin);
    begin = end + 1;
    if (line.starts_with("[") && !line.starts_with("[[")) {
      table = line.substr(1, line.find(']') - 1);
      const auto remark = line.find("  # ");
      if (table.starts_with("network.") && remark != std::string::npos)
        notes[table] = line.substr(remark + 4);
      continue;
    }
    const auto equals = line.find(" = ");
    const auto hash = line.find("  # ");
    if (equals == std::string::npos || hash == std::string::npos) continue;
    const std::string key = table + "." + line.substr(0, equals);
    for (const ConstantField& field : constant_fields()) {
      if (field.key != key) continue;
      const auto meaning = line.find(field.meaning, hash);
      if (meaning == std::string::npos) continue;
      const std::string rest = line.substr(meaning + field.meaning.size());
      if (rest.starts_with("; ")) notes[key] = rest.substr(2);
    }
  }
  return notes;
}

}  // namespace isojoule::twin
