#include "twin/fan_nodes.h"

#include <algorithm>
#include <cmath>

#include "twin/node.h"

namespace isojoule::twin {
namespace {

constexpr char kHwmonClass[] = "/sys/class/hwmon";
constexpr std::int64_t kPwmMaximum = 255;
constexpr double kOffBelowC = 50, kFullFromC = 85;  // assumed
constexpr double kHighestRpm = 4500;                // assumed
constexpr std::int64_t kFullSpeed = 0, kByHand = 1, kAutomatic = 2;

}  // namespace

FanNodes::FanNodes(MemoryTree& tree, const std::string& kind, const Constants& constants,
                   const Simulation& simulation, int fan, int tachometer)
    : tree_(tree), simulation_(simulation) {
  const auto& zones = constants.thermal_zones;
  const auto found = std::find_if(zones.begin(), zones.end(),
                                  [](const std::string& zone) { return zone != "PMIC-Die"; });
  zone_ = found == zones.end() ? 0 : static_cast<std::size_t>(found - zones.begin());
  if (kind == "pwm_fan_4_9") add_old();
  if (kind == "hwmon") add_hwmon(fan, tachometer);
}

void FanNodes::add_old() {
  const std::string at = "/sys/devices/pwm-fan/";
  add_pwm(at + "target_pwm");
  tree_.add_integer(
      at + "cur_pwm", [this] { return pwm(); }, {}, 0444);
  tree_.add_integer(
      at + "rpm_measured", [this] { return rpm(); }, {}, 0444);
  tree_.add_integer(
      at + "temp_control", [this] { return enable_ == kAutomatic ? 1 : 0; },
      [this, path = at + "temp_control"](std::string_view text) -> Status {
        const auto value = leading_number(text);
        if (!value || *value > 1) return refuse(EINVAL, path, "write");
        set_control(*value == 1 ? kAutomatic : kByHand);
        return {};
      });
}

void FanNodes::add_hwmon(int fan, int tachometer) {
  const std::string at = fmt::format("/sys/devices/platform/pwm-fan/hwmon/hwmon{}", fan);
  tree_.add_text(at + "/name", "pwmfan\n", 0444);
  tree_.add_link(fmt::format("{}/hwmon{}", kHwmonClass, fan), at);
  add_pwm(at + "/pwm1");
  tree_.add_integer(
      at + "/pwm1_enable", [this] { return enable_; },
      [this, path = at + "/pwm1_enable"](std::string_view text) -> Status {
        const auto value = strict_number(text);
        if (!value || *value > kAutomatic) return refuse(EINVAL, path, "write");
        set_control(*value);
        return {};
      });
  const std::string rpm_folder =
      fmt::format("/sys/devices/platform/39c0000.tachometer/hwmon/hwmon{}", tachometer);
  tree_.add_text(rpm_folder + "/name", "tegra_tachometer\n", 0444);
  tree_.add_integer(
      rpm_folder + "/rpm", [this] { return rpm(); }, {}, 0444);
  tree_.add_link(fmt::format("{}/hwmon{}", kHwmonClass, tachometer), rpm_folder);
}

void FanNodes::add_pwm(const std::string& path) {
  tree_.add_integer(
      path, [this] { return pwm(); },
      [this, path](std::string_view text) -> Status {
        const auto value = strict_number(text);
        if (!value || *value > kPwmMaximum) return refuse(EINVAL, path, "write");
        written_ = *value;
        return {};
      });
}

void FanNodes::set_control(std::int64_t enable) {
  if (enable == kByHand && !written_) written_ = pwm();  // it stays where it turns
  if (enable == kAutomatic) written_.reset();
  enable_ = enable;
}

std::int64_t FanNodes::pwm() const {
  if (enable_ == kFullSpeed) return kPwmMaximum;
  if (written_) return *written_;
  const double celsius = simulation_.temperature(zone_).value();
  const double share = std::clamp((celsius - kOffBelowC) / (kFullFromC - kOffBelowC), 0.0, 1.0);
  return std::llround(share * static_cast<double>(kPwmMaximum));
}

std::int64_t FanNodes::rpm() const {
  return std::llround(kHighestRpm * static_cast<double>(pwm()) / kPwmMaximum);
}

}  // namespace isojoule::twin
