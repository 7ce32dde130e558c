#include "twin/thermal_nodes.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "twin/node.h"

namespace isojoule::twin {
namespace {

constexpr char kVirtual[] = "/sys/devices/virtual/thermal";
constexpr char kHwmonClass[] = "/sys/class/hwmon";
constexpr char kPmicZone[] = "PMIC-Die";
constexpr std::int64_t kPmicDie = 100'000;  // what every Tegra's PMIC-Die shows
constexpr std::int64_t kPwmMaximum = 255;

// "CPU-therm", "cpu-thermal" and "CPU" are the same: "cpu".
std::string stem(const std::string& type) {
  std::string text = type.substr(0, type.find("-therm"));
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

ThermalNodes::ThermalNodes(MemoryTree& tree, const BoardShape& shape, const Constants& constants,
                           Simulation& simulation, Numbers numbers)
    : tree_(tree), simulation_(simulation), shape_(shape.thermal) {
  for (const auto& zone : constants.thermal_zones)
    simulated_.push_back(zone == kPmicZone ? "" : stem(zone));
  for (std::size_t i = 0; i < shape_.zones.size(); ++i) add_zone(i, shape_.zones[i]);
  for (std::size_t i = 0; i < shape_.cooling.size(); ++i) add_cooling(i, shape_.cooling[i]);
  add_fan(shape.fan, numbers);
  add_soctherm(shape.soctherm, numbers.soctherm);
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

void ThermalNodes::add_pwm(const std::string& path) {
  tree_.add_integer(
      path, [this] { return pwm_; },
      [this, path](std::string_view text) -> Status {
        const auto value = strict_number(text);
        if (!value || *value > kPwmMaximum) return refuse(EINVAL, path, "write");
        pwm_ = *value;
        return {};
      });
}

void ThermalNodes::add_fan(const std::string& kind, Numbers numbers) {
  if (kind == "pwm_fan_4_9") {
    add_pwm("/sys/devices/pwm-fan/target_pwm");
    tree_.add_integer(
        "/sys/devices/pwm-fan/cur_pwm", [this] { return pwm_; }, {}, 0444);
    add_switch(tree_, "/sys/devices/pwm-fan/temp_control", fan_control_);
  } else if (kind == "hwmon") {
    const std::string fan = fmt::format("/sys/devices/platform/pwm-fan/hwmon/hwmon{}", numbers.fan);
    tree_.add_text(fan + "/name", "pwmfan\n", 0444);
    add_pwm(fan + "/pwm1");
    tree_.add_link(fmt::format("{}/hwmon{}", kHwmonClass, numbers.fan), fan);
    const std::string tachometer =
        fmt::format("/sys/devices/platform/39c0000.tachometer/hwmon/hwmon{}", numbers.tachometer);
    tree_.add_text(tachometer + "/name", "tegra_tachometer\n", 0444);
    tree_.add_link(fmt::format("{}/hwmon{}", kHwmonClass, numbers.tachometer), tachometer);
  }
}

// What the simulation counts as throttling is shown as the first event. Nothing else ever happens.
void ThermalNodes::add_soctherm(const std::string& kind, int number) {
  if (kind.empty()) return;
  const std::string folder =
      fmt::format("/sys/devices/platform/soctherm-oc-event/hwmon/hwmon{}", number);
  tree_.add_text(folder + "/name", "soctherm_oc\n", 0444);
  tree_.add_link(fmt::format("{}/hwmon{}", kHwmonClass, number), folder);
  const bool orin = kind == "tegra23x";
  for (int i = 1; i <= (orin ? 3 : 6); ++i) {
    const std::string at = fmt::format("{}/oc{}_", folder, i);
    // Orin: OC2 is the average over-current. Xavier: OC1 [which of the six is not known].
    const bool counted = i == (orin ? 2 : 1);
    tree_.add_integer(
        at + (orin ? "event_cnt" : "irq_cnt"),
        [this, counted] {
          return counted ? static_cast<std::int64_t>(simulation_.throttle_events()) : 0;
        },
        {}, 0444);
    if (orin) {
      tree_.add_text(at + "throt_en", "1\n", 0444);
    } else {
      for (const char* name : {"priority", "cpu_throttle_ctrl", "gpu_throttle_ctrl"})
        tree_.add_text(at + name, "0\n", 0444);
    }
  }
}

}  // namespace isojoule::twin
