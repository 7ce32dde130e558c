#include "twin/cpu_work.h"

#include <gtest/gtest.h>

#include "twin/power.h"

namespace isojoule::twin {
namespace {

LayerCost product(std::int64_t rows, std::int64_t columns, std::int64_t depth) {
  LayerCost layer;
  layer.operation = "Gemm";
  layer.rows = rows;
  layer.columns = columns;
  layer.depth = depth;
  layer.groups = 1;
  layer.macs = rows * columns * depth;
  layer.bytes_read = rows * depth * 4;
  layer.bytes_weights = columns * depth * 4;
  layer.bytes_written = rows * columns * 4;
  return layer;
}

NetworkCost network_of(const LayerCost& layer) {
  NetworkCost cost;
  cost.batch = 1;
  cost.layers = {layer};
  return cost;
}

// Four cores of 8 MAC a cycle, two clocks; no part of a kernel hides, nothing is lost.
Constants simple() {
  Constants c;
  c.cpu_frequencies = {Hertz(1e9), Hertz(2e9)};
  c.cores = 4;
  c.cpu_kernels = {8, 4, 8, 8, 0, 100, 1, 0, 1, 0.5};
  c.memory_peak_gbps = 10;
  c.memory_efficiency = 1;
  c.cache_miss_share = 0;
  return c;
}

double seconds(const Constants& c, const LayerCost& layer, Hertz f, int cores) {
  const BatchWork work = batch_work(network_of(layer), {1, 0}, c);
  return stage_load(work, c, {StageKind::cpu_kernels, 1}, f, 0, cores).seconds;
}

TEST(CpuWork, ComputeTimeFallsWithTheClockAndTheCores) {
  const Constants c = simple();
  const LayerCost layer = product(512, 512, 512);
  const double cycles = 512.0 * 512 * 512 / 8;
  EXPECT_NEAR(seconds(c, layer, Hertz(1e9), 1), cycles / 1e9, 1e-12);
  EXPECT_NEAR(seconds(c, layer, Hertz(2e9), 1), cycles / 2e9, 1e-12);
  EXPECT_NEAR(seconds(c, layer, Hertz(2e9), 4), cycles / 8e9, 1e-12);
}

TEST(CpuWork, TheMemoryRooflineEndsTheGain) {
  const Constants c = simple();
  const LayerCost layer = product(1, 4096, 4096);  // its weights are read once
  const double bytes =
      static_cast<double>(layer.bytes_read + layer.bytes_weights + layer.bytes_written);
  // One padded row block of 8: 16.8 ms on one core, 4.2 ms on four; the memory takes 6.7 ms.
  EXPECT_GT(seconds(c, layer, Hertz(1e9), 1), bytes / 10e9 * 1.5);
  EXPECT_NEAR(seconds(c, layer, Hertz(1e9), 4), bytes / 10e9, 1e-9);
  EXPECT_NEAR(seconds(c, layer, Hertz(2e9), 4), bytes / 10e9, 1e-9);
}

TEST(CpuWork, ASlowCoreCannotAskForTheWholeBandwidth) {
  Constants c = simple();
  c.cpu_kernels.bytes_per_cycle = 1;
  const LayerCost layer = product(1, 4096, 4096);
  const double bytes =
      static_cast<double>(layer.bytes_read + layer.bytes_weights + layer.bytes_written);
  EXPECT_NEAR(seconds(c, layer, Hertz(1e9), 1), bytes / 1e9, 1e-9);
  EXPECT_NEAR(seconds(c, layer, Hertz(2e9), 2), bytes / 4e9, 1e-9);
}

TEST(CpuWork, SerialShareAndDispatchBoundTheGainOfCores) {
  Constants c = simple();
  c.cpu_kernels.serial_share = 0.5;
  c.cpu_kernels.dispatch_us = 1000;
  const LayerCost layer = product(512, 512, 512);
  const double one = 512.0 * 512 * 512 / 8 / 1e9;
  EXPECT_NEAR(seconds(c, layer, Hertz(1e9), 1), one + 1e-3, 1e-9);
  EXPECT_NEAR(seconds(c, layer, Hertz(1e9), 4), one * 0.625 + 1e-3, 1e-9);
}

TEST(CpuWork, ActivityIsWorkAndWaiting) {
  const Constants c = simple();
  const auto load = [&c](const LayerCost& layer) {
    const BatchWork work = batch_work(network_of(layer), {1, 0}, c);
    return stage_load(work, c, {StageKind::cpu_kernels, 1}, Hertz(1e9), 0, 4);
  };
  EXPECT_NEAR(load(product(512, 512, 512)).cpu_activity, 4, 1e-9);
  const StageLoad bound = load(product(1, 4096, 4096));
  EXPECT_LT(bound.cpu_activity, 4);
  EXPECT_GT(bound.cpu_activity, 2);  // all four stalled
  EXPECT_NEAR(bound.bytes_per_s, 10e9, 1e3);
  EXPECT_EQ(bound.gpu_busy, 0);
  EXPECT_EQ(bound.cpu_busy, 1);
}

TEST(CpuWork, ABatchHasNoStageOfAGpu) {
  const Constants c = simple();
  const BatchWork work = batch_work(network_of(product(8, 8, 8)), {1, 1000}, c);
  EXPECT_TRUE(work.gpu_seconds.empty());
  EXPECT_EQ(work.cpu_times.size(), 8U);
  for (const Stage& stage : batch_stages(work, {1, 1000}, c)) EXPECT_NE(stage.kind, StageKind::gpu);
}

TEST(CpuWork, PowerWithoutAGpuIsTheCoresAndTheGraphicsUnit) {
  Constants c = simple();
  c.cpu_voltage = {1, 1, 0};
  c.cpu_core_nf = 0.5;
  c.cpu_uncore_nf = 0.1;
  c.cpu_leakage_w = 0;
  c.graphics_w = 0.25;
  PowerState state;
  state.cpu_hz = 2e9;
  state.online_cores = 4;
  state.cpu_activity = 4;
  const ComponentPower power = component_power(c, state);
  EXPECT_NEAR(power[static_cast<std::size_t>(Component::cpu)], (0.1 + 4 * 0.5) * 2, 1e-9);
  EXPECT_EQ(power[static_cast<std::size_t>(Component::gpu)], 0.25);
}

}  // namespace
}  // namespace isojoule::twin
