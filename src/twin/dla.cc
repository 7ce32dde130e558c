#include "twin/dla.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace isojoule::twin {
namespace {

constexpr double kFileElementBytes = 4;  // LayerCost counts FP32
constexpr double kMebibyte = 1048576;

constexpr std::array<std::string_view, 22> kOperators = {"Conv",
                                                         "ConvTranspose",
                                                         "Gemm",
                                                         "BatchNormalization",
                                                         "Relu",
                                                         "LeakyRelu",
                                                         "PRelu",
                                                         "Clip",
                                                         "Sigmoid",
                                                         "Tanh",
                                                         "Add",
                                                         "Sub",
                                                         "Mul",
                                                         "Max",
                                                         "Min",
                                                         "MaxPool",
                                                         "Concat",
                                                         "AveragePool",
                                                         "Resize",
                                                         "Upsample",
                                                         "GlobalAveragePool",
                                                         "Transpose"};

// Beyond this distance of its positions a kernel no longer fits the convolution's buffer.
constexpr std::int64_t kLargestDilation = 4;
constexpr double kLargestScale = 4;  // of a resize, each way

bool is_listed(const auto& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

double padded(std::int64_t size, double atom) {
  return std::ceil(static_cast<double>(size) / atom) * atom;
}

// Layers of one part on one DLA, one after the other.
class DlaLayers {
 public:
  DlaLayers(const Constants& constants, const WorkOptions& options, BatchWork& work)
      : c_(constants.dla), work_(work) {
    element_bytes_ = options.element_bytes > 0 ? options.element_bytes : 1;
    rate_ = c_.macs_per_cycle * c_.efficiency * (element_bytes_ > 1 ? c_.fp16_rate : 1);
  }

  double scale() const { return element_bytes_ / kFileElementBytes; }

  void add(const LayerCost& layer, std::size_t index) {
    if (!work_.kernel_works.empty() && is_fusible(layer)) {
      fuse(layer, index);
      return;
    }
    KernelWork kernel;
    kernel.layers = {index};
    const bool resizes = layer.operation == "Resize" || layer.operation == "Upsample";
    kernel.cycles = c_.layer_cycles +
                    static_cast<double>(layer.other_ops) / (resizes ? c_.resize_lanes : c_.lanes);
    if (layer.rows > 0) {
      // The bias is added on the way out.
      kernel.cycles = c_.layer_cycles + product_cycles(layer);
    }
    kernel.bytes = traffic(layer);
    work_.bytes += kernel.bytes;
    work_.lane_ops += static_cast<double>(layer.other_ops);
    work_.kernel_works.push_back(std::move(kernel));
  }

 private:
  double product_cycles(const LayerCost& layer) {
    const auto macs = static_cast<double>(layer.macs);
    if (is_depthwise(layer)) {
      work_.matrix_macs += macs;
      return macs / c_.depthwise_macs_per_cycle;
    }
    const double whole = static_cast<double>(layer.rows) * padded(layer.columns, c_.atom_outputs) *
                         padded(layer.depth, c_.atom_inputs) * static_cast<double>(layer.groups);
    work_.matrix_macs += whole;
    return whole / rate_;
  }

  // Bytes to and from the DRAM.
  double traffic(const LayerCost& layer) {
    const double half = 0.5 * c_.sram_mb * kMebibyte;
    const double in = scale() * static_cast<double>(layer.bytes_read);
    const double out = scale() * static_cast<double>(layer.bytes_written);
    const double weights = scale() * static_cast<double>(layer.bytes_weights);
    const bool in_stays = std::exchange(in_sram_, half > 0 && out <= half);
    double bytes = weights + (in_sram_ ? 0 : out);
    if (in_stays) return bytes;
    if (half <= 0 || weights <= half) return bytes + in;
    // Either the input comes again for each portion of weights, or the weights for each of inputs.
    const double inputs_again = in * std::ceil(weights / half);
    const double weights_again = in + weights * (std::ceil(in / half) - 1);
    return bytes + std::min(inputs_again, weights_again);
  }

  // In the same pass; an addition reads its other operand, which may lie in the DRAM.
  void fuse(const LayerCost& layer, std::size_t index) {
    KernelWork& kernel = work_.kernel_works.back();
    kernel.layers.push_back(index);
    const bool two = layer.operation == "Add" || layer.operation == "Mul";
    if (!two) return;
    const double second = 0.5 * scale() * static_cast<double>(layer.bytes_read);
    const double bytes = second > 0.25 * c_.sram_mb * kMebibyte ? second : 0;
    kernel.bytes += bytes;
    work_.bytes += bytes;
  }

  const DlaConstants& c_;
  BatchWork& work_;
  double element_bytes_ = 1, rate_ = 1;
  bool in_sram_ = false;  // the previous output
};

// What goes with its input: a renaming, a new order (both devices have a unit for it), and whatever
// is done in the pass of the product before it.
bool stays(const LayerCost& layer, bool after_product) {
  return is_free(layer) || layer.operation == "Transpose" || (after_product && is_fusible(layer));
}

BatchWork dla_work(const PlacedPart& part, const Constants& constants, double memory_share,
                   const WorkOptions& options) {
  BatchWork work;
  work.batch = part.cost.batch;
  work.on_dla = true;
  work.dla_bandwidth = constants.dla.memory_gbps * 1e9 * memory_share;
  DlaLayers layers(constants, options, work);
  for (std::size_t i = 0; i < part.cost.layers.size(); ++i) {
    const LayerCost& layer = part.cost.layers[i];
    if (is_free(layer) || layer.operation == "Concat") continue;  // written where it is wanted
    layers.add(layer, i);
    work.weight_bytes += layers.scale() * static_cast<double>(layer.bytes_weights);
    work.activation_bytes += layers.scale() * static_cast<double>(layer.bytes_written);
  }
  work.kernels = static_cast<double>(work.kernel_works.size());
  // A MAC in half precision switches about twice the bits.
  work.energy_macs = work.matrix_macs * (options.element_bytes > 1 ? 2 : 1);
  return work;
}

// The tensors that cross: a kernel each way, which reads and writes them.
void add_transfers(const PlacedPart& part, const Constants& constants, double memory_share,
                   const WorkOptions& options, BatchWork& work) {
  const double scale = options.element_bytes / kFileElementBytes;
  for (const double bytes : {part.bytes_in, part.bytes_out}) {
    if (bytes <= 0) continue;
    KernelWork copy;
    copy.bytes = 2 * scale * bytes;
    work.bytes += copy.bytes;
    work.kernels += 1;
    for (std::size_t i = 0; i < work.gpu_seconds.size(); ++i)
      work.gpu_seconds[i] +=
          kernel_seconds(copy, constants.gpu_frequencies[i].value(), constants, memory_share) +
          constants.kernel_gap_us * 1e-6;
  }
}

}  // namespace

std::string dla_refuses(const LayerCost& layer, const Execution& execution) {
  if (is_listed(execution.gpu_operators, layer.operation)) return "kept on the GPU by an option";
  if (is_free(layer)) return {};
  if (!is_listed(kOperators, layer.operation)) return "no unit for " + layer.operation;
  if (layer.dilation > kLargestDilation)
    return fmt::format("dilation {} is above {}", layer.dilation, kLargestDilation);
  if (layer.operation == "Resize" || layer.operation == "Upsample") {
    const double scale = std::sqrt(static_cast<double>(layer.bytes_written) /
                                   std::max<double>(1, static_cast<double>(layer.bytes_read)));
    if (scale > kLargestScale + 1e-6) return fmt::format("scale {:.3g} is above 4", scale);
  }
  return {};
}

Result<std::vector<PlacedPart>> placed(const NetworkCost& cost, const Execution& execution) {
  std::vector<PlacedPart> parts;
  bool after_product = false;
  for (const LayerCost& layer : cost.layers) {
    bool on_dla = execution.on_dla;
    const bool follows = !parts.empty() && stays(layer, after_product);
    if (!is_free(layer)) after_product = layer.rows > 0 || (after_product && is_fusible(layer));
    const std::string why = on_dla && !follows ? dla_refuses(layer, execution) : std::string();
    if (!why.empty() && !execution.fallback)
      return fail(ErrorKind::unsupported,
                  fmt::format("layer '{}' ({}) cannot run on the DLA: {}", layer.name,
                              layer.operation, why),
                  "Allow its fallback to the GPU, or change the layer");
    on_dla = follows ? parts.back().on_dla : on_dla && why.empty();
    if (parts.empty() || parts.back().on_dla != on_dla) {
      if (!parts.empty()) {
        const double bytes = static_cast<double>(layer.bytes_read);
        // The GPU's side does the copies, whichever way they go.
        (on_dla ? parts.back().bytes_out : parts.emplace_back().bytes_in) = bytes;
        if (on_dla) parts.emplace_back();
      } else {
        parts.emplace_back();
      }
      parts.back().on_dla = on_dla;
      parts.back().cost.name = cost.name;
      parts.back().cost.batch = cost.batch;
    }
    parts.back().cost.layers.push_back(layer);
  }
  return parts;
}

BatchWork part_work(const PlacedPart& part, const NetworkConstants& network,
                    const Constants& constants, double memory_share, const WorkOptions& options) {
  if (part.on_dla) return dla_work(part, constants, memory_share, options);
  BatchWork work = batch_work(part.cost, network, constants, memory_share, options);
  add_transfers(part, constants, memory_share, options, work);
  return work;
}

double dla_kernel_seconds(const KernelWork& kernel, double bandwidth, const Constants& constants,
                          Hertz clock) {
  const DlaConstants& c = constants.dla;
  const double compute = kernel.cycles / clock.value();
  const double memory = kernel.bytes / std::min(bandwidth, c.bytes_per_cycle * clock.value());
  return compute + memory - c.overlap * std::min(compute, memory);
}

double dla_seconds(const BatchWork& work, const Constants& constants, Hertz clock) {
  double sum = 0;
  for (const KernelWork& kernel : work.kernel_works)
    sum += dla_kernel_seconds(kernel, work.dla_bandwidth, constants, clock);
  return sum;
}

}  // namespace isojoule::twin
