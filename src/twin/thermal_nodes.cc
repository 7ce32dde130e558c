#include "twin/thermal_nodes.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "twin/node.h"

namespace isojoule::twin {
namespace {

constexpr char kVirtual[] = "/sys/devices/virtual/thermal";
constexpr char kPmicZone[] = "PMIC-Die";
constexpr std::int64_t kPmicDie = 100'000;  // what every Tegra's PMIC-Die shows

// "CPU-therm", "cpu-thermal" and "CPU" are the same: "cpu".
std::string stem(const std::string& type) {
  std::string text = type.substr(0, type.find("-therm"));
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

ThermalNodes::ThermalNodes(MemoryTree& tree, const BoardShape& shape, const Constants& constants,
                           const Simulation& simulation)
    : tree_(tree), simulation_(simulation), shape_(shape.thermal) {
  for (const auto& zone : constants.thermal_zones)
    simulated_.push_back(zone == kPmicZone ? "" : stem(zone));
  for (std::size_t i = 0; i < shape_.zones.size(); ++i) add_zone(i, shape_.zones[i]);
  for (std::size_t i = 0; i < shape_.cooling.size(); ++i) add_cooling(i, shape_.cooling[i]);
}

void ThermalNodes::add_zone(std::size_t number, const std::string& type) {
  const std::string folder = fmt::format("{}/thermal_zone{}", kVirtual, number);
  tree_.add_text(folder + "/type", type + "\n", 0444);
  tree_.add_link(fmt::format("/sys/class/thermal/thermal_zone{}", number), folder);
  const bool powered =
      std::find(shape_.unpowered.begin(), shape_.unpowered.end(), type) == shape_.unpowered.end();
  const std::string temperature = folder + "/temp";
  if (powered) {
    tree_.add_integer(
        temperature, [this, type] { return millidegrees(type); }, {}, 0444);
  } else if (shape_.unpowered_reads == "EAGAIN") {
    tree_.add_node(
        temperature,
        [temperature](std::span<char>) -> Result<std::size_t> {
          return refuse(EAGAIN, temperature, "read");
        },
        {}, 0444);
  } else {
    tree_.add_text(temperature, shape_.unpowered_reads + "\n", 0444);
  }
}

std::int64_t ThermalNodes::millidegrees(const std::string& type) const {
  if (type == kPmicZone) return kPmicDie;
  const std::string name = stem(type);
  double sum = 0;
  int count = 0;
  double highest = -273;
  double own = std::nan("");
  for (std::size_t i = 0; i < simulated_.size(); ++i) {
    if (simulated_[i].empty()) continue;
    const double value = simulation_.temperature(i).value();
    sum += value;
    ++count;
    highest = std::max(highest, value);
    if (simulated_[i] == name) own = value;
  }
  const double mean = sum / std::max(1, count);
  const double celsius = !std::isnan(own) ? own : name == "tj" ? highest : mean;
  return static_cast<std::int64_t>(std::floor(celsius * 1e3 / shape_.step_mc) * shape_.step_mc);
}

void ThermalNodes::add_cooling(std::size_t number, const CoolingShape& cooling) {
  const std::string folder = fmt::format("{}/cooling_device{}", kVirtual, number);
  tree_.add_text(folder + "/type", cooling.type + "\n", 0444);
  tree_.add_link(fmt::format("/sys/class/thermal/cooling_device{}", number), folder);
  tree_.add_integer(
      folder + "/cur_state",
      [this, cooling] {
        return static_cast<double>(millidegrees(cooling.zone)) >= cooling.trip_c * 1e3 ? 1 : 0;
      },
      {}, 0644);
}

}  // namespace isojoule::twin
