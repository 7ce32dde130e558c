// One setting of a study by the words that people use for it: "gpu_frequency=921.6MHz batch=16",
// "baseline=default".
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "data/run.h"

namespace isojoule {

// All runs of one network, baseline and setting. The runs' list must outlive it.
struct RunGroup {
  std::string network, baseline;  // baseline empty: a grid point
  Setting setting;
  std::vector<const Run*> runs;  // in order of sequence
};
std::vector<RunGroup> groups_of(const std::vector<Run>& runs);  // sorted

// "baseline=default batch=16", "batch=16 gpu_frequency=921.6MHz": words that select the group among
// all of its network.
std::string words_of(const RunGroup& group);
std::string word_of(const std::string& axis, const Value& value);  // "gpu_frequency=921.6MHz"

// The one group to which every word applies. Words are AXIS=VALUE as in a plan, baseline=NAME
// (baseline=none: a grid point) and network=NAME; where no baseline is named, one is taken only if
// no grid point fits. `network` as another word, "": any. `option` ("--a") and `study` are for
// errors, which say what is there: invalid (no words, or several groups fit), not_found, parse.
Result<const RunGroup*> select_group(const std::vector<RunGroup>& groups, const std::string& words,
                                     const std::string& network, const std::string& option,
                                     const std::string& study);

}  // namespace isojoule
