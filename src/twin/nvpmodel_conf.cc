// The conf text that nvpmodel reads: where each parameter's node is, and each mode's values.
#include <algorithm>
#include <cctype>

#include "twin/node.h"
#include "twin/nvpmodel.h"

namespace isojoule::twin {
namespace {

constexpr char kCpus[] = "/sys/devices/system/cpu";

bool is_emc(const ClockCapShape& cap) { return cap.name() == "emc_iso_cap" || cap.name() == "emc"; }

std::string parameter_of(const ClockCapShape& cap) {
  if (is_emc(cap)) return "EMC";
  std::string name = cap.name();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

std::vector<int> all_cpus(const CpuShape& cpu) {
  std::vector<int> all;
  for (const auto& policy : cpu.policies) all.insert(all.end(), policy.begin(), policy.end());
  std::sort(all.begin(), all.end());
  return all;
}

bool any_mask(const NvpmodelShape& shape) {
  return std::any_of(shape.modes.begin(), shape.modes.end(),
                     [](const PowerModeShape& mode) { return mode.tpc_mask.has_value(); });
}

std::string clock_parameter(const std::string& name, const std::string& folder,
                            const std::string& table, const std::string& maximum,
                            const std::string& minimum) {
  return fmt::format(
      "< PARAM TYPE=CLOCK NAME={0} >\nFREQ_TABLE {1}/{2}\nMAX_FREQ {1}/{3}\nMIN_FREQ {1}/{4}\n\n",
      name, folder, table, maximum, minimum);
}

std::string parameters(const BoardShape& shape) {
  std::string text = "< PARAM TYPE=FILE NAME=CPU_ONLINE >\n";
  for (const int cpu : all_cpus(shape.cpu))
    text += fmt::format("CORE_{0} {1}/cpu{0}/online\n", cpu, kCpus);
  const std::string gpu = shape.gpu.device;
  if (any_mask(shape.jetson.nvpmodel))
    text += fmt::format("\n< PARAM TYPE=FILE NAME=TPC_POWER_GATING >\nTPC_PG_MASK {}/tpc_pg_mask\n",
                        gpu);
  for (const char* name : {"ENABLE", "DISABLE"})
    text += fmt::format(
        "\n< PARAM TYPE=FILE NAME=GPU_POWER_CONTROL_{} >\nGPU_PWR_CNTL_{} {}/power/control\n", name,
        std::string(name) == "ENABLE" ? "EN" : "DIS", gpu);
  text += "\n";
  for (std::size_t i = 0; i < shape.cpu.policies.size(); ++i)
    text +=
        clock_parameter(fmt::format("CPU_{}", i),
                        fmt::format("{}/cpu{}/cpufreq", kCpus, shape.cpu.policies[i].front()),
                        "scaling_available_frequencies", "scaling_max_freq", "scaling_min_freq");
  text +=
      clock_parameter("GPU", shape.gpu.devfreq(), "available_frequencies", "max_freq", "min_freq");
  for (const ClockCapShape& cap : shape.jetson.caps)
    text +=
        fmt::format("< PARAM TYPE=CLOCK NAME={} >\nMAX_FREQ {}\n\n", parameter_of(cap), cap.path);
  return text;
}

// nvpmodel turns -1 into the largest number; the EMC's own cap has a 0 for 'none'.
std::int64_t cap_value(const PowerModeShape& mode, const ClockCapShape& cap) {
  const std::int64_t limit = cap_in(mode, cap);
  if (limit > 0) return limit;
  return cap.follows_clock() || cap.none != "0" ? -1 : 0;
}

std::string mode_text(const BoardShape& shape, const PowerModeShape& mode) {
  std::string text = fmt::format("< POWER_MODEL ID={} NAME={} >\n", mode.id, mode.name);
  const std::vector<int> online = online_in(mode, shape.cpu);
  const auto is_online = [&online](int cpu) {
    return std::find(online.begin(), online.end(), cpu) != online.end();
  };
  for (const int cpu : all_cpus(shape.cpu))
    text += fmt::format("CPU_ONLINE CORE_{} {}\n", cpu, is_online(cpu) ? 1 : 0);
  if (mode.tpc_mask) text += fmt::format("TPC_POWER_GATING TPC_PG_MASK {}\n", *mode.tpc_mask);
  text += "GPU_POWER_CONTROL_ENABLE GPU_PWR_CNTL_EN on\n";
  const auto at = [](const std::vector<std::int64_t>& list, std::size_t i) {
    return list[std::min(i, list.size() - 1)];
  };
  for (std::size_t i = 0; i < shape.cpu.policies.size(); ++i) {
    if (std::none_of(shape.cpu.policies[i].begin(), shape.cpu.policies[i].end(), is_online))
      continue;
    text +=
        fmt::format("CPU_{} MIN_FREQ {}\n", i, std::max<std::int64_t>(0, at(mode.cpu_min_khz, i)));
    text += fmt::format("CPU_{} MAX_FREQ {}\n", i, at(mode.cpu_max_khz, i));
  }
  text += fmt::format("GPU MIN_FREQ {}\nGPU MAX_FREQ {}\n",
                      std::max<std::int64_t>(0, mode.gpu_min_hz), mode.gpu_max_hz);
  text += "GPU_POWER_CONTROL_DISABLE GPU_PWR_CNTL_DIS auto\n";
  for (const ClockCapShape& cap : shape.jetson.caps)
    text += fmt::format("{} MAX_FREQ {}\n", parameter_of(cap), cap_value(mode, cap));
  return text + "\n";
}

}  // namespace

std::vector<int> online_in(const PowerModeShape& mode, const CpuShape& cpu) {
  return mode.cores.empty() ? all_cpus(cpu) : mode.cores;
}

std::int64_t cap_in(const PowerModeShape& mode, const ClockCapShape& cap) {
  std::int64_t value = is_emc(cap) ? mode.emc_max_hz : 0;
  if (const auto own = mode.caps.find(cap.name()); own != mode.caps.end()) value = own->second;
  return std::max<std::int64_t>(0, value);
}

std::string nvpmodel_conf(const BoardShape& shape) {
  std::string text = fmt::format("# Power modes of a simulated {}\n\n", shape.board);
  text += parameters(shape);
  for (const PowerModeShape& mode : shape.jetson.nvpmodel.modes) text += mode_text(shape, mode);
  return text + fmt::format("< PM_CONFIG DEFAULT={} >\n", shape.jetson.nvpmodel.default_mode);
}

}  // namespace isojoule::twin
