#include "twin/clock_cap_nodes.h"

#include <gmock/gmock.h>

#include "twin/test_rig.h"

namespace isojoule::twin {
namespace {

constexpr char kClocks[] = "/sys/kernel/debug/clk/";

TEST(ClockCapNodes, ListenersHearOfEveryWriteAndTheLowestCapCounts) {
  MemoryTree tree;
  ClockCapNodes caps(tree, {{"/sys/a/dla0_core", "0", 0}, {"/sys/b/dla0_core", "0", 0}});
  int heard = 0;
  caps.when_written([&heard] { ++heard; });
  EXPECT_EQ(caps.limit("dla0_core", 900), 900);
  EXPECT_TRUE(tree.write("/sys/a/dla0_core", "500"));
  EXPECT_TRUE(tree.write("/sys/b/dla0_core", "700"));
  EXPECT_EQ(caps.limit("dla0_core", 900), 500);
  EXPECT_EQ(caps.limit("dla0_core", 300), 300);
  EXPECT_EQ(caps.limit("other", 900), 900);
  EXPECT_TRUE(tree.write("/sys/a/dla0_core", "0"));
  EXPECT_EQ(caps.limit("dla0_core", 900), 700);
  EXPECT_FALSE(tree.write("/sys/a/dla0_core", "much"));
  EXPECT_EQ(heard, 3);
}

TEST(DlaNodes, ClocksFollowTheirCaps) {
  Rig orin("jetson-orin-nx", "35.5");
  const std::string device = "/sys/devices/platform/13e40000.host1x/15880000.nvdla0";
  const std::string clock = std::string(kClocks) + "dla0_core/";
  EXPECT_EQ(orin.read(device + "/power/runtime_status"), "suspended\n");
  EXPECT_EQ(orin.read(clock + "clk_rate"), "614400000\n");
  EXPECT_EQ(orin.read(clock + "clk_max_rate"), "18446744073709551615\n");
  EXPECT_EQ(orin.read(device + "/acm/clk_cap/dla0_core"), "614400000\n");
  EXPECT_EQ(orin.write(device + "/acm/clk_cap/dla0_core", "153600000"), "ok");
  EXPECT_EQ(orin.read(clock + "clk_rate"), "153600000\n");
  EXPECT_EQ(orin.read(std::string(kClocks) + "dla0_falcon/clk_rate"), "294400000\n");
  EXPECT_EQ(Rig("jetson-orin-nx", "35.5", false).read(clock + "clk_rate"), "!permission_denied");
}

TEST(DlaNodes, TheXaviersClockOfTheBpmp) {
  Rig xavier("jetson-xavier-nx", "32.7");
  const std::string at = "/sys/kernel/debug/bpmp/debug/clk/nafll_dla/";
  EXPECT_EQ(xavier.read(at + "rate"), "1100800000\n");
  EXPECT_EQ(xavier.write("/sys/kernel/nvpmodel_emc_cap/nafll_dla", "896000000"), "ok");
  EXPECT_EQ(xavier.read(at + "rate"), "896000000\n");
  EXPECT_EQ(xavier.write(at + "max_rate", "400000000"), "ok");
  EXPECT_EQ(xavier.read(at + "rate"), "400000000\n");
  EXPECT_EQ(xavier.write("/sys/kernel/nvpmodel_emc_cap/nafll_dla", "2147483647"), "ok");
  EXPECT_EQ(xavier.read("/sys/kernel/nvpmodel_emc_cap/nafll_dla"), "2147483647\n");
}

}  // namespace
}  // namespace isojoule::twin
