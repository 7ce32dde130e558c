#include "twin/cpu_work.h"

#include <algorithm>
#include <cmath>

namespace isojoule::twin {
namespace {

constexpr double kFileElementBytes = 4;  // LayerCost counts FP32

struct CpuKernel {
  double cycles = 0;  // on one core
  double bytes = 0;
};

double padded(std::int64_t size, double tile) {
  return std::ceil(static_cast<double>(size) / tile) * tile;
}

CpuKernel kernel_of(const LayerCost& layer, const NetworkConstants& network, const Constants& c,
                    BatchWork& work) {
  const CpuKernels& k = c.cpu_kernels;
  CpuKernel out;
  out.bytes = c.element_bytes / kFileElementBytes *
              static_cast<double>(layer.bytes_read + layer.bytes_written + layer.bytes_weights);
  double lane_ops = static_cast<double>(layer.other_ops);
  if (layer.rows > 0 && !is_depthwise(layer)) {
    const double macs = padded(layer.rows, k.tile_rows) * padded(layer.columns, k.tile_columns) *
                        static_cast<double>(layer.depth) * static_cast<double>(layer.groups);
    out.cycles = macs / (k.macs_per_cycle * network.kernel_efficiency);
    // Each register block reads its rows' and columns' operands; most come from a cache.
    out.bytes +=
        c.cache_miss_share * macs * (1 / k.tile_rows + 1 / k.tile_columns) * c.element_bytes;
    work.matrix_macs += macs;
  } else {
    lane_ops += static_cast<double>(layer.macs);
  }
  out.cycles += lane_ops / k.lanes;
  work.lane_ops += lane_ops;
  work.bytes += out.bytes;
  return out;
}

CpuKernelTime time_at(const std::vector<CpuKernel>& kernels, double f, int cores,
                      const Constants& c, double memory_share) {
  const CpuKernels& k = c.cpu_kernels;
  const double n = cores;
  const double bandwidth = std::min(c.memory_peak_gbps * 1e9 * c.memory_efficiency * memory_share,
                                    k.bytes_per_cycle * f * n);
  const double shortened = k.serial_share + (1 - k.serial_share) / n;
  CpuKernelTime out;
  double core_seconds = 0;  // of computing, over all cores
  for (const CpuKernel& kernel : kernels) {
    const double compute = kernel.cycles / f * shortened;
    const double memory = kernel.bytes / bandwidth;
    out.seconds += compute + memory - k.overlap * std::min(compute, memory);
    out.seconds += k.dispatch_us * 1e-6;
    core_seconds += kernel.cycles / f;
  }
  const double stalled = n * out.seconds - core_seconds;
  out.activity = (k.vector_activity * core_seconds + k.stall_activity * stalled) / out.seconds;
  return out;
}

}  // namespace

void add_cpu_times(BatchWork& work, const NetworkCost& cost, const NetworkConstants& network,
                   const Constants& constants, double memory_share) {
  std::vector<CpuKernel> kernels;
  for (const LayerCost& layer : cost.layers)
    if (!is_free(layer)) kernels.push_back(kernel_of(layer, network, constants, work));
  work.cpu_times.reserve(constants.cpu_frequencies.size() *
                         static_cast<std::size_t>(constants.cores));
  for (int cores = 1; cores <= constants.cores; ++cores)
    for (const Hertz f : constants.cpu_frequencies)
      work.cpu_times.push_back(time_at(kernels, f.value(), cores, constants, memory_share));
}

std::size_t cpu_time_index(const Constants& constants, Hertz cpu, int cores) {
  const auto& table = constants.cpu_frequencies;
  const auto found = std::lower_bound(table.begin(), table.end(), cpu);
  const auto entry = std::min(static_cast<std::size_t>(found - table.begin()), table.size() - 1);
  const int row = std::clamp(cores, 1, constants.cores) - 1;
  return static_cast<std::size_t>(row) * table.size() + entry;
}

}  // namespace isojoule::twin
