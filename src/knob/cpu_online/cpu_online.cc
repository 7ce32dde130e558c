// How many cores run: cpuN/online below /sys/devices/system/cpu. The first n cores stay, the others
// are unplugged, from the last one down; core 0 always stays. options.order names the cores in
// another order ("0 3 4 5 1 2": TX2's Cortex-A57 cores before its Denver cores); those that it does
// not name come last, by number. Cores that the kernel does not let go come before all.
#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "knob/node.h"

namespace isojoule {
namespace {

struct Core {
  int number = 0;
  int place = 0;       // in the order in which they come on
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

// Core number -> its place; those not named come after.
Result<std::map<int, int>> places_of(const std::string& order) {
  std::map<int, int> places;
  std::size_t at = 0;
  while ((at = order.find_first_not_of(" ,", at)) != std::string::npos) {
    const std::size_t end = std::min(order.find_first_of(" ,", at), order.size());
    const int number = node::number_after("", order.substr(at, end - at));
    if (number < 0 || !places.emplace(number, static_cast<int>(places.size())).second)
      return fail(ErrorKind::invalid,
                  "cpu_online: '" + order.substr(at, end - at) + "' is no core's number here",
                  "Write options = { order = \"0 3 4 5 1 2\" }, each core once");
    at = end;
  }
  return places;
}

Status CpuOnlineKnob::find_cores() {
  const std::string& folder = spec_.nodes.front();
  ISOJOULE_TRY(const auto names, tree_.list(folder));
  const auto order = spec_.options.find("order");
  ISOJOULE_TRY(const auto places,
               places_of(order == spec_.options.end() ? std::string() : order->second));
  const int last = static_cast<int>(places.size());
  for (const auto& name : names) {
    const int number = node::number_after("cpu", name);
    if (number < 0) continue;
    const std::string online = folder + "/" + name + "/online";
    const auto place = places.find(number);
    cores_.push_back(
        {number, place == places.end() ? last : place->second, tree_.exists(online) ? online : ""});
  }
  std::sort(cores_.begin(), cores_.end(), [](const Core& a, const Core& b) {
    return std::tuple(!a.online.empty(), a.place, a.number) <
           std::tuple(!b.online.empty(), b.place, b.number);
  });
  if (cores_.empty())
    return fail(ErrorKind::not_found, axis_.name + ": no cores there", {}, folder + "/cpu*");
  const auto fixed = static_cast<std::size_t>(std::count_if(
      cores_.begin(), cores_.end(), [](const Core& core) { return core.online.empty(); }));
  for (std::size_t n = std::max<std::size_t>(fixed, 1); n <= cores_.size(); ++n)
    values_.emplace_back(static_cast<double>(n));
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
  const double least = std::get<double>(values_.front());
  const double low = std::clamp(std::floor(wanted), least, most);
  const double high = std::clamp(std::ceil(wanted), least, most);
  return to_string(Value(low)) + (low == high ? "" : " and " + to_string(Value(high)));
}

Result<Value> CpuOnlineKnob::do_set(const Value& value, Clock& clock, Duration deadline) {
  ISOJOULE_TRY(const double wanted, node::number_of(axis_, value));
  if (std::find(values_.begin(), values_.end(), value) == values_.end())
    return fail(ErrorKind::out_of_range,
                axis_.name + ": the board has " + to_string(values_.front()) + " to " +
                    std::to_string(cores_.size()) + " cores, not " + to_string(value),
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

std::vector<KnobSpec> discover_cpu_online(FileTree& tree) {
  KnobSpec spec;
  spec.type = "cpu_online";
  spec.axis = "cpu_online";
  spec.nodes = {"/sys/devices/system/cpu"};
  const auto knob = open_cpu_online(spec, tree);
  if (!knob || (*knob)->values().size() < 2) return {};
  return {spec};
}

}  // namespace

const KnobKind& knob_kind_cpu_online();
const KnobKind& knob_kind_cpu_online() {
  static const KnobKind kind{"cpu_online", "number of CPU cores that are online", open_cpu_online,
                             discover_cpu_online};
  return kind;
}

}  // namespace isojoule
