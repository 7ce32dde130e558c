// The nodes of a clock with a lower and an upper limit: cpufreq's policies and devfreq's devices.
// Kernel: Documentation/admin-guide/pm/cpufreq.rst, Documentation/ABI/testing/sysfs-class-devfreq.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file_tree.h"
#include "knob/knob.h"
#include "knob/number_choice.h"

namespace isojoule {

struct FrequencyFiles {
  std::string_view table, minimum, maximum, current, governor, setspeed;
  // The hardware's ends, for a driver without a table (intel_pstate, amd_pstate); "" where the
  // class has none.
  std::string_view lowest, highest;
};
inline constexpr FrequencyFiles kCpufreqFiles{"scaling_available_frequencies",
                                              "scaling_min_freq",
                                              "scaling_max_freq",
                                              "scaling_cur_freq",
                                              "scaling_governor",
                                              "scaling_setspeed",
                                              "cpuinfo_min_freq",
                                              "cpuinfo_max_freq"};
inline constexpr FrequencyFiles kDevfreqFiles{
    "available_frequencies", "min_freq", "max_freq", "cur_freq", "governor",
    "userspace/set_freq",    "",         ""};

// devfreq's limits go through PM QoS in kHz (5.5 and later), so that is how well they read back.
inline constexpr double kLimitTolerance_hz = 1e3;

// Which of the two a folder is, by its files; cpufreq where neither is there.
const FrequencyFiles& frequency_files_of(const std::string& node, FileTree& tree);
// Hertz that all `nodes` take: their tables; where a driver has none, what the board file says
// (`values`, `range`), else everything between the hardware's ends. Errors: parse, no_data (an
// empty table), not_found, unsupported (nothing in common).
Result<NumberChoice> frequency_choice(const KnobSpec& spec, const std::vector<std::string>& nodes,
                                      const FrequencyFiles& files, FileTree& tree);
// One limit or clock of a node in hertz, and the other way.
Result<double> read_frequency(const KnobSpec& spec, const std::string& node, std::string_view file,
                              FileTree& tree);
Status write_frequency(const KnobSpec& spec, const std::string& node, std::string_view file,
                       double frequency, FileTree& tree);
// Writes a limit that opens the range. One that is below the end after the write may be the
// kernel's own (thermal); one that did not move at all was ignored: not_reached.
Status open_limit(const KnobSpec& spec, const std::string& node, std::string_view file, double end,
                  FileTree& tree);

// The folders policyN of this machine, by number; those of devfreq, by name.
std::vector<std::string> cpufreq_policies(FileTree& tree);
struct DevfreqDevice {
  std::string folder;  // "/sys/class/devfreq/17000000.gpu"
  std::string name;    // for an axis: "gpu" for the first GPU, otherwise "vic", "memory_controller"
  bool is_gpu = false;
};
std::vector<DevfreqDevice> devfreq_devices(FileTree& tree);

}  // namespace isojoule
