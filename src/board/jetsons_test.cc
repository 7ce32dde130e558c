// The Jetsons' board files against what was read elsewhere: compatible strings and releases of real
// devices, tegrastats lines, totals.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "base/memory_tree.h"
#include "board/board.h"

namespace isojoule {
namespace {

const std::string kBoards = ISOJOULE_SOURCE_DIR "/boards";

BoardFile board(const std::string& name) {
  auto file = load_board(kBoards, name);
  EXPECT_TRUE(file.has_value()) << (file ? "" : to_string(file.error()));
  return file ? *file : BoardFile{};
}

// The device tree's strings, each ended by a NUL, as the kernel shows them.
std::string device_tree(const std::vector<std::string>& strings) {
  std::string text;
  for (const auto& one : strings) text += one + '\0';
  return text;
}

// "36.4.3" as the first line of /etc/nv_tegra_release.
std::string release_line(const std::string& l4t) {
  const auto dot = l4t.find('.');
  return "# R" + l4t.substr(0, dot) + " (release), REVISION: " + l4t.substr(dot + 1) +
         ", GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: Wed Jan  8 01:49:37 UTC 2025\n";
}

Result<Detected> detect(const std::vector<std::string>& compatible, const std::string& l4t) {
  MemoryTree tree;
  tree.add_text("/proc/device-tree/compatible", device_tree(compatible));
  if (!l4t.empty()) tree.add_text("/etc/nv_tegra_release", release_line(l4t));
  return detect_board(kBoards, tree);
}

// ---- detection ----------------------------------------------------------------------------------

struct Device {
  std::vector<std::string> compatible;
  std::string board, variant;
  std::vector<std::pair<std::string, std::string>> releases;  // L4T -> the board file's release
};

using Releases = std::vector<std::pair<std::string, std::string>>;
const Releases kJetPack4 = {{"32.4.4", "32.4"}, {"32.5.1", "32.7"}, {"32.7.4", "32.7"},
                            {"35.4.1", ""},     {"36.4.3", ""},     {"39.2", ""}};
const Releases kXavier = {{"32.4.4", "32.4"}, {"32.5.1", "32.7"}, {"32.7.4", "32.7"},
                          {"34.1", "35.5"},   {"35.4.1", "35.5"}, {"36.4.3", ""}};
const Releases kOrin = {{"32.7.4", ""},   {"35.4.1", "35.5"}, {"36.3", "36.4"}, {"36.4.3", "36.4"},
                        {"36.5", "36.4"}, {"39.2", ""},       {"", ""}};

// The first string of each module is as devices show it (their /proc/device-tree/compatible), or
// for modules that nobody showed, made from the list of module numbers.
const std::vector<Device> kDevices = {
    {{"nvidia,p3449-0000-b00+p3448-0000-b00", "nvidia,jetson-nano", "nvidia,tegra210"},
     "jetson-nano",
     "",
     kJetPack4},
    {{"nvidia,p3542-0000+p3448-0003", "nvidia,jetson-nano-2gb", "nvidia,jetson-nano",
      "nvidia,tegra210"},
     "jetson-nano-2gb",
     "",
     kJetPack4},
    {{"nvidia,quill", "nvidia,p2597-0000+p3310-1000", "nvidia,tegra186"},
     "jetson-tx2",
     "",
     kJetPack4},
    {{"nvidia,quill", "nvidia,p2597-0000+p3489-0000", "nvidia,tegra186"},
     "jetson-tx2",
     "tx2i",
     kJetPack4},
    {{"nvidia,p2597-0000+p3489-0888", "nvidia,tegra186"}, "jetson-tx2", "4gb", kJetPack4},
    {{"nvidia,p3509-0000+p3636-0001", "nvidia,tegra186"},
     "jetson-tx2-nx",
     "",
     {{"32.5.1", "32.7"}, {"32.7.4", "32.7"}, {"32.4.4", ""}}},
    {{"nvidia,galen", "nvidia,jetson-xavier", "nvidia,p2822-0000+p2888-0001", "nvidia,tegra194"},
     "jetson-agx-xavier",
     "",
     kXavier},
    {{"nvidia,galen", "nvidia,jetson-xavier", "nvidia,p2822-0000+p2888-0006", "nvidia,tegra194"},
     "jetson-agx-xavier",
     "8gb",
     kXavier},
    {{"nvidia,p3509-0000+p3668-0000", "nvidia,tegra194"}, "jetson-xavier-nx", "", kXavier},
    {{"nvidia,p3509-0000+p3668-0001", "nvidia,tegra194"}, "jetson-xavier-nx", "", kXavier},
    {{"nvidia,p3509-0000+p3668-0003", "nvidia,tegra194"}, "jetson-xavier-nx", "16gb", kXavier},
    {{"nvidia,p3737-0000+p3701-0005", "nvidia,p3701-0005", "nvidia,tegra234", "nvidia,tegra23x"},
     "jetson-agx-orin",
     "",
     kOrin},
    {{"nvidia,p3737-0000+p3701-0000", "nvidia,p3701-0000", "nvidia,tegra234"},
     "jetson-agx-orin",
     "",
     kOrin},
    {{"nvidia,p3737-0000+p3701-0004", "nvidia,p3701-0004", "nvidia,tegra234"},
     "jetson-agx-orin",
     "32gb",
     kOrin},
    {{"nvidia,p3737-0000+p3701-0008", "nvidia,p3701-0008", "nvidia,tegra234"},
     "jetson-agx-orin",
     "industrial",
     kOrin},
    {{"nvidia,p3768-0000+p3767-0000", "nvidia,p3767-0000", "nvidia,tegra234"},
     "jetson-orin-nx",
     "",
     kOrin},
    {{"nvidia,p3768-0000+p3767-0000-super", "nvidia,p3767-0000", "nvidia,tegra234"},
     "jetson-orin-nx",
     "super",
     kOrin},
    {{"nvidia,p3768-0000+p3767-0001", "nvidia,p3767-0001", "nvidia,tegra234"},
     "jetson-orin-nx",
     "8gb",
     kOrin},
    {{"nvidia,p3768-0000+p3767-0001-super", "nvidia,p3767-0001", "nvidia,tegra234"},
     "jetson-orin-nx",
     "8gb-super",
     kOrin},
    {{"nvidia,p3768-0000+p3767-0005", "nvidia,p3767-0005", "nvidia,tegra234"},
     "jetson-orin-nano",
     "",
     kOrin},
    {{"nvidia,p3768-0000+p3767-0005-super", "nvidia,p3767-0005", "nvidia,tegra234"},
     "jetson-orin-nano",
     "super",
     kOrin},
    {{"nvidia,p3768-0000+p3767-0003", "nvidia,p3767-0003", "nvidia,tegra234"},
     "jetson-orin-nano",
     "",
     kOrin},
    {{"nvidia,p3768-0000+p3767-0004", "nvidia,p3767-0004", "nvidia,tegra234"},
     "jetson-orin-nano",
     "4gb",
     kOrin},
    {{"nvidia,p3768-0000+p3767-0004-super", "nvidia,p3767-0004", "nvidia,tegra234"},
     "jetson-orin-nano",
     "4gb-super",
     kOrin},
};

TEST(Jetsons, EveryDeviceIsDetected) {
  for (const Device& device : kDevices)
    for (const auto& [l4t, release] : device.releases) {
      SCOPED_TRACE(device.compatible.front() + " L4T " + l4t);
      const auto found = detect(device.compatible, l4t);
      ASSERT_TRUE(found.has_value()) << to_string(found.error());
      EXPECT_EQ(found->board, device.board);
      EXPECT_EQ(found->variant, device.variant);
      EXPECT_EQ(found->release, release);
    }
}

TEST(Jetsons, AModuleOnAnotherCarrierIsDetectedByItself) {
  EXPECT_EQ(detect({"acme,carrier", "nvidia,p3767-0001", "nvidia,tegra234"}, "36.4.3")->variant,
            "8gb");
  EXPECT_EQ(detect({"acme,carrier", "nvidia,p3701-0004", "nvidia,tegra234"}, "36.4.3")->board,
            "jetson-agx-orin");
}

TEST(Jetsons, TheChipAloneIsNoBoard) {
  for (const char* chip :
       {"nvidia,tegra210", "nvidia,tegra186", "nvidia,tegra194", "nvidia,tegra234"})
    EXPECT_EQ(detect({"acme,board", chip}, "36.4.3").error().kind, ErrorKind::not_found) << chip;
}

// Every string of a variant is one of its board's, or detection would never come to it.
TEST(Jetsons, VariantsAreAmongTheirBoardsStrings) {
  for (const auto& name : board_names(kBoards)) {
    const BoardFile file = board(name);
    for (const auto& variant : file.variants) {
      EXPECT_FALSE(variant.title.empty());
      for (const auto& one : variant.compatible)
        EXPECT_NE(std::find(file.compatible.begin(), file.compatible.end(), one),
                  file.compatible.end())
            << name << ": " << one;
    }
  }
}

// ---- rails --------------------------------------------------------------------------------------

TEST(Jetsons, Totals) {
  const std::map<std::string, std::string> totals = {
      {"jetson-nano", "POM_5V_IN"},
      {"jetson-nano-2gb", ""},
      {"jetson-tx2", "VDD_IN"},
      {"jetson-tx2-nx", "VDD_IN"},
      {"jetson-xavier-nx", "VDD_IN"},
      {"jetson-agx-xavier", "GPU + CPU + SOC + CV + VDDRQ + SYS5V"},
      {"jetson-orin-nano", "VDD_IN"},
      {"jetson-orin-nx", "VDD_IN"},
      {"jetson-agx-orin", "VDD_GPU_SOC + VDD_CPU_CV + VIN_SYS_5V0"}};
  for (const auto& [name, total] : totals) EXPECT_EQ(board(name).total, total) << name;
}

// The DRAM's rail hangs below the 5 V rail: whoever adds it counts it twice, and is refused.
TEST(Jetsons, TheAgxOrinsMemoryRailIsInsideAnother) {
  const BoardFile file = board("jetson-agx-orin");
  const auto rail = std::find_if(file.rails.begin(), file.rails.end(),
                                 [](const Rail& one) { return one.name == "VDDQ_VDD2_1V8AO"; });
  ASSERT_NE(rail, file.rails.end());
  EXPECT_EQ(rail->parent, "VIN_SYS_5V0");
}

// Every rail is measured in every release, by one channel alone.
TEST(Jetsons, EveryRailHasItsChannel) {
  for (const auto& name : board_names(kBoards)) {
    if (name.rfind("jetson-", 0) != 0) continue;
    const BoardFile file = board(name);
    for (const auto& release : file.releases) {
      std::multiset<std::string> measured, rails;
      for (const auto& chip : release.chips)
        for (const auto& channel : chip.channels) measured.insert(channel.rail);
      for (const auto& rail : file.rails) rails.insert(rail.name);
      EXPECT_EQ(measured, rails) << name << " " << release.name;
    }
  }
}

// The words of a tegrastats line that are followed by a power: "VDD_IN 5299mW/5299mW" or
// "VDD_IN 4067/4067". Lines: DataDog/datadog-agent, jetson_test.go (Apache-2.0), and a public log
// of a Super developer kit.
std::set<std::string> rails_in(const std::string& line) {
  std::set<std::string> rails;
  std::istringstream words(line);
  for (std::string word, last; words >> word; last = word)
    if (word.find('/') != std::string::npos && word.find_first_of("-0123456789") == 0)
      rails.insert(last);
  return rails;
}

TEST(Jetsons, RailsAreThoseOfTegrastats) {
  const std::map<std::string, std::string> lines = {
      {"jetson-nano",
       "PLL@34C CPU@36.5C PMIC@100C POM_5V_IN 1022/1022 POM_5V_GPU 0/0 POM_5V_CPU 204/204"},
      {"jetson-tx2",
       "BCPU@37.5C Tdiode@34.25C VDD_SYS_GPU 152/152 VDD_SYS_SOC 687/687 VDD_4V0_WIFI 0/0 VDD_IN "
       "3056/3056 VDD_SYS_CPU 152/152 VDD_SYS_DDR 883/883"},
      {"jetson-agx-xavier",
       "thermal@36.9C Tboard@37C GPU 0/0 CPU 311/311 SOC 932/932 CV 0/0 VDDRQ 621/621 SYS5V "
       "1482/1482"},
      {"jetson-xavier-nx",
       "CPU@43.5C thermal@42.55C VDD_IN 4067/4067 VDD_CPU_GPU_CV 738/738 VDD_SOC 1353/1353"},
      {"jetson-orin-nx",
       "SOC1@48.875C CV2@45.75C VDD_IN 5299mW/5299mW VDD_CPU_GPU_CV 773mW/773mW VDD_SOC "
       "1424mW/1424mW"},
      {"jetson-orin-nano",
       "tj@49.156C soc1@49.156C VDD_IN 4761mW/4778mW VDD_CPU_GPU_CV 515mW/501mW VDD_SOC "
       "1428mW/1428mW"},
      {"jetson-agx-orin",
       "tj@37.5C soc1@33.656C VDD_GPU_SOC 1592mW/1592mW VDD_CPU_CV -398mW/-398mW VIN_SYS_5V0 "
       "2624mW/2624mW VDDQ_VDD2_1V8AO 403mW/403mW"}};
  for (const auto& [name, line] : lines) {
    std::set<std::string> rails;
    const BoardFile file = board(name);
    for (const auto& rail : file.rails) rails.insert(rail.name);
    EXPECT_EQ(rails, rails_in(line)) << name;
  }
}

// ---- knobs --------------------------------------------------------------------------------------

const KnobSpec* knob(const BoardRelease& release, const std::string& axis) {
  for (const auto& one : release.knobs)
    if (one.axis == axis) return &one;
  return nullptr;
}

// Kernel 4.9 refuses min > max, later ones do not; every clock knob of a release says the same.
TEST(Jetsons, OrderedLimitsFollowTheKernel) {
  for (const auto& name : board_names(kBoards)) {
    if (name.rfind("jetson-", 0) != 0) continue;
    const BoardFile file = board(name);
    for (const auto& release : file.releases)
      for (const auto& one : release.knobs) {
        if (one.type != "cpufreq" && one.type != "devfreq" && one.type != "frequency_cap") continue;
        EXPECT_EQ(one.ordered_limits, release.name.rfind("32.", 0) == 0)
            << name << " " << release.name << " " << one.axis;
      }
  }
}

// One axis for all clusters, and one for each alone; each is watched.
TEST(Jetsons, EveryClusterHasItsClock) {
  const std::map<std::string, std::size_t> clusters = {
      {"jetson-nano", 1},       {"jetson-tx2", 2},     {"jetson-tx2-nx", 2},
      {"jetson-xavier-nx", 3},  {"jetson-orin-nx", 2}, {"jetson-orin-nano", 2},
      {"jetson-agx-xavier", 4}, {"jetson-agx-orin", 3}};
  std::map<std::string, BoardFile> files;
  for (const auto& [name, count] : clusters) files[name] = board(name);
  for (const auto& [name, count] : clusters)
    for (const auto& release : files.at(name).releases) {
      SCOPED_TRACE(name + " " + release.name);
      const KnobSpec* all = knob(release, "cpu_frequency");
      ASSERT_NE(all, nullptr);
      EXPECT_EQ(all->nodes.size(), count);
      const auto alone =
          std::count_if(release.knobs.begin(), release.knobs.end(),
                        [](const KnobSpec& one) { return one.axis.rfind("cpu_policy", 0) == 0; });
      EXPECT_EQ(static_cast<std::size_t>(alone), count == 1 ? 0 : count);
      const auto watched =
          std::count_if(release.watches.begin(), release.watches.end(),
                        [](const WatchSpec& one) { return one.name.rfind("cpu_", 0) == 0; });
      EXPECT_EQ(static_cast<std::size_t>(watched), count);
    }
}

// TX2 and TX2 NX: CPUs 1 and 2 are Denver cores, the last that an axis of cores brings on.
TEST(Jetsons, TheDenverCoresComeLast) {
  for (const char* name : {"jetson-tx2", "jetson-tx2-nx"}) {
    const BoardFile file = board(name);
    for (const auto& release : file.releases) {
      SCOPED_TRACE(std::string(name) + " " + release.name);
      const KnobSpec* cores = knob(release, "cpu_online");
      ASSERT_NE(cores, nullptr);
      ASSERT_TRUE(cores->options.contains("order"));
      EXPECT_EQ(cores->options.at("order"), "0 3 4 5 1 2");
    }
  }
}

// ---- throttling ---------------------------------------------------------------------------------

// A cooling device's cur_state is no count: a board that is held back from start to end shows the
// same number at both.
TEST(Jetsons, ACoolingDeviceIsAState) {
  std::set<std::string> with_cooling;
  for (const auto& name : board_names(kBoards)) {
    const BoardFile file = board(name);
    for (const auto& release : file.releases)
      for (const auto& throttle : release.throttles) {
        if (!throttle.path.ends_with("/cur_state")) continue;
        with_cooling.insert(name);
        EXPECT_TRUE(throttle.is_state) << name << " " << release.name << " " << throttle.name;
      }
  }
  EXPECT_EQ(with_cooling, (std::set<std::string>{"jetson-nano", "jetson-nano-2gb", "jetson-tx2",
                                                 "jetson-tx2-nx"}));
}

}  // namespace
}  // namespace isojoule
