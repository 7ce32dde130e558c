// A clock with a table of frequencies and a lower and an upper limit: cpufreq and devfreq alike.
//
// It is pinned by setting both limits to one frequency; under the governor `userspace` the
// frequency itself is written too. Kernel: drivers/cpufreq/cpufreq.c, drivers/devfreq/devfreq.c and
// governor_userspace.c (4.9 refuses min > max with EINVAL; from 5.5 on the limits are PM QoS
// requests that are taken in any order, and devfreq's are rounded to kHz).
//
// A driver without a table (intel_pstate, amd_pstate) takes every whole kHz between its ends;
// values() then shows the ends and the multiples of 100 MHz. There only the limits say whether a
// value was achieved: scaling_cur_freq is counted while a core works and says nothing of an idle
// one (arch/x86/kernel/cpu/aperfmperf.c).
#pragma once

#include "knob/frequency_files.h"
#include "knob/knob.h"

namespace isojoule {

// `files` must outlive the knob. Errors: not_found (no node is there), parse or no_data (no table).
Result<std::unique_ptr<Knob>> open_frequency_knob(const KnobSpec& spec, FileTree& tree,
                                                  const FrequencyFiles& files,
                                                  const std::string& help);

}  // namespace isojoule
