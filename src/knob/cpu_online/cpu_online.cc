// How many cores run: cpuN/online below /sys/devices/system/cpu. The first n cores stay, the others
// are unplugged, from the last one down; core 0 always stays.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "knob/node.h"

namespace isojoule {
namespace {

struct Core {
  int number = 0;
  std::string online;  // path; empty where the kernel does not let this core go
};

class CpuOnlineKnob final : public Knob {
 public:
  CpuOnlineKnob(const KnobSpec& spec, FileTree& tree)
      : spec_(spec),
        tree_(tree),
        axis_{spec.axis, Unit::count, false, "CPU cores that are online"} {}
  Status find_cores();

 private:
  const Axis& do_axis() const override { return axis_; }
  const std::vector<Value>& do_values() const override { return values_; }
  Result<Value> do_get() override;
  Result<Value> do_set(const Value& value, Clock& clock, Duration deadline) override;
  Status do_release() override { return {}; }
  Result<std::vector<SavedNode>> do_save() override;

  Result<bool> is_online(const Core& core);
  Status switch_core(const Core& core, bool on);
  std::string nearest(double wanted) const;

  KnobSpec spec_;
  FileTree& tree_;
  Axis axis_;
  std::vector<Core> cores_;  // by number
  std::vector<Value> values_;
};

// "cpu12" -> 12; -1 for "cpufreq", "cpuidle" and the like.
int core_number(const std::string& name) {
  int number = -1;
  if (name.rfind("cpu", 0) != 0) return -1;
  const auto end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + 3, end, number);
  return parsed.ec == std::errc() && parsed.ptr == end ? number : -1;
}

Status CpuOnlineKnob::find_cores() {
  const std::string& folder = spec_.nodes.front();
  ISOJOULE_TRY(const auto names, tree_.list(folder));
  for (const auto& name : names) {
    const int number = core_number(name);
    if (number < 0) continue;
    const std::string online = folder + "/" + name + "/online";
    cores_.push_back({number, tree_.exists(online) ? online : ""});
  }
  std::sort(cores_.begin(), cores_.end(),
            [](const Core& a, const Core& b) { return a.number < b.number; });
  if (cores_.empty())
    return fail(ErrorKind::not_found, axis_.name + ": no cores there", {}, folder + "/cpu*");
  for (std::size_t n = 1; n <= cores_.size(); ++n) values_.emplace_back(static_cast<double>(n));
  return {};
}

Result<bool> CpuOnlineKnob::is_online(const Core& core) {
  if (core.online.empty()) return true;
  ISOJOULE_TRY(const std::int64_t online, read_integer(tree_, core.online));
  return online != 0;
}

Result<Value> CpuOnlineKnob::do_get() {
  double count = 0;
  for (const auto& core : cores_) {
    ISOJOULE_TRY(const bool online, is_online(core));
    count += online ? 1 : 0;
  }
  return Value(count);
}

Status CpuOnlineKnob::switch_core(const Core& core, bool on) {
  ISOJOULE_TRY(const bool online, is_online(core));
  if (online == on) return {};
  if (core.online.empty())
    return fail(ErrorKind::unsupported,
                axis_.name + ": core " + std::to_string(core.number) + " cannot be unplugged", {},
                spec_.nodes.front());
  return node::write(tree_, core.online, on ? 1 : 0);
}

// "3", or "2 and 3" for 2.5.
std::string CpuOnlineKnob::nearest(double wanted) const {
  const double most = static_cast<double>(cores_.size());
  const double low = std::clamp(std::floor(wanted), 1.0, most);
  const double high = std::clamp(std::ceil(wanted), 1.0, most);
  return to_string(Value(low)) + (low == high ? "" : " and " + to_string(Value(high)));
}

Result<Value> CpuOnlineKnob::do_set(const Value& value, Clock& clock, Duration deadline) {
  ISOJOULE_TRY(const double wanted, node::number_of(axis_, value));
  if (std::find(values_.begin(), values_.end(), value) == values_.end())
    return fail(ErrorKind::out_of_range,
                axis_.name + ": the board has 1 to " + std::to_string(cores_.size()) +
                    " cores, not " + to_string(value),
                "Nearest: " + nearest(wanted), spec_.nodes.front());
  const std::size_t count = static_cast<std::size_t>(wanted);
  for (std::size_t i = 0; i < count; ++i) ISOJOULE_CHECK(switch_core(cores_[i], true));
  for (std::size_t i = cores_.size(); i-- > count;) ISOJOULE_CHECK(switch_core(cores_[i], false));
  Value achieved = value;
  const auto reached = [&]() -> Result<bool> {
    ISOJOULE_TRY(achieved, do_get());
    return achieved == value;
  };
  ISOJOULE_CHECK(node::wait_until(reached, clock, deadline));
  return achieved;
}

// Those to be switched on come first, so that the number of cores never falls below either state.
Result<std::vector<SavedNode>> CpuOnlineKnob::do_save() {
  std::vector<SavedNode> saved;
  for (const auto& core : cores_)
    if (!core.online.empty()) ISOJOULE_CHECK(node::save(tree_, core.online, saved));
  std::stable_sort(saved.begin(), saved.end(),
                   [](const SavedNode& a, const SavedNode& b) { return a.text > b.text; });
  return saved;
}

Result<std::unique_ptr<Knob>> open_cpu_online(const KnobSpec& spec, FileTree& tree) {
  if (spec.nodes.size() != 1)
    return fail(ErrorKind::invalid, spec.axis + ": needs one node, the folder of the cores",
                "Write nodes = [\"/sys/devices/system/cpu\"] in the board file");
  auto knob = std::make_unique<CpuOnlineKnob>(spec, tree);
  ISOJOULE_CHECK(knob->find_cores());
  return std::unique_ptr<Knob>(std::move(knob));
}

}  // namespace

const KnobKind& knob_kind_cpu_online();
const KnobKind& knob_kind_cpu_online() {
  static const KnobKind kind{"cpu_online", "number of CPU cores that are online", open_cpu_online};
  return kind;
}

}  // namespace isojoule
