// The CPU's clock: /sys/devices/system/cpu/cpufreq/policyN, in kHz (scale 1e3).
#include "knob/frequency_knob.h"

namespace isojoule {
namespace {

constexpr FrequencyFiles kFiles{"scaling_available_frequencies",
                                "scaling_min_freq",
                                "scaling_max_freq",
                                "scaling_cur_freq",
                                "scaling_governor",
                                "scaling_setspeed"};

Result<std::unique_ptr<Knob>> open_cpufreq(const KnobSpec& spec, FileTree& tree) {
  return open_frequency_knob(spec, tree, kFiles, "clock of the CPU cores");
}

}  // namespace

const KnobKind& knob_kind_cpufreq();
const KnobKind& knob_kind_cpufreq() {
  static const KnobKind kind{"cpufreq", "CPU clock, all policies alike, pinned by both limits",
                             open_cpufreq};
  return kind;
}

}  // namespace isojoule
