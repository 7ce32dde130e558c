#include "twin/work.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "twin/cpu_work.h"

namespace isojoule::twin {
namespace {

constexpr double file_element_bytes = 4;  // LayerCost counts FP32

struct Kernel {
  double matrix_cycles = 0;
  double lane_cycles = 0;
  double bytes = 0;
};

double padded(std::int64_t size, double tile) {
  return std::ceil(static_cast<double>(size) / tile) * tile;
}

Kernel kernel_of(const LayerCost& layer, const NetworkConstants& network, const Constants& c,
                 BatchWork& work) {
  Kernel out;
  const double scale = c.element_bytes / file_element_bytes;
  out.bytes =
      scale * static_cast<double>(layer.bytes_read + layer.bytes_written + layer.bytes_weights);
  double lane_ops = static_cast<double>(layer.other_ops);
  if (layer.rows > 0 && !is_depthwise(layer)) {
    const double rows = padded(layer.rows, c.tile_rows);
    const double columns = padded(layer.columns, c.tile_columns);
    const double products = static_cast<double>(layer.depth) * static_cast<double>(layer.groups);
    const double macs = rows * columns * products;
    out.matrix_cycles = macs / (c.gpu_macs_per_cycle * network.kernel_efficiency);
    // Each tile reads its rows' and its columns' operands: 1/columns + 1/rows elements a MAC.
    const double operands = macs * (1 / c.tile_rows + 1 / c.tile_columns) * c.element_bytes;
    out.bytes += c.cache_miss_share * operands;
    work.matrix_macs += macs;
  } else {
    lane_ops += static_cast<double>(layer.macs);
  }
  out.lane_cycles = lane_ops / c.gpu_lanes;
  work.lane_ops += lane_ops;
  work.bytes += out.bytes;
  return out;
}

double seconds_at(const std::vector<Kernel>& kernels, double f, const Constants& c,
                  double memory_share) {
  const double bandwidth = std::min(c.memory_peak_gbps * 1e9 * c.memory_efficiency * memory_share,
                                    c.gpu_bytes_per_cycle * f);
  double sum = 0;
  for (const Kernel& kernel : kernels) {
    const double compute = (kernel.matrix_cycles + kernel.lane_cycles) / f;
    const double memory = kernel.bytes / bandwidth;
    sum += compute + memory - c.overlap * std::min(compute, memory);
  }
  return sum + static_cast<double>(kernels.size()) * c.kernel_gap_us * 1e-6;
}

}  // namespace

bool is_depthwise(const LayerCost& layer) { return layer.groups > 1 && layer.columns == 1; }

bool is_free(const LayerCost& layer) {
  static constexpr std::string_view names[] = {"Flatten",  "Reshape",   "Dropout",
                                               "Identity", "Squeeze",   "Shape",
                                               "Constant", "Unsqueeze", "ConstantOfShape"};
  return std::find(std::begin(names), std::end(names), layer.operation) != std::end(names);
}

BatchWork batch_work(const NetworkCost& cost, const NetworkConstants& network,
                     const Constants& constants, double memory_share) {
  BatchWork work;
  work.batch = cost.batch;
  std::vector<Kernel> kernels;
  const double scale = constants.element_bytes / file_element_bytes;
  for (const LayerCost& layer : cost.layers) {
    if (is_free(layer)) continue;
    if (kernels.empty()) work.input_bytes = static_cast<double>(layer.bytes_read);
    kernels.push_back(constants.has_gpu() ? kernel_of(layer, network, constants, work) : Kernel{});
    work.weight_bytes += scale * static_cast<double>(layer.bytes_weights);
    work.activation_bytes += scale * static_cast<double>(layer.bytes_written);
  }
  work.kernels = static_cast<double>(kernels.size());
  work.gpu_seconds.reserve(constants.gpu_frequencies.size());
  if (!constants.has_gpu()) add_cpu_times(work, cost, network, constants, memory_share);
  for (const Hertz f : constants.gpu_frequencies)
    work.gpu_seconds.push_back(seconds_at(kernels, f.value(), constants, memory_share));
  return work;
}

StageLoad stage_load(const BatchWork& work, const Constants& constants, const Stage& stage,
                     Hertz cpu, std::size_t gpu, int cores) {
  StageLoad load;
  if (stage.kind == StageKind::io) {
    load.seconds = stage.amount;
    return load;
  }
  load.cpu_busy = 1;
  if (stage.kind == StageKind::cpu) {
    load.seconds = stage.amount / cpu.value();
    load.cpu_activity = 1;
    return load;
  }
  if (stage.kind == StageKind::cpu_kernels) {
    const CpuKernelTime& time = work.cpu_times[cpu_time_index(constants, cpu, cores)];
    load.seconds = stage.amount * time.seconds;
    load.cpu_activity = time.activity;
    load.macs_per_s = (work.matrix_macs + work.lane_ops) / load.seconds;
    load.bytes_per_s = work.bytes / load.seconds;
    return load;
  }
  // The CPU launches kernels ahead of the GPU; whichever stream is longer sets the time.
  const double launch = work.kernels * constants.launch_cycles / cpu.value();
  const double whole = std::max(work.gpu_seconds[gpu], launch);
  load.seconds = stage.amount * whole;
  load.gpu_busy = work.gpu_seconds[gpu] / whole;
  const double launching = launch / whole;
  load.cpu_activity = launching + (1 - launching) * constants.cpu_spin_activity;
  load.macs_per_s = (work.matrix_macs + work.lane_ops) / load.seconds;
  load.bytes_per_s = work.bytes / load.seconds;
  return load;
}

std::vector<Stage> batch_stages(const BatchWork& work, const NetworkConstants& network,
                                const Constants& constants) {
  std::vector<Stage> stages;
  const double input_s = work.input_bytes / (constants.input_mbps * 1e6);
  const double cycles = network.cpu_cycles_per_inference * static_cast<double>(work.batch);
  if (input_s > 0) stages.push_back({StageKind::io, input_s});
  if (cycles > 0) stages.push_back({StageKind::cpu, cycles});
  stages.push_back({constants.has_gpu() ? StageKind::gpu : StageKind::cpu_kernels, 1});
  return stages;
}

}  // namespace isojoule::twin
