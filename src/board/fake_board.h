// For tests: the nodes of three boards in a MemoryTree, per release: what the clocks, the power
// chip and the zones need. The knobs that need more (kNotInTheFakes) are missing there; the twins
// have them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "board/board.h"
#include "knob/fake_kernel.h"
#include "sensor/ina3221/fake_ina3221.h"

namespace isojoule::fake {

inline const std::string kBoards = ISOJOULE_SOURCE_DIR "/boards";

struct BoardNodes {
  std::string board, release;
  std::string compatible;  // NUL after each string
  std::string l4t_line;
  Ina3221Nodes chip;
  bool iio = false;
  bool ordered = false;
  std::vector<int> policies;
  int cores = 4;
  std::vector<std::int64_t> cpu_table, gpu_table;
  std::string gpu;
  std::vector<std::string> zones;
  std::map<std::string, std::string> throttles;  // path -> text
};

inline std::vector<BoardNodes> all_boards() {
  using namespace std::string_literals;
  const std::array<std::string, 3> nano = {"POM_5V_IN", "POM_5V_GPU", "POM_5V_CPU"};
  const std::array<std::string, 3> nx = {"VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"};
  const std::vector<std::int64_t> nano_cpu = {102000, 921600, 1479000};
  const std::vector<std::int64_t> nano_gpu = {76800000, 460800000, 921600000};
  const std::string hwmon = "/sys/class/hwmon/hwmon4/";
  std::map<std::string, std::string> xavier_oc = {{hwmon + "name", "soctherm_oc\n"}};
  for (int i = 1; i <= 6; ++i) xavier_oc[hwmon + "oc" + std::to_string(i) + "_irq_cnt"] = "0\n";
  std::map<std::string, std::string> orin_oc = {{hwmon + "name", "soctherm_oc\n"}};
  for (int i = 1; i <= 3; ++i) orin_oc[hwmon + "oc" + std::to_string(i) + "_event_cnt"] = "0\n";
  std::map<std::string, std::string> nano_cooling;
  int device = 3;
  for (const char* type : {"cpu-balanced", "gpu-balanced", "tegra-heavy"}) {
    const std::string folder = "/sys/class/thermal/cooling_device" + std::to_string(device++);
    nano_cooling[folder + "/type"] = std::string(type) + "\n";
    nano_cooling[folder + "/cur_state"] = "0\n";
  }
  const std::string nano_tree =
      "nvidia,p3449-0000-b00+p3448-0000-b00\0nvidia,jetson-nano\0nvidia,tegra210\0"s;
  const std::string xavier_tree = "nvidia,p3509-0000+p3668-0000\0nvidia,tegra194\0"s;
  const std::string orin_tree =
      "nvidia,p3768-0000+p3767-0000\0nvidia,p3767-0000\0nvidia,tegra234\0"s;
  const std::vector<std::string> nano_zones = {"AO-therm",  "CPU-therm", "GPU-therm",
                                               "PLL-therm", "PMIC-Die",  "thermal-fan-est"};
  const std::vector<std::string> xavier_zones = {"CPU-therm", "GPU-therm", "AUX-therm", "AO-therm"};
  const std::vector<std::string> orin5 = {"CPU-therm",  "GPU-therm",  "SOC0-therm",
                                          "SOC1-therm", "SOC2-therm", "tj-therm"};
  const std::vector<std::string> orin6 = {"cpu-thermal",  "gpu-thermal",  "soc0-thermal",
                                          "soc1-thermal", "soc2-thermal", "tj-thermal"};
  const std::vector<std::int64_t> xavier_cpu = {115200, 1190400, 1907200};
  const std::vector<std::int64_t> xavier_gpu = {114750000, 510000000, 1109250000};
  const std::vector<std::int64_t> orin_cpu = {115200, 960000, 1984000};
  const std::vector<std::int64_t> orin_gpu = {306000000, 612000000, 918000000};
  const std::string nano_device = "/sys/devices/57000000.gpu/devfreq/57000000.gpu";
  const std::string xavier_device = "/sys/devices/17000000.gv11b/devfreq/17000000.gv11b";
  return {
      {"jetson-nano",
       "32.4",
       nano_tree,
       "# R32 (release), REVISION: 4.4, GCID: 1, BOARD: t210ref\n",
       {"6-0040", nano},
       true,
       true,
       {0},
       4,
       nano_cpu,
       nano_gpu,
       nano_device,
       nano_zones,
       nano_cooling},
      {"jetson-nano",
       "32.7",
       nano_tree,
       "# R32 (release), REVISION: 7.1, GCID: 1, BOARD: t210ref\n",
       {"6-0040", nano, {5000, 5000, 5000}, {400, 160, 80}, 0400},
       true,
       true,
       {0},
       4,
       nano_cpu,
       nano_gpu,
       nano_device,
       nano_zones,
       nano_cooling},
      {"jetson-xavier-nx",
       "32.7",
       xavier_tree,
       "# R32 (release), REVISION: 7.2, GCID: 1\n",
       {"7-0040", nx, {5000, 5000, 5000}, {900, 300, 200}, 0400},
       true,
       true,
       {0, 2, 4},
       6,
       xavier_cpu,
       xavier_gpu,
       xavier_device,
       xavier_zones,
       {}},
      {"jetson-xavier-nx",
       "35.5",
       xavier_tree,
       "# R35 (release), REVISION: 5.0, GCID: 1\n",
       {"7-0040", nx, {5000, 5000, 5000}, {900, 300, 200}, 0400},
       false,
       false,
       {0, 2, 4},
       6,
       xavier_cpu,
       xavier_gpu,
       xavier_device,
       xavier_zones,
       xavier_oc},
      {"jetson-orin-nx",
       "35.5",
       orin_tree,
       "# R35 (release), REVISION: 4.1, GCID: 1\n",
       {"1-0040", nx, {5000, 5000, 5000}, {1200, 400, 300}, 0400},
       false,
       false,
       {0, 4},
       8,
       orin_cpu,
       orin_gpu,
       "/sys/devices/17000000.ga10b/devfreq/17000000.ga10b",
       orin5,
       orin_oc},
      {"jetson-orin-nx",
       "36.4",
       orin_tree,
       "# R36 (release), REVISION: 4.3, GCID: 38968081\n",
       {"1-0040", nx, {5000, 5000, 5000}, {1200, 400, 300}, 0444},
       false,
       false,
       {0, 4},
       8,
       orin_cpu,
       orin_gpu,
       "/sys/devices/platform/bus@0/17000000.gpu/devfreq/17000000.gpu",
       orin6,
       orin_oc},
  };
}

// Parts of the paths of those knobs.
inline constexpr const char* kNotInTheFakes[] = {"railgate_enable", "cpuidle", "/sys/kernel/debug",
                                                 "nvpmodel",        "nvdla",   "pwm-fan"};

inline const std::string kBootIdPath = "/proc/sys/kernel/random/boot_id";

// A board in memory, with its clock domains at hand.
struct FakeBoard {
  explicit FakeBoard(BoardNodes which) : nodes(std::move(which)) {
    tree.add_text("/proc/device-tree/compatible", nodes.compatible, 0444);
    tree.add_text("/etc/nv_tegra_release", nodes.l4t_line, 0444);
    tree.add_text(kBootIdPath, "11111111-2222-3333-4444-555555555555\n", 0444);
    if (nodes.iio)
      add_iio(tree, nodes.chip);
    else
      add_hwmon(tree, nodes.chip, 3);
    for (const int policy : nodes.policies)
      cpu.push_back(add_domain(tree,
                               "/sys/devices/system/cpu/cpufreq/policy" + std::to_string(policy),
                               kCpufreq, domain(nodes.cpu_table, cpu_governors(), "schedutil", 1)));
    gpu = add_domain(
        tree, nodes.gpu, kDevfreq,
        domain(nodes.gpu_table, gpu_governors(), "nvhost_podgov", nodes.ordered ? 1 : 1000));
    cores = add_cores(tree, nodes.cores);
    for (std::size_t i = 0; i < nodes.zones.size(); ++i) {
      const std::string zone = "/sys/class/thermal/thermal_zone" + std::to_string(i);
      tree.add_text(zone + "/type", nodes.zones[i] + "\n", 0444);
      tree.add_text(zone + "/temp", "35500\n", 0444);
    }
    for (const auto& [path, text] : nodes.throttles) tree.add_text(path, text, 0444);
    if (nodes.iio) tree.add_text("/sys/kernel/actmon_avg_activity/mc_all", "4235\n", 0444);
  }

  ClockDomain domain(const std::vector<std::int64_t>& table,
                     const std::vector<std::string>& governors, const std::string& governor,
                     std::int64_t rounding) const {
    ClockDomain start;
    start.table = table;
    start.governors = governors;
    start.governor = governor;
    start.ordered = nodes.ordered;
    start.rounding = rounding;
    return start;
  }

  Board open() {
    auto file = load_board(kBoards, nodes.board);
    auto board = open_board(*file, nodes.release, tree, clock);
    return std::move(*board);
  }

  BoardNodes nodes;
  MemoryTree tree;
  ManualClock clock;
  std::vector<std::shared_ptr<ClockDomain>> cpu;
  std::shared_ptr<ClockDomain> gpu;
  std::shared_ptr<std::vector<int>> cores;
};

}  // namespace isojoule::fake
