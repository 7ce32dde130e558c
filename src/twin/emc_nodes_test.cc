#include "twin/emc_nodes.h"

#include <gmock/gmock.h>

#include "twin/power.h"
#include "twin/test_rig.h"
#include "twin/work.h"

namespace isojoule::twin {
namespace {

constexpr char kBpmp[] = "/sys/kernel/debug/bpmp/debug/clk/emc/";
constexpr char kOverride[] = "/sys/kernel/debug/clk/override.emc/";
constexpr char kCap[] = "/sys/kernel/nvpmodel_emc_cap/emc_iso_cap";

TEST(EmcNodes, TextsOfTheBpmp) {
  Rig orin("jetson-orin-nx", "36.4");
  const std::string at = kBpmp;
  EXPECT_EQ(orin.read(at + "rate"), "3199000000\n");  // more than 31 bits
  EXPECT_EQ(orin.read(at + "min_rate"), "204000000\n");
  EXPECT_EQ(orin.read(at + "max_rate"), "3199000000\n");
  EXPECT_EQ(orin.read(at + "mrq_rate_locked"), "0\n");
  EXPECT_EQ(orin.read("/sys/kernel/debug/bpmp/debug/emc/possible_rates"),
            "204000 665600 2133000 3199000 (kHz)\n");
}

TEST(EmcNodes, TheLockHoldsARateAndTheKernelMovesItAgainAfterwards) {
  Rig orin("jetson-orin-nx", "35.5");
  const std::string at = kBpmp;
  EXPECT_EQ(orin.write(at + "rate", "665600000"), "ok");
  EXPECT_EQ(orin.read(at + "rate"), "3199000000\n");  // not locked: the kernel has its way
  EXPECT_EQ(orin.write(at + "mrq_rate_locked", "1"), "ok");
  EXPECT_EQ(orin.read(at + "rate"), "3199000000\n");
  EXPECT_EQ(orin.write(at + "rate", "665600000"), "ok");
  EXPECT_EQ(orin.read(at + "rate"), "665600000\n");
  EXPECT_DOUBLE_EQ(orin.simulation.memory_share(), 665.6 / 3199);
  EXPECT_EQ(orin.write(at + "rate", "700000000"), "ok");  // rounded up without a word
  EXPECT_EQ(orin.read(at + "rate"), "2133000000\n");
  EXPECT_EQ(orin.write(at + "rate", "9999000000"), "ok");
  EXPECT_EQ(orin.read(at + "rate"), "3199000000\n");
  EXPECT_EQ(orin.write(at + "rate", "fast"), "invalid");
  EXPECT_EQ(orin.write(at + "rate", "0"), "ok");
  EXPECT_EQ(orin.read(at + "rate"), "204000000\n");
  EXPECT_EQ(orin.write(at + "mrq_rate_locked", "0"), "ok");
  EXPECT_EQ(orin.read(at + "rate"), "3199000000\n");
  EXPECT_DOUBLE_EQ(orin.simulation.memory_share(), 1);
}

TEST(EmcNodes, ACapBoundsTheKernelButNotTheLock) {
  Rig orin("jetson-orin-nx", "35.5");
  EXPECT_EQ(orin.read(kCap), "0\n");
  EXPECT_EQ(orin.write(kCap, "2133000000"), "ok");
  EXPECT_EQ(orin.read(std::string(kBpmp) + "rate"), "2133000000\n");
  EXPECT_EQ(orin.write(std::string(kBpmp) + "mrq_rate_locked", "1"), "ok");
  EXPECT_EQ(orin.write(std::string(kBpmp) + "rate", "3199000000"), "ok");
  EXPECT_EQ(orin.read(std::string(kBpmp) + "rate"), "3199000000\n");
  EXPECT_EQ(orin.write(std::string(kBpmp) + "mrq_rate_locked", "0"), "ok");
  EXPECT_EQ(orin.read(std::string(kBpmp) + "rate"), "2133000000\n");
  EXPECT_EQ(orin.write(kCap, "0"), "ok");
  EXPECT_EQ(orin.read(std::string(kBpmp) + "rate"), "3199000000\n");
  EXPECT_EQ(orin.write(kCap, "-1"), "invalid");
}

TEST(EmcNodes, TheCapOfJetPack6ShowsWhatTheClockMayReach) {
  Rig orin("jetson-orin-nx", "36.4");
  const std::string cap = "/sys/kernel/nvpmodel_clk_cap/emc";
  EXPECT_EQ(orin.read(cap), "3199000000\n");
  EXPECT_EQ(orin.write(cap, "-1"), "invalid");
  EXPECT_EQ(orin.write(cap, "2133000000"), "ok");
  EXPECT_EQ(orin.read(std::string(kBpmp) + "rate"), "2133000000\n");
  EXPECT_EQ(orin.write(cap, "9223372036854775807"), "ok");
  EXPECT_EQ(orin.read(cap), "3199000000\n");
  EXPECT_EQ(orin.read(std::string(kBpmp) + "rate"), "3199000000\n");
}

TEST(EmcNodes, TheNanosOverride) {
  BoardShape shape = shape_of("jetson-nano", "32.7");
  shape.jetson.emc.rates_khz = {204000, 665600, 1600000};
  Rig nano(shape);
  const std::string at = kOverride;
  EXPECT_EQ(nano.read(at + "clk_state"), "0\n");
  EXPECT_EQ(nano.read("/sys/kernel/debug/tegra_bwmgr/emc_rate"), "1600000000\n");
  EXPECT_EQ(nano.write(at + "clk_update_rate", "100000000"), "ok");
  EXPECT_EQ(nano.read("/sys/kernel/debug/tegra_bwmgr/emc_rate"), "1600000000\n");
  EXPECT_EQ(nano.write(at + "clk_state", "1"), "ok");
  EXPECT_EQ(nano.read("/sys/kernel/debug/tegra_bwmgr/emc_rate"), "204000000\n");
  EXPECT_EQ(nano.read(at + "clk_rate"), "204000000\n");
  EXPECT_EQ(nano.write(at + "clk_state", "0"), "ok");
  EXPECT_EQ(nano.read("/sys/kernel/debug/clk/emc/clk_rate"), "1600000000\n");
}

TEST(EmcNodes, DebugfsIsForRootAndTheCapToo) {
  Rig user("jetson-orin-nx", "35.5", false);
  EXPECT_EQ(user.read(std::string(kBpmp) + "rate"), "!permission_denied");
  EXPECT_EQ(user.write(std::string(kBpmp) + "mrq_rate_locked", "1"), "permission_denied");
  EXPECT_EQ(user.tree().list("/sys/kernel/debug").error().kind, ErrorKind::permission_denied);
  EXPECT_EQ(user.read(kCap), "!permission_denied");
  EXPECT_EQ(user.read("/sys/kernel/actmon_avg_activity/mc_all"), "4235\n");
}

// A layer that is bound by its bytes.
NetworkCost memory_bound() {
  NetworkCost cost;
  cost.batch = 1;
  LayerCost layer;
  layer.operation = "Relu";
  layer.bytes_read = layer.bytes_written = 400'000'000;
  layer.other_ops = 1;
  cost.layers.push_back(layer);
  return cost;
}

TEST(EmcNodes, ASlowerMemoryTakesLongerAndDrawsLess) {
  Constants c = small_constants();
  c.kernel_gap_us = 0;
  c.gpu_bytes_per_cycle = 4096;
  const BatchWork whole = batch_work(memory_bound(), {}, c);
  const BatchWork half = batch_work(memory_bound(), {}, c, 0.5);
  EXPECT_NEAR(half.gpu_seconds.back(), 2 * whole.gpu_seconds.back(), 1e-6);
  EXPECT_EQ(half.bytes, whole.bytes);
  c.memory_idle_w = 0.4;
  PowerState state{1e9, 0.5e9, false, false, 4};
  const double before = total(component_power(c, state));
  state.memory_share = 0.25;
  EXPECT_NEAR(before - total(component_power(c, state)), 0.3, 1e-12);
  state.bytes_per_s = 1e9;  // energy a byte does not depend on the clock
  EXPECT_NEAR(total(component_power(c, state)) - before + 0.3, c.memory_pj_per_byte * 1e-3, 1e-12);
}

TEST(EmcNodes, ARunFeelsTheLockAtOnceAndItsTrafficIsCounted) {
  const auto seconds = [](std::int64_t rate) {
    Rig orin("jetson-orin-nx", "36.4");
    SimulatedJob job;
    job.cost = memory_bound();
    job.batches = 20;
    orin.simulation.start(job);
    orin.advance(5000);  // well into the batches, or at their end
    if (rate > 0) {
      orin.write(std::string(kBpmp) + "mrq_rate_locked", "1");
      orin.write(std::string(kBpmp) + "rate", std::to_string(rate));
    }
    Instant end;
    std::int64_t most = 0;
    while (orin.simulation.running()) {
      orin.advance(20);
      most = std::max(most, *read_integer(orin.tree(), "/sys/kernel/actmon_avg_activity/mc_all"));
    }
    while (const auto event = orin.simulation.take_event()) end = event->end;
    EXPECT_GT(most, 4235);
    return (end - Instant{}).seconds().value();
  };
  EXPECT_GT(seconds(204'000'000), seconds(0) + 1);
}

}  // namespace
}  // namespace isojoule::twin
