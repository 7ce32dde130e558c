#include "twin/cpu_nodes.h"

#include <algorithm>
#include <numeric>

#include "twin/node.h"

namespace isojoule::twin {
namespace {

constexpr char kFolder[] = "/sys/devices/system/cpu";
constexpr double kKilohertz = 1e3;

std::string cpu_folder(int cpu) { return fmt::format("{}/cpu{}", kFolder, cpu); }

std::vector<std::string> known_governors(const std::vector<std::string>& shown,
                                         const std::vector<std::string>& simulated) {
  std::vector<std::string> known;
  for (const auto& name : shown)
    if (std::find(simulated.begin(), simulated.end(), name) != simulated.end())
      known.push_back(name);
  return known;
}

}  // namespace

std::string cpu_list(const std::vector<int>& cpus) {
  std::string text;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t last = i;
    while (last + 1 < cpus.size() && cpus[last + 1] == cpus[last] + 1) ++last;
    text += fmt::format("{}{}", text.empty() ? "" : ",", cpus[i]);
    if (last > i) text += fmt::format("-{}", cpus[last]);
    i = last + 1;
  }
  return text;
}

CpuNodes::CpuNodes(MemoryTree& tree, const BoardShape& shape, const Constants& constants,
                   Simulation& simulation)
    : tree_(tree),
      simulation_(simulation),
      kernel_(shape.kernel),
      driver_(shape.cpu.driver),
      table_order_(shape.cpu.table),
      first_stays_(shape.cpu.first_stays),
      powersave_is_(shape.cpu.powersave_is),
      table_(constants.cpu_frequencies, kKilohertz),
      governors_(known_governors(shape.cpu.governors, constants.cpu_governors)) {
  for (const auto& cpus : shape.cpu.policies) {
    Policy policy;
    policy.cpus = cpus;
    policy.path = fmt::format("{}/cpufreq/policy{}", kFolder, cpus.front());
    policy.governor = simulation.governor(Domain::cpu);
    if (policy.governor == powersave_is_) policy.governor = "powersave";
    policy.user_min = policy.min = table_.lowest();
    policy.user_max = policy.max = table_.highest();
    policies_.push_back(policy);
    for (const int cpu : cpus)
      online_.resize(std::max(online_.size(), static_cast<std::size_t>(cpu) + 1));
  }
  std::fill(online_.begin(), online_.end(), true);
  ruling_ = find_ruling();
  for (Policy& policy : policies_) add_policy(policy);
  add_cpus();
}

void CpuNodes::add_cpus() {
  std::vector<int> all;
  for (const Policy& policy : policies_)
    all.insert(all.end(), policy.cpus.begin(), policy.cpus.end());
  std::sort(all.begin(), all.end());
  for (const char* name : {"present", "possible"})
    tree_.add_text(std::string(kFolder) + "/" + name, cpu_list(all) + "\n", 0444);
  add_made_text(tree_, std::string(kFolder) + "/online",
                [this, all] { return cpu_list(online_of(all)) + "\n"; });
  add_made_text(tree_, std::string(kFolder) + "/offline", [this, all] {
    std::vector<int> off;
    for (const int cpu : all)
      if (!is_online(cpu)) off.push_back(cpu);
    return cpu_list(off) + "\n";
  });
  for (const int cpu : all)
    if (cpu != 0 || !first_stays_)
      tree_.add_integer(
          cpu_folder(cpu) + "/online", [this, cpu] { return is_online(cpu) ? 1 : 0; },
          [this, cpu](std::string_view text) { return write_online(cpu, text); });
}

void CpuNodes::add_policy(Policy& policy) {
  policy.present = true;
  for (const int cpu : policy.cpus)
    tree_.add_link(cpu_folder(cpu) + "/cpufreq",
                   fmt::format("../cpufreq/policy{}", policy.cpus.front()));
  add_texts(policy);
  add_limits(policy);
  add_governor(policy);
}

void CpuNodes::remove_policy(Policy& policy) {
  policy.present = false;
  for (const int cpu : policy.cpus) tree_.remove(cpu_folder(cpu) + "/cpufreq");
  tree_.remove(policy.path);
}

void CpuNodes::add_texts(const Policy& policy) {
  const std::string at = policy.path + "/";
  std::vector<std::int64_t> table = table_.entries();
  if (table_order_ == "descending") std::reverse(table.begin(), table.end());
  if (table_order_ != "none")
    tree_.add_text(at + "scaling_available_frequencies", line_of(table, " \n"), 0444);
  tree_.add_text(at + "scaling_available_governors", line_of(governors_, " \n"), 0444);
  tree_.add_text(at + "scaling_driver", driver_ + "\n", 0444);
  tree_.add_text(at + "cpuinfo_min_freq", fmt::format("{}\n", table_.lowest()), 0444);
  tree_.add_text(at + "cpuinfo_max_freq", fmt::format("{}\n", table_.highest()), 0444);
  tree_.add_text(at + "related_cpus", line_of(policy.cpus), 0444);
  add_made_text(tree_, at + "affected_cpus",
                [this, &policy] { return line_of(online_of(policy.cpus)); });
  tree_.add_integer(
      at + "scaling_cur_freq", [this, &policy] { return current(policy); }, {}, 0444);
  tree_.add_integer(
      at + "cpuinfo_cur_freq", [this, &policy] { return current(policy); }, {}, 0400);
  add_made_text(tree_, at + "stats/time_in_state", [this] { return time_in_state(); });
  tree_.add_integer(
      at + "stats/total_trans",
      [this] {
        const auto counts = simulation_.transitions(Domain::cpu);
        return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
      },
      {}, 0444);
}

void CpuNodes::add_limits(Policy& policy) {
  tree_.add_integer(
      policy.path + "/scaling_min_freq", [&policy] { return policy.min; },
      [this, &policy](std::string_view text) { return write_limit(policy, true, text); });
  tree_.add_integer(
      policy.path + "/scaling_max_freq", [&policy] { return policy.max; },
      [this, &policy](std::string_view text) { return write_limit(policy, false, text); });
}

void CpuNodes::add_governor(Policy& policy) {
  tree_.add_node(
      policy.path + "/scaling_governor",
      [&policy](std::span<char> buffer) -> Result<std::size_t> {
        return copy_text(policy.governor + "\n", buffer);
      },
      [this, &policy](std::string_view text) { return write_governor(policy, text); });
  tree_.add_node(
      policy.path + "/scaling_setspeed",
      [this, &policy](std::span<char> buffer) -> Result<std::size_t> {
        if (policy.governor != "userspace") return copy_text("<unsupported>\n", buffer);
        return print_integer(current(policy), buffer);
      },
      [this, &policy](std::string_view text) { return write_set_speed(policy, text); });
}

Status CpuNodes::write_limit(Policy& policy, bool is_minimum, std::string_view text) {
  const std::string path = policy.path + (is_minimum ? "/scaling_min_freq" : "/scaling_max_freq");
  const auto value = kernel_ == Kernel::k4_9 ? leading_number(text) : strict_number(text);
  if (!value) return refuse(EINVAL, path, "write");
  const std::int64_t minimum = is_minimum ? *value : policy.user_min;
  const std::int64_t maximum = is_minimum ? policy.user_max : *value;
  // cpufreq_set_policy() of 4.9; from 5.3 on a frequency QoS request, which is never refused.
  if (kernel_ == Kernel::k4_9 && minimum > maximum) return refuse(EINVAL, path, "write");
  policy.user_min = minimum;
  policy.user_max = maximum;
  apply_limits(policy);
  return {};
}

// cpufreq_verify_within_limits() and cpufreq_frequency_table_verify().
void CpuNodes::apply_limits(Policy& policy) {
  policy.min = std::clamp(policy.user_min, table_.lowest(), table_.highest());
  policy.max = std::clamp(policy.user_max, table_.lowest(), table_.highest());
  policy.min = std::min(policy.min, policy.max);
  if (table_.at_least(policy.min) > policy.max) policy.max = table_.at_least(policy.min);
  apply(policy);
}

void CpuNodes::apply(const Policy& policy) {
  if (rules(policy)) apply_to_simulation();
  if (policies_.size() > 1) simulation_.set_idle_clusters(idle_clusters());
}

// What the others make of the load of the ruling policy, for the simulation's power.
std::vector<ClusterLimits> CpuNodes::idle_clusters() const {
  std::vector<ClusterLimits> clusters;
  for (const Policy& policy : policies_) {
    const int online = static_cast<int>(online_of(policy.cpus).size());
    if (rules(policy) || online == 0) continue;
    ClusterLimits limits;
    limits.online_cores = online;
    limits.lowest = table_.hertz(table_.at_least(policy.min));
    limits.highest = table_.hertz(table_.at_most(policy.max));
    const std::string& name = simulated(policy.governor);
    const bool still = name == "performance" || name == "powersave" || name == "userspace";
    if (still) limits.fixed = table_.hertz(current(policy));
    limits.governed = !still && limits.lowest < limits.highest;
    clusters.push_back(limits);
  }
  return clusters;
}

void CpuNodes::apply_to_simulation() {
  const Policy& policy = *ruling_;
  simulation_.set_limits(Domain::cpu, table_.hertz(table_.at_least(policy.min)),
                         table_.hertz(table_.at_most(policy.max)));
  if (simulation_.governor(Domain::cpu) != simulated(policy.governor))
    simulation_.set_governor(Domain::cpu, simulated(policy.governor));
  if (policy.governor == "userspace")  // a governor starts from where the clock stands
    simulation_.set_userspace_frequency(Domain::cpu, table_.hertz(policy.set_speed));
}

Status CpuNodes::write_governor(Policy& policy, std::string_view text) {
  const std::string name(first_word(text));
  if (std::find(governors_.begin(), governors_.end(), name) == governors_.end())
    return refuse(EINVAL, policy.path + "/scaling_governor", "write");
  if (name == "userspace" && policy.governor != name)
    policy.set_speed = current(policy);  // cpufreq_userspace starts from where the clock is
  policy.governor = name;
  apply(policy);
  return {};
}

Status CpuNodes::write_set_speed(Policy& policy, std::string_view text) {
  const auto value = leading_number(text);
  if (!value || policy.governor != "userspace")
    return refuse(EINVAL, policy.path + "/scaling_setspeed", "write");
  // __cpufreq_driver_target(..., CPUFREQ_RELATION_L): the lowest entry not below the target.
  policy.set_speed = table_.at_least(std::clamp(*value, policy.min, policy.max));
  apply(policy);
  return {};
}

Status CpuNodes::write_online(int cpu, std::string_view text) {
  const auto value = leading_number(text);
  const std::string path = cpu_folder(cpu) + "/online";
  if (!value || *value > 1) return refuse(EINVAL, path, "write");
  const bool on = *value == 1;
  const auto count = std::count(online_.begin(), online_.end(), true);
  if (on == is_online(cpu)) return {};
  if (!on && count == 1) return refuse(EBUSY, path, "write");  // the last one stays
  online_[static_cast<std::size_t>(cpu)] = on;
  for (Policy& policy : policies_) {
    const bool alive = !online_of(policy.cpus).empty();
    if (alive && !policy.present) add_policy(policy);
    if (!alive && policy.present) remove_policy(policy);
  }
  simulation_.set_online_cores(static_cast<int>(count) + (on ? 1 : -1));
  Policy* before = ruling_;
  ruling_ = find_ruling();
  if (ruling_ != before) apply_to_simulation();
  if (policies_.size() > 1) simulation_.set_idle_clusters(idle_clusters());
  return {};
}

const std::string& CpuNodes::simulated(const std::string& governor) const {
  return governor == "powersave" && !powersave_is_.empty() ? powersave_is_ : governor;
}

CpuNodes::Policy* CpuNodes::find_ruling() {
  for (Policy& policy : policies_)
    if (!online_of(policy.cpus).empty()) return &policy;
  return &policies_.front();
}

std::int64_t CpuNodes::current(const Policy& policy) const {
  const std::int64_t running = table_.number(simulation_.frequency(Domain::cpu));
  if (rules(policy)) return running;
  const std::int64_t low = table_.at_least(policy.min);
  const std::int64_t high = table_.at_most(policy.max);
  if (policy.governor == "performance") return high;
  if (simulated(policy.governor) == "powersave") return low;
  return std::clamp(policy.governor == "userspace" ? policy.set_speed : running, low, high);
}

std::vector<int> CpuNodes::online_of(const std::vector<int>& cpus) const {
  std::vector<int> online;
  for (const int cpu : cpus)
    if (is_online(cpu)) online.push_back(cpu);
  return online;
}

// "KHZ TICKS" a line, in ticks of 10 ms (USER_HZ).
std::string CpuNodes::time_in_state() const {
  const std::vector<Second> times = simulation_.time_in_state(Domain::cpu);
  std::string text;
  for (std::size_t i = 0; i < table_.entries().size() && i < times.size(); ++i)
    text += fmt::format("{} {}\n", table_.entries()[i],
                        static_cast<std::int64_t>(times[i].value() * 100));
  return text;
}

}  // namespace isojoule::twin
