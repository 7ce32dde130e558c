#include "twin/nvpmodel.h"

#include <gmock/gmock.h>

#include "twin/test_rig.h"

namespace isojoule::twin {
namespace {

std::string run(Rig& rig, const std::vector<std::string>& command) {
  const auto text = rig.tree().run(command, Duration::milliseconds(1000));
  return text ? *text : "!" + std::string(name_of(text.error().kind)) + " " + text.error().what;
}

TEST(Nvpmodel, TheConfIsALinkToATextInItsSyntax) {
  Rig nano("jetson-nano", "32.7");
  EXPECT_EQ(*nano.tree().canonical("/etc/nvpmodel.conf"),
            "/etc/nvpmodel/nvpmodel_jetson-nano.conf");
  EXPECT_EQ(nano.read("/etc/nvpmodel.conf"), R"(# Power modes of a simulated jetson-nano

< PARAM TYPE=FILE NAME=CPU_ONLINE >
CORE_0 /sys/devices/system/cpu/cpu0/online
CORE_1 /sys/devices/system/cpu/cpu1/online
CORE_2 /sys/devices/system/cpu/cpu2/online
CORE_3 /sys/devices/system/cpu/cpu3/online

< PARAM TYPE=FILE NAME=GPU_POWER_CONTROL_ENABLE >
GPU_PWR_CNTL_EN /sys/devices/57000000.gpu/power/control

< PARAM TYPE=FILE NAME=GPU_POWER_CONTROL_DISABLE >
GPU_PWR_CNTL_DIS /sys/devices/57000000.gpu/power/control

< PARAM TYPE=CLOCK NAME=CPU_0 >
FREQ_TABLE /sys/devices/system/cpu/cpu0/cpufreq/scaling_available_frequencies
MAX_FREQ /sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq
MIN_FREQ /sys/devices/system/cpu/cpu0/cpufreq/scaling_min_freq

< PARAM TYPE=CLOCK NAME=GPU >
FREQ_TABLE /sys/devices/57000000.gpu/devfreq/57000000.gpu/available_frequencies
MAX_FREQ /sys/devices/57000000.gpu/devfreq/57000000.gpu/max_freq
MIN_FREQ /sys/devices/57000000.gpu/devfreq/57000000.gpu/min_freq

< PARAM TYPE=CLOCK NAME=EMC >
MAX_FREQ /sys/kernel/nvpmodel_emc_cap/emc_iso_cap

< POWER_MODEL ID=0 NAME=MAXN >
CPU_ONLINE CORE_0 1
CPU_ONLINE CORE_1 1
CPU_ONLINE CORE_2 1
CPU_ONLINE CORE_3 1
GPU_POWER_CONTROL_ENABLE GPU_PWR_CNTL_EN on
CPU_0 MIN_FREQ 0
CPU_0 MAX_FREQ -1
GPU MIN_FREQ 0
GPU MAX_FREQ -1
GPU_POWER_CONTROL_DISABLE GPU_PWR_CNTL_DIS auto
EMC MAX_FREQ 0

< POWER_MODEL ID=1 NAME=5W >
CPU_ONLINE CORE_0 1
CPU_ONLINE CORE_1 1
CPU_ONLINE CORE_2 0
CPU_ONLINE CORE_3 0
GPU_POWER_CONTROL_ENABLE GPU_PWR_CNTL_EN on
CPU_0 MIN_FREQ 0
CPU_0 MAX_FREQ 918000
GPU MIN_FREQ 0
GPU MAX_FREQ 640000000
GPU_POWER_CONTROL_DISABLE GPU_PWR_CNTL_DIS auto
EMC MAX_FREQ 1600000000

< PM_CONFIG DEFAULT=0 >
)");
}

// Every node that a conf names is in the tree, for every board and release.
TEST(Nvpmodel, WhatTheConfNamesIsThere) {
  for (const auto& [board, release] : {std::pair{"jetson-nano", "32.7"},
                                       {"jetson-xavier-nx", "32.7"},
                                       {"jetson-xavier-nx", "35.5"},
                                       {"jetson-orin-nx", "35.5"},
                                       {"jetson-orin-nx", "36.4"}}) {
    Rig rig(board, release);
    const auto words = *read_words(rig.tree(), "/etc/nvpmodel.conf");
    int paths = 0;
    for (const auto& word : words) {
      if (!word.starts_with("/sys/")) continue;
      ++paths;
      EXPECT_TRUE(rig.tree().exists(word)) << board << " " << release << " " << word;
    }
    EXPECT_GT(paths, 10);
  }
}

TEST(Nvpmodel, QueriesAndStatus) {
  Rig nano("jetson-nano", "32.7");
  EXPECT_EQ(run(nano, {"nvpmodel", "-q"}), "NV Fan Mode:quiet\nNV Power Mode: MAXN\n0\n");
  EXPECT_EQ(nano.read("/var/lib/nvpmodel/status"), "pmode:0000 fmode:quiet\n");
  Rig orin("jetson-orin-nx", "36.4");
  EXPECT_EQ(run(orin, {"nvpmodel", "-q"}), "NV Power Mode: MAXN\n0\n");
  EXPECT_EQ(orin.read("/var/lib/nvpmodel/status"), "pmode:0000\n");
  Rig user("jetson-orin-nx", "36.4", false);
  EXPECT_THAT(run(user, {"nvpmodel", "-q"}), ::testing::StartsWith("NVPM ERROR: Error opening "));
  EXPECT_THAT(run(user, {"nvpmodel", "-q"}), ::testing::EndsWith(": 13\nNV Power Mode: MAXN\n0\n"));
  EXPECT_THAT(run(user, {"nvpmodel", "-m", "3"}), ::testing::StartsWith("!permission_denied"));
  EXPECT_THAT(run(nano, {"vcgencmd"}), ::testing::StartsWith("!not_found"));
}

TEST(Nvpmodel, AModeActsOnTheNodes) {
  Rig nano("jetson-nano", "32.7");
  const std::string cpu = "/sys/devices/system/cpu/";
  EXPECT_EQ(run(nano, {"nvpmodel", "-m", "1"}), "");
  EXPECT_EQ(nano.read(cpu + "online"), "0-1\n");
  EXPECT_EQ(nano.read(cpu + "cpu0/cpufreq/scaling_max_freq"), "921600\n");  // nearest to 918000
  EXPECT_EQ(nano.read(std::string(kNanoGpu) + "max_freq"), "614400000\n");  // nearest to 640 MHz
  EXPECT_EQ(nano.read("/sys/kernel/nvpmodel_emc_cap/emc_iso_cap"), "1600000000\n");
  EXPECT_EQ(nano.read("/var/lib/nvpmodel/status"), "pmode:0001 fmode:quiet\n");
  EXPECT_EQ(run(nano, {"nvpmodel", "-m", "0"}), "");
  EXPECT_EQ(nano.read(cpu + "online"), "0-3\n");
  EXPECT_EQ(nano.read(cpu + "cpu0/cpufreq/scaling_max_freq"), "1479000\n");
  EXPECT_EQ(nano.read("/sys/kernel/nvpmodel_emc_cap/emc_iso_cap"), "0\n");
  EXPECT_THAT(run(nano, {"nvpmodel", "-m", "7"}), ::testing::StartsWith("!io"));
}

TEST(Nvpmodel, AnotherMaskNeedsARebootAndChangesNothing) {
  Rig orin("jetson-orin-nx", "36.4");
  EXPECT_THAT(run(orin, {"nvpmodel", "-m", "2"}), ::testing::HasSubstr("Reboot required"));
  EXPECT_EQ(orin.read("/sys/devices/system/cpu/online"), "0-7\n");
  EXPECT_EQ(orin.read("/var/lib/nvpmodel/status"), "pmode:0000\n");
  EXPECT_EQ(run(orin, {"nvpmodel", "-m", "3"}), "");  // the same mask
  // 408 MHz, and the nearest entry of the small table
  EXPECT_EQ(orin.read("/sys/devices/platform/17000000.gpu/devfreq_dev/max_freq"), "384000000\n");
  const std::string cap =
      "/sys/devices/platform/bus@0/13e00000.host1x/15880000.nvdla0/clk_cap/dla0_core";
  EXPECT_EQ(orin.read(cap), "614400000\n");
  EXPECT_EQ(orin.write(cap, "153600000"), "ok");
  EXPECT_EQ(run(orin, {"nvpmodel", "-m", "0"}), "");  // no cap: the clock's highest
  EXPECT_EQ(orin.read(cap), "614400000\n");
}

TEST(Nvpmodel, TheStatusCanBeWrittenAsAFile) {
  Rig orin("jetson-orin-nx", "36.4");
  EXPECT_EQ(orin.write("/var/lib/nvpmodel/status", "pmode:0003\n"), "ok");
  EXPECT_EQ(run(orin, {"nvpmodel", "-q"}), "NV Power Mode: 25W\n3\n");
}

TEST(Nvpmodel, TheStartModesLimitsAreInForceWhereTheBoardSaysSo) {
  BoardShape shape = shape_of("jetson-orin-nx", "36.4");
  shape.jetson.nvpmodel.start = 2;
  shape.jetson.nvpmodel.applied = true;
  for (const bool root : {true, false}) {
    Rig orin(shape, root);
    EXPECT_EQ(orin.read("/sys/devices/system/cpu/online"), "0-3\n");
    EXPECT_EQ(orin.read("/sys/devices/platform/gpu.0/tpc_pg_mask"), "252\n");
    EXPECT_THAT(run(orin, {"nvpmodel", "-q"}), ::testing::EndsWith("NV Power Mode: 15W\n2\n"));
  }
}

}  // namespace
}  // namespace isojoule::twin
