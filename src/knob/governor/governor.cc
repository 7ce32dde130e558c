// The rule by which the kernel chooses a clock: cpufreq's and devfreq's governors.
#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "knob/frequency_files.h"
#include "knob/node.h"

namespace isojoule {
namespace {

struct GovernorFiles {
  std::string_view value, list, setspeed;
  bool has_tunables;
};
// A cpufreq governor's tunables (/sys/devices/system/cpu/cpufreq[/policyN]/<governor>/) go back to
// the kernel's defaults when the last policy leaves it (cpufreq_schedutil.c, cpufreq_governor.c),
// and L4T sets schedutil's at boot (nvpower.sh); they are saved with it. devfreq's stay.
constexpr GovernorFiles kCpufreq{"scaling_governor", "scaling_available_governors",
                                 "scaling_setspeed", true};
const std::string kGlobalTunables = "/sys/devices/system/cpu/cpufreq/";
constexpr GovernorFiles kDevfreq{"governor", "available_governors", "userspace/set_freq", false};

// "schedutil", "simple_ondemand", "nvhost_podgov": CPUFREQ_NAME_LEN and DEVFREQ_NAME_LEN are 16,
// with room for a later one.
bool is_name(const std::string& word) {
  constexpr std::size_t kLongest = 32;
  return word.size() <= kLongest && std::all_of(word.begin(), word.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '_' || c == '-';
         });
}

class GovernorKnob final : public Knob {
 public:
  GovernorKnob(const KnobSpec& spec, FileTree& tree)
      : spec_(spec),
        tree_(tree),
        axis_{spec.axis, Unit::none, false, "rule that chooses the clock"} {}
  Status read_list();

 private:
  const Axis& do_axis() const override { return axis_; }
  const std::vector<Value>& do_values() const override { return values_; }
  Result<Value> do_get() override;
  Result<Value> do_set(const Value& value, Clock& clock, Duration deadline) override;
  Status do_release() override { return {}; }
  Result<std::vector<SavedNode>> do_save() override;

  const GovernorFiles& files(const std::string& node) const {
    return tree_.exists(node + "/" + std::string(kCpufreq.value)) ? kCpufreq : kDevfreq;
  }
  std::string value_path(const std::string& node) const {
    return node + "/" + std::string(files(node).value);
  }
  Result<std::string> checked(const Value& value) const;
  void save_tunables(const std::string& folder, std::vector<SavedNode>& nodes);
  void save_speed(const std::string& node, std::vector<SavedNode>& nodes);

  KnobSpec spec_;
  FileTree& tree_;
  Axis axis_;
  std::vector<Value> values_;
};

// The names that all nodes have, in the first one's order.
Status GovernorKnob::read_list() {
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  bool first = true;
  for (const auto& node : nodes) {
    ISOJOULE_TRY(const auto names, read_words(tree_, node + "/" + std::string(files(node).list)));
    for (const auto& name : names)
      if (!is_name(name))
        return fail(ErrorKind::parse,
                    node + "/" + std::string(files(node).list) + ": not the name of a governor: '" +
                        name.substr(0, 40) + "'",
                    {}, "read");
    if (first) values_.assign(names.begin(), names.end());
    first = false;
    std::erase_if(values_, [&](const Value& value) {
      return std::find(names.begin(), names.end(), std::get<std::string>(value)) == names.end();
    });
  }
  if (values_.empty())
    return fail(ErrorKind::no_data, axis_.name + ": the list of governors is empty", {},
                join(nodes, ", "));
  return {};
}

Result<std::string> GovernorKnob::checked(const Value& value) const {
  if (std::find(values_.begin(), values_.end(), value) != values_.end())
    return std::get<std::string>(value);
  std::vector<std::string> names;
  for (const auto& known : values_) names.push_back(std::get<std::string>(known));
  return fail(ErrorKind::out_of_range,
              axis_.name + ": the board has no governor '" + to_string(value) + "'",
              unknown_name_remedy(to_string(value), names), spec_.nodes.front());
}

Result<Value> GovernorKnob::do_get() {
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  ISOJOULE_TRY(std::string name, read_line(tree_, value_path(nodes.front())));
  return Value(std::move(name));
}

Result<Value> GovernorKnob::do_set(const Value& value, Clock& clock, Duration deadline) {
  ISOJOULE_TRY(const std::string name, checked(value));
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  for (const auto& node : nodes) {
    // Writing the governor that is there already would restart it.
    ISOJOULE_TRY(const std::string before, read_line(tree_, value_path(node)));
    if (before != name) ISOJOULE_CHECK(node::write(tree_, value_path(node), name));
  }
  std::string achieved;
  const auto reached = [&]() -> Result<bool> {
    for (const auto& node : nodes) {
      ISOJOULE_TRY(achieved, read_line(tree_, value_path(node)));
      if (achieved != name) return false;
    }
    return true;
  };
  ISOJOULE_CHECK(node::wait_until(reached, clock, deadline));
  return Value(std::move(achieved));
}

// Numbers only; a tunable that cannot be read now is left alone.
void GovernorKnob::save_tunables(const std::string& folder, std::vector<SavedNode>& nodes) {
  const auto names = tree_.list(folder);
  if (!names) return;
  for (const auto& name : *names) {
    const std::string path = folder + "/" + name;
    const auto text = read_line(tree_, path);
    if (text && !text->empty() && text->find_first_not_of("0123456789") == std::string::npos)
      nodes.push_back({path, *text});
  }
}

// The speed of `userspace` is gone with the governor. Before its first write devfreq's set_freq
// says "undefined", which cannot be written back.
void GovernorKnob::save_speed(const std::string& node, std::vector<SavedNode>& nodes) {
  const std::string path = node + "/" + std::string(files(node).setspeed);
  const auto text = read_line(tree_, path);
  if (text && !text->empty() && text->find_first_not_of("0123456789") == std::string::npos)
    nodes.push_back({path, *text});
}

Result<std::vector<SavedNode>> GovernorKnob::do_save() {
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  std::vector<SavedNode> saved;
  for (const auto& node : nodes) ISOJOULE_CHECK(node::save(tree_, value_path(node), saved));
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (saved[i].text == "userspace") save_speed(nodes[i], saved);
  std::vector<std::string> folders;  // the global one once, however many policies there are
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!files(nodes[i]).has_tunables) continue;
    folders.push_back(nodes[i] + "/" + saved[i].text);
    folders.push_back(kGlobalTunables + saved[i].text);  // a node may be cpuN/cpufreq (TX2)
  }
  std::sort(folders.begin(), folders.end());
  folders.erase(std::unique(folders.begin(), folders.end()), folders.end());
  for (const auto& folder : folders) save_tunables(folder, saved);
  return saved;
}

Result<std::unique_ptr<Knob>> open_governor(const KnobSpec& spec, FileTree& tree) {
  if (spec.nodes.empty())
    return fail(ErrorKind::invalid, spec.axis + ": a governor needs nodes",
                "Correct the knob in the board file");
  auto knob = std::make_unique<GovernorKnob>(spec, tree);
  ISOJOULE_CHECK(knob->read_list());
  return std::unique_ptr<Knob>(std::move(knob));
}

KnobSpec spec_of(std::string axis, std::vector<std::string> nodes) {
  KnobSpec spec;
  spec.type = "governor";
  spec.axis = std::move(axis);
  spec.nodes = std::move(nodes);
  return spec;
}

// Where there is a choice.
std::vector<KnobSpec> discover_governor(FileTree& tree) {
  std::vector<KnobSpec> candidates = {spec_of("cpu_governor", cpufreq_policies(tree))};
  for (const auto& device : devfreq_devices(tree))
    candidates.push_back(spec_of(device.name + "_governor", {device.folder}));
  std::vector<KnobSpec> specs;
  for (auto& spec : candidates) {
    if (spec.nodes.empty()) continue;
    const auto knob = open_governor(spec, tree);
    if (knob && (*knob)->values().size() > 1) specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace

const KnobKind& knob_kind_governor();
const KnobKind& knob_kind_governor() {
  static const KnobKind kind{"governor", "governor of a cpufreq policy or a devfreq device",
                             open_governor, discover_governor};
  return kind;
}

}  // namespace isojoule
