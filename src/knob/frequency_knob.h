// A clock with a table of frequencies and a lower and an upper limit: cpufreq and devfreq alike.
//
// It is pinned by setting both limits to one frequency; under the governor `userspace` the frequency
// itself is written too. Kernel: drivers/cpufreq/cpufreq.c, drivers/devfreq/devfreq.c and
// governor_userspace.c (4.9 refuses min > max with EINVAL; from 5.5 on the limits are PM QoS requests
// that are taken in any order, and devfreq's are rounded to kHz).
#pragma once

#include <string_view>

#include "knob/knob.h"

namespace isojoule {

struct FrequencyFiles {
  std::string_view table, minimum, maximum, current, governor, setspeed;
};

// `files` must outlive the knob. Errors: not_found (no node is there), parse or no_data (no table).
Result<std::unique_ptr<Knob>> open_frequency_knob(const KnobSpec& spec, FileTree& tree,
                                                  const FrequencyFiles& files,
                                                  const std::string& help);

}  // namespace isojoule
