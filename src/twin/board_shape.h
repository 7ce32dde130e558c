// What a board's kernel shows, from boards/<name>/tree.toml: paths, texts, chips, zones. One value
// a board and L4T release. How the nodes behave is code, chosen by kernel and driver.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "twin/jetson_shape.h"
#include "twin/machine_shape.h"

namespace isojoule::twin {

// Decides what cpufreq and devfreq refuse.
enum class Kernel {
  k4_9,   // L4T 28 (4.4) and 32: min above max is EINVAL
  k5_10,  // L4T 35: frequency QoS, the effective minimum is capped
  k5_15,  // L4T 36; 6.x behaves alike
};

struct CpuShape {
  std::string driver;
  std::vector<std::vector<int>> policies;  // the CPUs that share a clock
  std::vector<std::string> governors;      // in the order of the node
  // scaling_available_frequencies: "ascending", "descending" (acpi-cpufreq), "none" (intel_pstate).
  std::string table = "ascending";
  bool first_stays = false;  // x86: cpu0 has no `online` and cannot go
  // The simulated governor behind the name `powersave` where a driver has its own of that name
  // (intel_pstate: the hardware chooses the clock); "" = the kernel's, the lowest clock.
  std::string powersave_is;
};

struct GpuShape {                  // device "" = the board has no GPU that could run a network
  std::string device;              // the nvgpu device's folder
  std::vector<std::string> links;  // other names of that folder
  std::vector<std::string> compatible;
  std::vector<std::string> governors;
  // The devfreq folder, named as the device.
  std::string devfreq() const { return device + "/devfreq/" + name(); }
  std::string name() const { return device.substr(device.rfind('/') + 1); }
};

struct CoolingShape {
  std::string type;
  std::string zone;
  double trip_c = 0;
};

struct ThermalShape {
  std::vector<std::string> zones;  // `type` texts, thermal_zone0 first
  double step_mc = 1;              // resolution, millidegrees
  std::vector<std::string> unpowered;
  std::string unpowered_reads;  // a number of millidegrees, or "EAGAIN"
  std::vector<CoolingShape> cooling;
};

struct ChipShape {
  std::string address;  // "6-0040"
  std::string device;   // the i2c device's folder
  std::string driver;   // "iio" or "hwmon"
  int samples = 1;
  int conversion_us = 140;
  std::vector<std::string> rails;  // by channel; "" = not connected
  std::vector<int> shunt_uohm;
  // Standard deviations of the errors of one piece of hardware; each channel's are drawn from the
  // twin's seed. Not in a tree.toml = 0: a perfect chip. Datasheet limits: 0.25 %, 80 uV.
  double gain_deviation_percent = 0;
  double offset_deviation_uv = 0;
};

struct BoardShape {
  std::string board;
  std::string release;
  Kernel kernel = Kernel::k4_9;
  std::string os_release;
  std::string nv_tegra_release;
  bool sensors_for_everyone = false;  // false: only root reads the power chips
  std::string model;
  std::vector<std::string> compatible;
  CpuShape cpu;
  GpuShape gpu;
  ThermalShape thermal;
  std::string fan;       // "pwm_fan_4_9", "hwmon", ""
  std::string soctherm;  // "tegra19x", "tegra23x", ""
  // Of the module's power, where the chip's alarms throttle the clocks (L4T's nvpower.sh writes
  // them as current limits); 0 = none.
  double average_limit_w = 0;
  double instantaneous_limit_w = 0;
  std::vector<ChipShape> chips;
  JetsonShape jetson;
  MachineShape machine;
};

// `release`: a release's name, also as the beginning of a longer one ("36.4" for "36.4.3"); "" =
// the last. `variant`: merged over the rest (twin/variant.h); one that the file does not have
// changes nothing. Errors: not_found (no file), parse (line and column), invalid (a key is missing,
// an unknown kernel or driver), out_of_range (no such release: the known ones).
Result<BoardShape> load_shape(const std::string& path, const std::string& release,
                              const std::string& variant = {});
Result<BoardShape> parse_shape(const std::string& toml, const std::string& path,
                               const std::string& release, const std::string& variant = {});

}  // namespace isojoule::twin
