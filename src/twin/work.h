// What one batch asks of a board: its kernels' time on the GPU at each clock, and what they move.
//
// A matrix product is cut into tiles of tile_rows x tile_columns; the last tiles are padded, so a
// fully connected layer costs the same at batch 1 as at tile_rows. Time of a kernel: compute and
// memory as a roofline (Williams, Waterman, Patterson, 2009), of which the share `overlap` of the
// shorter hides behind the longer.
#pragma once

#include <vector>

#include "base/quantity.h"
#include "cost/cost.h"
#include "twin/constants.h"
#include "twin/execution.h"

namespace isojoule::twin {

// A batch on a number of CPU cores at one clock.
struct CpuKernelTime {
  double seconds = 0;
  double activity = 0;  // mean cores' worth of switching, as the power sees it
};

// What one kernel (or one layer of the DLA) asks for; fused layers are in it.
struct KernelWork {
  std::vector<std::size_t> layers;  // of NetworkCost, in order
  double cycles = 0;                // of its device
  double bytes = 0;                 // to and from the DRAM
};

// A row of kernels that one device computes: a whole batch, or a part of one (twin/placement.h).
struct BatchWork {
  std::int64_t batch = 1;
  double matrix_macs = 0;  // with padding
  double lane_ops = 0;     // on the CUDA cores: MACs of depthwise convolutions and other operations
  double bytes = 0;        // to and from the DRAM
  double kernels = 0;
  double energy_macs = 0;   // with lane_ops, weighted by a MAC's energy in its precision
  double kernel_share = 1;  // of their time (WorkOptions)
  std::vector<KernelWork> kernel_works;
  bool on_dla = false;
  double dla_bandwidth = 0;  // byte/s that the memory gives it
  double input_bytes = 0;
  double weight_bytes = 0;               // on the GPU, in its precision
  double activation_bytes = 0;           // all layers' outputs: the framework keeps them
  std::vector<double> gpu_seconds;       // by index of the GPU's frequency table
  std::vector<CpuKernelTime> cpu_times;  // of a board without a GPU: cpu_time_index() finds one
};

// One stage of the process: waiting for storage, computing on one core, or the GPU running a batch
// while a core launches its kernels and then polls for the end.
// On a board without a GPU every core that is online computes the batch's kernels. A DLA runs its
// part alone: the core that waits for it sleeps; cpu_cores is work that is shared out to the cores.
enum class StageKind : std::uint8_t { io, cpu, gpu, cpu_kernels, cpu_cores, dla };

struct Stage {
  StageKind kind;
  // io: seconds; cpu, cpu_cores: cycles; gpu, dla, cpu_kernels: batches (1, with its variation).
  double amount;
  std::size_t part = 0;  // of the batch, where it is cut into parts
};

// What a stage does to the board at given clocks.
struct StageLoad {
  double seconds = 0;
  double cpu_busy = 0, gpu_busy = 0;  // as the governors see them, 0..1
  double cpu_activity = 0;            // as the power sees it: polling is less than work
  double macs_per_s = 0, bytes_per_s = 0;
  double dla_busy = 0, dla_macs_per_s = 0;
};

// `gpu` is an index into the GPU's table; `cores` are online (they matter for cpu_kernels and
// cpu_cores only); `dla`: the clock of the DLA that is used.
StageLoad stage_load(const BatchWork& work, const Constants& constants, const Stage& stage,
                     Hertz cpu, std::size_t gpu, int cores = 1, Hertz dla = Hertz(0));
// The stages of one batch.
std::vector<Stage> batch_stages(const BatchWork& work, const NetworkConstants& network,
                                const Constants& constants, const WorkOptions& options = {});

// `memory_share`: of the memory's highest clock; the bandwidth that kernels reach is in proportion
// (peak x efficiency x share: the controller moves a fixed number of bytes a cycle).
BatchWork batch_work(const NetworkCost& cost, const NetworkConstants& network,
                     const Constants& constants, double memory_share = 1,
                     const WorkOptions& options = {});
// Time of one kernel at the GPU's clock; its launch and its share of time are not in it.
double kernel_seconds(const KernelWork& kernel, double f, const Constants& constants,
                      double memory_share);

// A depthwise convolution runs as a direct kernel on the CUDA cores, not as a tiled product.
bool is_depthwise(const LayerCost& layer);
// An operator that only renames its input (Flatten, Reshape, Dropout at inference) starts no
// kernel.
bool is_free(const LayerCost& layer);
// Element by element after a matrix product: a compiled engine and a DLA do it in the same pass.
bool is_fusible(const LayerCost& layer);

}  // namespace isojoule::twin
