// The GPU's clock (or another devfreq device's): one devfreq folder, in Hz.
#include "knob/frequency_knob.h"

namespace isojoule {
namespace {

Result<std::unique_ptr<Knob>> open_devfreq(const KnobSpec& spec, FileTree& tree) {
  const bool is_gpu = spec.axis.starts_with("gpu");
  return open_frequency_knob(spec, tree, kDevfreqFiles,
                             is_gpu ? "clock of the GPU" : "clock of a devfreq device");
}

// Devices that show a table only: without one nobody knows what a limit takes.
std::vector<KnobSpec> discover_devfreq(FileTree& tree) {
  std::vector<KnobSpec> specs;
  for (const auto& device : devfreq_devices(tree)) {
    KnobSpec spec;
    spec.type = "devfreq";
    spec.axis = device.name + "_frequency";
    spec.nodes = {device.folder};
    if (frequency_choice(spec, spec.nodes, kDevfreqFiles, tree)) specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace

const KnobKind& knob_kind_devfreq();
const KnobKind& knob_kind_devfreq() {
  static const KnobKind kind{"devfreq", "GPU clock, pinned by both limits", open_devfreq,
                             discover_devfreq};
  return kind;
}

}  // namespace isojoule
