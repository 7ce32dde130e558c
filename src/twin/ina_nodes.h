// The nodes of one INA3221 as its driver shows them.
//
// iio: drivers/iio/adc/ina3221x of L4T 32 (also the source of the arithmetic and of the texts "N
// ma" and "MV MA"). hwmon: drivers/hwmon/ina3221.c of L4T 35 and 36. Left out, as their texts are
// not known: polling_delay_N, crit_power_limit_N and the iio driver's sums.
#pragma once

#include <array>
#include <string>

#include "base/memory_tree.h"
#include "twin/board_shape.h"
#include "twin/ina3221.h"

namespace isojoule::twin {

// Its nodes hold references to it and to the chip: both must outlive every use of the tree.
class InaNodes {
 public:
  // `number`: of the hwmon or iio device, which is not stable on a real board either.
  InaNodes(MemoryTree& tree, const ChipShape& shape, Ina3221& chip, bool for_everyone, int number);
  InaNodes(const InaNodes&) = delete;
  InaNodes& operator=(const InaNodes&) = delete;

 private:
  static constexpr std::size_t kLimits = 4;  // three channels and their sum
  using Value = int (Ina3221::*)(int);

  void add_iio(const ChipShape& shape, bool for_everyone);
  void add_iio_channel(int channel, const std::string& rail, int name_mode, int value_mode);
  void add_iio_limit(const std::string& path, int& limit_ma, int mode);
  void add_hwmon(const ChipShape& shape, bool for_everyone);
  void add_hwmon_channel(int channel, const std::string& rail, int input_mode, int limit_mode);
  void add_hwmon_sums(int input_mode, int limit_mode);
  void add_hwmon_chip();
  void add_hwmon_value(const std::string& path, int channel, Value value, int mode);
  void add_limit(const std::string& path, int& limit_ma, int mode);
  void add_alarm(const std::string& name, int channel, const int& limit_ma, int mode);
  int power_mw(int channel);
  int sum_shunt_uv();
  int sum_current_ma();
  int sum_shunt_uohm() const;

  MemoryTree& tree_;
  Ina3221& chip_;
  std::string folder_;
  std::array<int, kLimits> critical_ma_{};
  std::array<int, kLimits> warning_ma_{};
  bool continuous_ = true;  // iio: running_mode
};

}  // namespace isojoule::twin
