// The CPU's clock: /sys/devices/system/cpu/cpufreq/policyN, in kHz (scale 1e3). All policies
// together, or with one node a cluster alone.
#include "knob/frequency_knob.h"

namespace isojoule {
namespace {

Result<std::unique_ptr<Knob>> open_cpufreq(const KnobSpec& spec, FileTree& tree) {
  return open_frequency_knob(spec, tree, kCpufreqFiles, "clock of the CPU cores");
}

KnobSpec spec_of(std::string axis, std::vector<std::string> policies) {
  KnobSpec spec;
  spec.type = "cpufreq";
  spec.axis = std::move(axis);
  spec.nodes = std::move(policies);
  spec.scale = 1e3;
  return spec;
}

// One knob where the policies have clocks in common, else one for each policy.
std::vector<KnobSpec> discover_cpufreq(FileTree& tree) {
  KnobSpec all = spec_of("cpu_frequency", {});
  for (const auto& policy : cpufreq_policies(tree))
    if (frequency_choice(all, {policy}, kCpufreqFiles, tree)) all.nodes.push_back(policy);
  if (all.nodes.empty()) return {};
  if (frequency_choice(all, all.nodes, kCpufreqFiles, tree)) return {all};
  std::vector<KnobSpec> specs;
  for (const auto& policy : all.nodes)
    specs.push_back(
        spec_of("cpu_" + policy.substr(policy.rfind('/') + 1) + "_frequency", {policy}));
  return specs;
}

}  // namespace

const KnobKind& knob_kind_cpufreq();
const KnobKind& knob_kind_cpufreq() {
  static const KnobKind kind{"cpufreq", "CPU clock, all policies alike, pinned by both limits",
                             open_cpufreq, discover_cpufreq};
  return kind;
}

}  // namespace isojoule
