#include "twin/work.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "twin/cpu_work.h"
#include "twin/dla.h"

namespace isojoule::twin {
namespace {

constexpr double file_element_bytes = 4;  // LayerCost counts FP32

double padded(std::int64_t size, double tile) {
  return std::ceil(static_cast<double>(size) / tile) * tile;
}

// Kernels of a batch, one after the other.
class GpuKernels {
 public:
  GpuKernels(const NetworkConstants& network, const Constants& constants,
             const WorkOptions& options, BatchWork& work)
      : network_(network), c_(constants), options_(options), work_(work) {
    element_bytes_ = options.element_bytes > 0 ? options.element_bytes : c_.element_bytes;
    scale_ = element_bytes_ / file_element_bytes;
  }

  double scale() const { return scale_; }

  void add(const LayerCost& layer, std::size_t index) {
    if (options_.fused && after_product_ && is_fusible(layer)) {
      fuse(layer, index);
      return;
    }
    KernelWork kernel;
    kernel.layers = {index};
    kernel.bytes =
        scale_ * static_cast<double>(layer.bytes_read + layer.bytes_written + layer.bytes_weights);
    double lane_ops = static_cast<double>(layer.other_ops);
    after_product_ = layer.rows > 0;
    if (layer.rows > 0 && !is_depthwise(layer))
      add_product(layer, kernel);
    else
      lane_ops += static_cast<double>(layer.macs);
    kernel.cycles += lane_ops / (c_.gpu_lanes * c_.gpu_unit_share);
    work_.lane_ops += lane_ops;
    work_.bytes += kernel.bytes;
    work_.kernel_works.push_back(std::move(kernel));
  }

 private:
  void add_product(const LayerCost& layer, KernelWork& kernel) {
    const double rows = padded(layer.rows, c_.tile_rows);
    const double columns = padded(layer.columns, c_.tile_columns);
    const double products = static_cast<double>(layer.depth) * static_cast<double>(layer.groups);
    const double macs = rows * columns * products;
    kernel.cycles = macs / (c_.gpu_macs_per_cycle * c_.gpu_unit_share * options_.mac_rate *
                            network_.kernel_efficiency);
    // Each tile reads its rows' and its columns' operands: 1/columns + 1/rows elements a MAC.
    const double operands = macs * (1 / c_.tile_rows + 1 / c_.tile_columns) * element_bytes_;
    kernel.bytes += c_.cache_miss_share * operands;
    work_.matrix_macs += macs;
  }

  // Its result is in registers; an addition reads its other operand.
  void fuse(const LayerCost& layer, std::size_t index) {
    KernelWork& kernel = work_.kernel_works.back();
    kernel.layers.push_back(index);
    const double second = layer.operation == "Add" || layer.operation == "Mul"
                              ? 0.5 * scale_ * static_cast<double>(layer.bytes_read)
                              : 0;
    kernel.cycles += static_cast<double>(layer.other_ops) / (c_.gpu_lanes * c_.gpu_unit_share);
    kernel.bytes += second;
    work_.lane_ops += static_cast<double>(layer.other_ops);
    work_.bytes += second;
  }

  const NetworkConstants& network_;
  const Constants& c_;
  const WorkOptions& options_;
  BatchWork& work_;
  double element_bytes_ = 4, scale_ = 1;
  bool after_product_ = false;
};

double seconds_at(const BatchWork& work, double f, const Constants& c, double memory_share) {
  double sum = 0;
  for (const KernelWork& kernel : work.kernel_works)
    sum += kernel_seconds(kernel, f, c, memory_share);
  return (sum + static_cast<double>(work.kernel_works.size()) * c.kernel_gap_us * 1e-6) *
         work.kernel_share;
}

StageLoad cpu_load(const Constants& constants, const Stage& stage, Hertz cpu, int cores) {
  StageLoad load;
  load.cpu_busy = 1;
  load.seconds = stage.amount / cpu.value();
  load.cpu_activity = 1;
  if (stage.kind == StageKind::cpu_cores) {
    const double serial = constants.dla.reformat_serial_share;
    const double shortened = serial + (1 - serial) / std::max(1, cores);
    load.seconds *= shortened;
    load.cpu_activity = 1 / shortened;
  }
  return load;
}

// The core that waits for the DLA sleeps.
StageLoad dla_load(const BatchWork& work, const Constants& constants, const Stage& stage,
                   Hertz dla) {
  StageLoad load;
  load.seconds = stage.amount * dla_seconds(work, constants, dla);
  load.cpu_activity = constants.dla.wait_activity;
  load.cpu_busy = constants.dla.wait_activity;
  load.dla_busy = 1;
  load.dla_macs_per_s = work.energy_macs / load.seconds;
  load.bytes_per_s = work.bytes / load.seconds;
  return load;
}

}  // namespace

bool is_depthwise(const LayerCost& layer) { return layer.groups > 1 && layer.columns == 1; }

bool is_free(const LayerCost& layer) {
  static constexpr std::string_view names[] = {"Flatten",  "Reshape",   "Dropout",
                                               "Identity", "Squeeze",   "Shape",
                                               "Constant", "Unsqueeze", "ConstantOfShape"};
  return std::find(std::begin(names), std::end(names), layer.operation) != std::end(names);
}

bool is_fusible(const LayerCost& layer) {
  static constexpr std::string_view names[] = {
      "Relu", "LeakyRelu",          "PRelu", "Clip", "Sigmoid", "HardSwish", "HardSigmoid",
      "Tanh", "BatchNormalization", "Add",   "Mul"};
  return std::find(std::begin(names), std::end(names), layer.operation) != std::end(names);
}

double kernel_seconds(const KernelWork& kernel, double f, const Constants& c, double memory_share) {
  const double bandwidth = std::min(c.memory_peak_gbps * 1e9 * c.memory_efficiency * memory_share,
                                    c.gpu_bytes_per_cycle * c.gpu_unit_share * f);
  const double compute = kernel.cycles / f;
  const double memory = kernel.bytes / bandwidth;
  return compute + memory - c.overlap * std::min(compute, memory);
}

BatchWork batch_work(const NetworkCost& cost, const NetworkConstants& network,
                     const Constants& constants, double memory_share, const WorkOptions& options) {
  BatchWork work;
  work.batch = cost.batch;
  work.kernel_share = options.kernel_share;
  GpuKernels kernels(network, constants, options, work);
  bool first = true;
  std::int64_t count = 0;
  for (std::size_t i = 0; i < cost.layers.size(); ++i) {
    const LayerCost& layer = cost.layers[i];
    if (is_free(layer)) continue;
    if (std::exchange(first, false)) work.input_bytes = static_cast<double>(layer.bytes_read);
    if (constants.has_gpu()) kernels.add(layer, i);
    ++count;
    work.weight_bytes += kernels.scale() * static_cast<double>(layer.bytes_weights);
    work.activation_bytes += kernels.scale() * static_cast<double>(layer.bytes_written);
  }
  work.kernels = static_cast<double>(
      constants.has_gpu() ? static_cast<std::int64_t>(work.kernel_works.size()) : count);
  work.gpu_seconds.reserve(constants.gpu_frequencies.size());
  if (!constants.has_gpu()) add_cpu_times(work, cost, network, constants, memory_share);
  work.energy_macs = work.matrix_macs * options.mac_energy + work.lane_ops;
  for (const Hertz f : constants.gpu_frequencies)
    work.gpu_seconds.push_back(seconds_at(work, f.value(), constants, memory_share));
  // Inputs come in the precision that was chosen.
  if (options.element_bytes > 0) work.input_bytes *= options.element_bytes / file_element_bytes;
  return work;
}

StageLoad stage_load(const BatchWork& work, const Constants& constants, const Stage& stage,
                     Hertz cpu, std::size_t gpu, int cores, Hertz dla) {
  StageLoad load;
  switch (stage.kind) {
    case StageKind::io: load.seconds = stage.amount; return load;
    case StageKind::cpu:
    case StageKind::cpu_cores: return cpu_load(constants, stage, cpu, cores);
    case StageKind::dla: return dla_load(work, constants, stage, dla);
    case StageKind::cpu_kernels: {
      const CpuKernelTime& time = work.cpu_times[cpu_time_index(constants, cpu, cores)];
      load.cpu_busy = 1;
      load.seconds = stage.amount * time.seconds;
      load.cpu_activity = time.activity;
      load.macs_per_s = work.energy_macs / load.seconds;
      load.bytes_per_s = work.bytes / load.seconds;
      return load;
    }
    case StageKind::gpu: break;
  }
  // The CPU launches kernels ahead of the GPU; whichever stream is longer sets the time.
  const double launch = work.kernels * constants.launch_cycles / cpu.value();
  const double whole = std::max(work.gpu_seconds[gpu], launch);
  load.cpu_busy = 1;
  load.seconds = stage.amount * whole;
  load.gpu_busy = work.gpu_seconds[gpu] / whole;
  const double launching = launch / whole;
  load.cpu_activity = launching + (1 - launching) * constants.cpu_spin_activity;
  load.macs_per_s = work.energy_macs / load.seconds;
  load.bytes_per_s = work.bytes / load.seconds;
  return load;
}

std::vector<Stage> batch_stages(const BatchWork& work, const NetworkConstants& network,
                                const Constants& constants, const WorkOptions& options) {
  std::vector<Stage> stages;
  const double input_s = options.input_share * work.input_bytes / (constants.input_mbps * 1e6);
  const double cycles =
      options.cycles_share * network.cpu_cycles_per_inference * static_cast<double>(work.batch);
  if (input_s > 0) stages.push_back({StageKind::io, input_s});
  if (cycles > 0) stages.push_back({StageKind::cpu, cycles});
  stages.push_back({constants.has_gpu() ? StageKind::gpu : StageKind::cpu_kernels, 1});
  return stages;
}

}  // namespace isojoule::twin
