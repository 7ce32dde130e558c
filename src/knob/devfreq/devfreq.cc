// The GPU's clock (or another devfreq device's): one devfreq folder, in Hz.
#include "knob/frequency_knob.h"

namespace isojoule {
namespace {

constexpr FrequencyFiles kFiles{
    "available_frequencies", "min_freq", "max_freq", "cur_freq", "governor", "userspace/set_freq"};

Result<std::unique_ptr<Knob>> open_devfreq(const KnobSpec& spec, FileTree& tree) {
  return open_frequency_knob(spec, tree, kFiles, "clock of the GPU");
}

}  // namespace

const KnobKind& knob_kind_devfreq();
const KnobKind& knob_kind_devfreq() {
  static const KnobKind kind{"devfreq", "GPU clock, pinned by both limits", open_devfreq};
  return kind;
}

}  // namespace isojoule
