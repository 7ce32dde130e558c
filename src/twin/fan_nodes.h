// The fan: its drive, its tachometer, and the node that hands it back to the board.
//
// JetPack 4 ("pwm_fan_4_9"): /sys/devices/pwm-fan/{target_pwm,cur_pwm,rpm_measured,temp_control}.
// JetPack 5 and 6 ("hwmon"): .../pwm-fan/hwmon/hwmonN/{pwm1,pwm1_enable} and the tachometer's rpm;
// pwm1_enable as Documentation/hwmon/sysfs-interface says: 1 by hand, 2 automatic, 0 full speed.
//
// Left alone the fan follows the temperature; what is written holds until control is handed back.
// It cools nothing: the simulated heat sink has one resistance. Curve and highest speed are
// assumed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/memory_tree.h"
#include "twin/constants.h"
#include "twin/simulation.h"

namespace isojoule::twin {

// Its nodes hold references to it: it must outlive every use of the tree.
class FanNodes {
 public:
  // hwmon numbers of the fan and of the tachometer. `kind` "" = no fan.
  FanNodes(MemoryTree& tree, const std::string& kind, const Constants& constants,
           const Simulation& simulation, int fan, int tachometer);
  FanNodes(const FanNodes&) = delete;
  FanNodes& operator=(const FanNodes&) = delete;

 private:
  void add_old();
  void add_hwmon(int fan, int tachometer);
  void add_pwm(const std::string& path);
  void set_control(std::int64_t enable);
  std::int64_t pwm() const;  // 0..255
  std::int64_t rpm() const;

  MemoryTree& tree_;
  const Simulation& simulation_;
  std::size_t zone_ = 0;                 // of the simulation, that the fan follows
  std::int64_t enable_ = 2;              // 0, 1, 2 as pwm1_enable
  std::optional<std::int64_t> written_;  // 0..255
};

}  // namespace isojoule::twin
