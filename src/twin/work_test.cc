#include "twin/work.h"

#include <gtest/gtest.h>

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

Constants simple() {
  Constants c;
  c.cpu_frequencies = {Hertz(1e9)};
  c.gpu_frequencies = {Hertz(1e9)};
  c.gpu_macs_per_cycle = 100;
  c.gpu_lanes = 10;
  c.tile_rows = 64;
  c.tile_columns = 64;
  c.kernel_gap_us = 0;
  c.memory_peak_gbps = 10;
  c.memory_efficiency = 1;
  c.gpu_bytes_per_cycle = 1000;
  c.cache_miss_share = 0;
  c.overlap = 1;
  return c;
}

TEST(BatchWork, TilesArePadded) {
  const Constants c = simple();
  const NetworkConstants network{0.5, 0};
  // 8 rows cost what 64 cost: 64 x 128 x 1000 MACs at 50 a cycle = 0.16384 ms at 1 GHz.
  const BatchWork small = batch_work({"n", 8, {product(8, 128, 1000)}}, network, c);
  EXPECT_DOUBLE_EQ(small.matrix_macs, 64.0 * 128 * 1000);
  EXPECT_NEAR(small.gpu_seconds[0], 64.0 * 128 * 1000 / 50 / 1e9, 1e-12);
  const BatchWork full = batch_work({"n", 64, {product(64, 128, 1000)}}, network, c);
  EXPECT_DOUBLE_EQ(full.matrix_macs, small.matrix_macs);
}

TEST(BatchWork, RooflineHidesTheShorterSideAsFarAsItOverlaps) {
  Constants c = simple();
  const NetworkConstants network{1, 0};
  const LayerCost layer = product(64, 64, 1000);
  const double bytes = 64.0 * 1000 * 4 * 2 + 64 * 64 * 4;
  const double compute = 64.0 * 64 * 1000 / 100 / 1e9, memory = bytes / 10e9;
  EXPECT_NEAR(batch_work({"n", 64, {layer}}, network, c).gpu_seconds[0], std::max(compute, memory),
              1e-12);
  c.overlap = 0;
  EXPECT_NEAR(batch_work({"n", 64, {layer}}, network, c).gpu_seconds[0], compute + memory, 1e-12);
  c.gpu_bytes_per_cycle = 2;  // 2 GB/s at 1 GHz: less than the memory has
  EXPECT_NEAR(batch_work({"n", 64, {layer}}, network, c).gpu_seconds[0], compute + bytes / 2e9,
              1e-12);
}

TEST(BatchWork, DepthwiseRunsOnTheLanesAndFreeLayersCostNothing) {
  const Constants c = simple();
  LayerCost depthwise = product(784, 1, 9);
  depthwise.groups = 32;
  depthwise.macs = 784 * 9 * 32;
  LayerCost flatten;
  flatten.operation = "Flatten";
  flatten.bytes_read = flatten.bytes_written = 1'000'000;
  const BatchWork work = batch_work({"n", 1, {depthwise, flatten}}, {1, 0}, c);
  EXPECT_EQ(work.kernels, 1);
  EXPECT_EQ(work.matrix_macs, 0);
  EXPECT_EQ(work.lane_ops, 784.0 * 9 * 32);
  EXPECT_NEAR(work.gpu_seconds[0], 784.0 * 9 * 32 / 10 / 1e9, 1e-12);
}

TEST(StageLoad, ASlowCpuStarvesTheGpu) {
  Constants c = simple();
  c.launch_cycles = 1e6;  // 1 ms at 1 GHz
  const BatchWork work = batch_work({"n", 64, {product(64, 64, 1000)}}, {1, 0}, c);
  const StageLoad load = stage_load(work, c, {StageKind::gpu, 1}, Hertz(1e9), 0);
  EXPECT_DOUBLE_EQ(load.seconds, 1e-3);
  EXPECT_NEAR(load.gpu_busy, work.gpu_seconds[0] / 1e-3, 1e-12);
  EXPECT_DOUBLE_EQ(load.cpu_activity, 1);
}

}  // namespace
}  // namespace isojoule::twin
