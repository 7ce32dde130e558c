// Whether idle cores may sleep deeply: cpuN/cpuidle/stateM/disable below /sys/devices/system/cpu.
// "off" disables every state but the shallowest one that sleeps at all: without it the core would
// spin (POLL on x86) and take more power than at work; it is WFI on ARM, C1 on x86. "on" allows
// all. Kernel: Documentation/admin-guide/pm/cpuidle.rst. A core that is offline may lack its folder
// and is passed over until it is back.
#include <algorithm>

#include "base/text.h"
#include "knob/node.h"

namespace isojoule {
namespace {

constexpr const char* kCpuFolder = "/sys/devices/system/cpu";

using Order = std::pair<int, int>;  // core, state

// A core's `disable` nodes but those of the states that do not sleep, and of the shallowest other.
Status add_deep_states(const std::string& idle, int core, FileTree& tree,
                       std::vector<std::pair<Order, std::string>>& deep) {
  const auto states = tree.list(idle);
  if (!states) return {};  // this core has none, or is away
  std::vector<std::pair<Order, std::string>> sleeping;
  for (const auto& state : *states) {
    const int depth = node::number_after("state", state);
    const std::string node = idle + "/" + state + "/disable";
    if (depth < 0 || !tree.exists(node)) continue;
    const auto name = read_line(tree, idle + "/" + state + "/name");
    if (!name && name.error().kind != ErrorKind::not_found)
      return tl::unexpected<Error>(name.error());
    if (!name || *name != "POLL") sleeping.push_back({{core, depth}, node});
  }
  std::sort(sleeping.begin(), sleeping.end());
  if (sleeping.size() > 1) deep.insert(deep.end(), sleeping.begin() + 1, sleeping.end());
  return {};
}

// The deep states' `disable` nodes of all cores below `folder`, by core and state.
Result<std::vector<std::string>> deep_states(const std::string& folder, FileTree& tree) {
  ISOJOULE_TRY(const auto cores, tree.list(folder));
  std::vector<std::pair<Order, std::string>> deep;
  for (const auto& core : cores) {
    const int number = node::number_after("cpu", core);
    if (number >= 0)
      ISOJOULE_CHECK(add_deep_states(folder + "/" + core + "/cpuidle", number, tree, deep));
  }
  std::sort(deep.begin(), deep.end());
  std::vector<std::string> nodes;
  for (auto& [order, node] : deep) nodes.push_back(std::move(node));
  return nodes;
}

class CpuIdleKnob final : public Knob {
 public:
  CpuIdleKnob(const KnobSpec& spec, FileTree& tree, std::vector<std::string> states)
      : spec_(spec),
        tree_(tree),
        axis_{spec.axis, Unit::none, false, "on: idle cores may sleep deeply; off: lightly only"},
        values_{Value("off"), Value("on")},
        states_(std::move(states)) {}

 private:
  const Axis& do_axis() const override { return axis_; }
  const std::vector<Value>& do_values() const override { return values_; }
  Result<Value> do_get() override;
  Result<Value> do_set(const Value& value, Clock& clock, Duration deadline) override;
  Status do_release() override { return {}; }
  Result<std::vector<SavedNode>> do_save() override;

  Result<std::vector<std::string>> present_states();

  KnobSpec spec_;
  FileTree& tree_;
  Axis axis_;
  std::vector<Value> values_;
  std::vector<std::string> states_;  // paths of `disable`
};

Result<std::vector<std::string>> CpuIdleKnob::present_states() {
  std::vector<std::string> there;
  for (const auto& state : states_) {
    if (!tree_.exists(state)) {
      if (node::is_of_offline_core(tree_, state)) continue;
      return fail(ErrorKind::not_found, axis_.name + ": " + state + " is gone", {}, state);
    }
    there.push_back(state);
  }
  return there;
}

// Off where no deep state is left.
Result<Value> CpuIdleKnob::do_get() {
  ISOJOULE_TRY(const auto states, present_states());
  bool any_allowed = false;
  for (const auto& state : states) {
    ISOJOULE_TRY(const std::int64_t disabled, read_integer(tree_, state));
    any_allowed = any_allowed || disabled == 0;
  }
  return Value(any_allowed ? "on" : "off");
}

Result<Value> CpuIdleKnob::do_set(const Value& value, Clock& clock, Duration deadline) {
  if (std::find(values_.begin(), values_.end(), value) == values_.end())
    return fail(ErrorKind::out_of_range, axis_.name + ": '" + to_string(value) + "' is no state",
                unknown_name_remedy(to_string(value), {"off", "on"}), spec_.nodes.front());
  const bool disable = value == Value("off");
  ISOJOULE_TRY(const auto states, present_states());
  for (const auto& state : states) ISOJOULE_CHECK(node::write(tree_, state, disable ? 1 : 0));
  const auto reached = [&]() -> Result<bool> {
    for (const auto& state : states) {
      ISOJOULE_TRY(const std::int64_t disabled, read_integer(tree_, state));
      if ((disabled != 0) != disable) return false;
    }
    return true;
  };
  ISOJOULE_TRY(const bool there, node::wait_until(reached, clock, deadline));
  return there ? value : Value(disable ? "on" : "off");
}

Result<std::vector<SavedNode>> CpuIdleKnob::do_save() {
  ISOJOULE_TRY(const auto states, present_states());
  std::vector<SavedNode> saved;
  for (const auto& state : states) ISOJOULE_CHECK(node::save(tree_, state, saved));
  return saved;
}

Result<std::unique_ptr<Knob>> open_cpu_idle(const KnobSpec& spec, FileTree& tree) {
  if (spec.nodes.size() != 1)
    return fail(ErrorKind::invalid, spec.axis + ": needs one node, the folder of the cores",
                "Write nodes = [\"/sys/devices/system/cpu\"] in the board file");
  ISOJOULE_TRY(const auto present, node::present(tree, spec.nodes, spec.axis));
  ISOJOULE_TRY(auto states, deep_states(present.front(), tree));
  if (states.empty())
    return fail(ErrorKind::not_found, spec.axis + ": the cores have no deep idle state to disable",
                {}, present.front() + "/cpu*/cpuidle/state*/disable");
  return std::unique_ptr<Knob>(std::make_unique<CpuIdleKnob>(spec, tree, std::move(states)));
}

std::vector<KnobSpec> discover_cpu_idle(FileTree& tree) {
  const auto states = deep_states(kCpuFolder, tree);
  if (!states || states->empty()) return {};
  KnobSpec spec;
  spec.type = "cpu_idle";
  spec.axis = "cpu_idle";
  spec.nodes = {kCpuFolder};
  return {spec};
}

}  // namespace

const KnobKind& knob_kind_cpu_idle();
const KnobKind& knob_kind_cpu_idle() {
  static const KnobKind kind{"cpu_idle", "deep idle states of the CPU cores, allowed or not",
                             open_cpu_idle, discover_cpu_idle};
  return kind;
}

}  // namespace isojoule
