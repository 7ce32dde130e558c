#include "twin/gpu_nodes.h"

#include <gmock/gmock.h>

#include "twin/test_rig.h"

namespace isojoule::twin {
namespace {

TEST(GpuNodes, TextsAndPaths) {
  Rig nano("jetson-nano", "32.7");
  const std::string at = kNanoGpu;
  EXPECT_EQ(nano.read(at + "available_frequencies"),
            "76800000 153600000 230400000 307200000 384000000 460800000 537600000 614400000 "
            "691200000 768000000 844800000 921600000\n");
  EXPECT_EQ(nano.read(at + "available_governors"),
            "nvhost_podgov userspace performance simple_ondemand\n");
  EXPECT_EQ(nano.read(at + "governor"), "nvhost_podgov\n");
  EXPECT_EQ(nano.read(at + "max_freq"), "921600000\n");
  EXPECT_EQ(nano.read("/sys/class/devfreq/57000000.gpu/min_freq"), "76800000\n");
  EXPECT_EQ(nano.read("/sys/devices/gpu.0/load"), "0\n");
  EXPECT_EQ(*nano.tree().canonical("/sys/class/devfreq/57000000.gpu/device"),
            "/sys/devices/57000000.gpu");
  EXPECT_FALSE(nano.tree().exists(at + "userspace/set_freq"));
  Rig jp5("jetson-orin-nx", "35.5");
  EXPECT_TRUE(jp5.tree().exists("/sys/devices/17000000.ga10b/devfreq/17000000.ga10b/cur_freq"));
  Rig jp6("jetson-orin-nx", "36.4");
  const std::string gpu = "/sys/devices/platform/bus@0/17000000.gpu";
  EXPECT_TRUE(jp6.tree().exists(gpu + "/devfreq/17000000.gpu/cur_freq"));
  for (const char* link : {"/sys/devices/platform/17000000.gpu", "/sys/devices/platform/gpu.0"})
    EXPECT_EQ(*jp6.tree().canonical(link), gpu);
  EXPECT_EQ(*jp6.tree().canonical("/sys/class/devfreq/17000000.gpu"),
            gpu + "/devfreq/17000000.gpu");
}

TEST(GpuNodes, Kernel49RefusesTheWrongOrder) {
  Rig nano("jetson-nano", "32.7");
  const std::string at = kNanoGpu;
  EXPECT_EQ(nano.write(at + "max_freq", "460800000"), "ok");
  EXPECT_EQ(nano.write(at + "min_freq", "614400000"), "invalid");
  EXPECT_EQ(nano.write(at + "min_freq", "460800000"), "ok");
  EXPECT_EQ(nano.write(at + "max_freq", "384000000"), "invalid");
  EXPECT_EQ(nano.read(at + "cur_freq"), "460800000\n");
  EXPECT_EQ(nano.write(at + "max_freq", "0"), "ok");  // no limit
  EXPECT_EQ(nano.read(at + "max_freq"), "0\n");
  EXPECT_EQ(nano.simulation.max_limit(Domain::gpu), Hertz(921.6e6));
  EXPECT_EQ(nano.write(at + "min_freq", "921600000"), "ok");
  EXPECT_EQ(nano.read(at + "cur_freq"), "921600000\n");
}

TEST(GpuNodes, Kernel510NeverRefusesAndRoundsToKilohertz) {
  Rig xavier("jetson-xavier-nx", "35.5");
  const std::string at = kXavierGpu;
  EXPECT_EQ(xavier.write(at + "max_freq", "460800000"), "ok");
  EXPECT_EQ(xavier.write(at + "min_freq", "614400000"), "ok");
  EXPECT_EQ(xavier.read(at + "min_freq"), "460800000\n");  // min(min, max)
  EXPECT_EQ(xavier.write(at + "max_freq", "0"), "ok");
  EXPECT_EQ(xavier.read(at + "max_freq"), "921600000\n");
  EXPECT_EQ(xavier.read(at + "min_freq"), "614400000\n");
  EXPECT_EQ(xavier.write(at + "min_freq", "460800999"), "ok");
  EXPECT_EQ(xavier.read(at + "min_freq"), "460800000\n");  // down
  EXPECT_EQ(xavier.write(at + "max_freq", "614400001"), "ok");
  EXPECT_EQ(xavier.read(at + "max_freq"), "614401000\n");  // up
  EXPECT_EQ(xavier.simulation.max_limit(Domain::gpu), Hertz(614.4e6));
  EXPECT_EQ(xavier.write(at + "min_freq", "low"), "invalid");
}

TEST(GpuNodes, UserspaceBringsItsFolder) {
  Rig nano("jetson-nano", "32.7");
  const std::string at = kNanoGpu;
  EXPECT_EQ(nano.write(at + "governor", "warp"), "invalid");
  EXPECT_EQ(nano.write(at + "governor", "userspace"), "ok");
  EXPECT_EQ(nano.read(at + "userspace/set_freq"), "undefined\n");
  EXPECT_EQ(nano.write(at + "userspace/set_freq", "600000000"), "ok");
  EXPECT_EQ(nano.read(at + "userspace/set_freq"), "600000000\n");
  EXPECT_EQ(nano.read(at + "cur_freq"), "614400000\n");
  EXPECT_EQ(nano.write(at + "governor", "performance"), "ok");
  EXPECT_FALSE(nano.tree().exists(at + "userspace"));
  EXPECT_EQ(nano.read(at + "target_freq"), "921600000\n");
}

TEST(GpuNodes, TransitionsAreCounted) {
  Rig nano("jetson-nano", "32.7");
  const auto total = [&nano] {
    const std::string text = nano.read(std::string(kNanoGpu) + "trans_stat");
    EXPECT_THAT(text, ::testing::StartsWith("     From  :   To\n           :  76800000 153600000"));
    return std::stoi(text.substr(text.rfind(' ')));
  };
  const int before = total();
  nano.write(std::string(kNanoGpu) + "governor", "performance");
  nano.write(std::string(kNanoGpu) + "max_freq", "460800000");
  EXPECT_EQ(total(), before + 2);
  EXPECT_THAT(nano.read(std::string(kNanoGpu) + "trans_stat"),
              ::testing::HasSubstr("\n* 460800000:"));
}

TEST(GpuDeviceNodes, AnIdleGpuIsSwitchedOffUnlessForbidden) {
  Rig nano("jetson-nano", "32.7");
  const std::string at = "/sys/devices/gpu.0/";
  EXPECT_EQ(nano.read(at + "is_railgated"), "yes\n");
  EXPECT_EQ(nano.read(at + "load"), "0\n");
  EXPECT_NE(nano.read(std::string(kNanoGpu) + "cur_freq"), "0\n");  // answers all the same
  EXPECT_EQ(nano.write(at + "railgate_enable", "0"), "ok");
  EXPECT_EQ(nano.read(at + "is_railgated"), "no\n");
  EXPECT_EQ(nano.read(at + "gpu_powered_on"), "1\n");
  EXPECT_EQ(nano.write(at + "railgate_enable", "1"), "ok");
  EXPECT_EQ(nano.write(at + "power/control", "on"), "ok");
  EXPECT_EQ(nano.read(at + "is_railgated"), "no\n");
  EXPECT_EQ(nano.write(at + "power/control", "off"), "invalid");
  EXPECT_EQ(nano.write(at + "power/control", "auto"), "ok");
  EXPECT_EQ(nano.read(at + "is_railgated"), "yes\n");
}

TEST(GpuDeviceNodes, AGatedGpuDrawsWhatTheConstantSays) {
  Constants c = small_constants();
  c.gpu_gated_share = 0.1;
  Simulation simulation(c, 1, false);
  simulation.set_railgating(true, Duration::milliseconds(500));
  const auto watts = [&](Instant from) {
    simulation.advance_to(from + Duration::milliseconds(100));
    return (simulation.rail_energy(1, simulation.now()) - simulation.rail_energy(1, from)).value() *
           10;
  };
  const double idle = watts(simulation.now());
  simulation.advance_to(simulation.now() + Duration::milliseconds(600));
  EXPECT_TRUE(simulation.gpu_gated());
  EXPECT_NEAR(watts(simulation.now()) / idle, 0.1, 1e-3);
  simulation.set_railgating(false, {});
  EXPECT_NEAR(watts(simulation.now()) / idle, 1, 1e-2);
}

TEST(GpuDeviceNodes, MasksOfItsUnits) {
  Rig orin("jetson-orin-nx", "36.4");
  const std::string at = "/sys/devices/platform/gpu.0/";
  EXPECT_EQ(orin.read(at + "tpc_pg_mask"), "240\n");
  EXPECT_EQ(orin.write(at + "tpc_pg_mask", "252"), "busy");
  EXPECT_EQ(orin.write(at + "tpc_pg_mask", "240"), "ok");
  EXPECT_EQ(orin.write(at + "fbp_pg_mask", "1"), "not_found");  // ENODEV
  EXPECT_EQ(orin.write(at + "elcg_enable", "0"), "ok");
  EXPECT_EQ(orin.read(at + "elcg_enable"), "0\n");
}

}  // namespace
}  // namespace isojoule::twin
