#include "predict/roofline/cost_model.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace isojoule::roofline {
namespace {

using Eigen::VectorXd;

constexpr double kElementBytes = 4;  // LayerWork counts FP32

double ratio(double value, double reference) {
  return value > 0 && reference > 0 ? value / reference : 1;
}

double padded(double size, double tile) { return std::ceil(size / tile) * tile; }

Slot slot_of(WorkClass work_class) {
  switch (work_class) {
    case WorkClass::pointwise: return kPointwise;
    case WorkClass::depthwise: return kDepthwise;
    case WorkClass::product: return kProduct;
    default: return kConvolution;
  }
}

auto key_of(const Kernel& k) {
  return std::tie(k.work_class, k.fusible, k.macs, k.operations, k.bytes, k.operands);
}

}  // namespace

Relative relative(const OperatingPoint& point, const Frame& frame) {
  Relative at;
  at.cpu = ratio(point.cpu_hz, frame.cpu_hz);
  at.memory = ratio(point.memory_hz, frame.memory_hz);
  if (frame.clock == ComputeClock::gpu) at.compute = ratio(point.gpu_hz, frame.gpu_hz);
  if (frame.clock == ComputeClock::cpu) at.compute = at.cpu;
  at.cores = frame.cores > 0 && point.cores > 0 ? point.cores : 1;
  return at;
}

Kernel kernel_of(const LayerWork& layer, const Frame& frame) {
  Kernel kernel;
  kernel.work_class = layer.work_class;
  kernel.fusible = layer.fusible;
  kernel.macs = layer.macs;
  kernel.operations = layer.other_ops;
  kernel.bytes = layer.bytes();
  if (layer.rows > 0 && layer.columns > 0 && layer.work_class != WorkClass::depthwise) {
    kernel.macs = padded(layer.rows, frame.tile_rows) * padded(layer.columns, frame.tile_columns) *
                  layer.depth * layer.groups;
    kernel.operands = kernel.macs * (1 / frame.tile_rows + 1 / frame.tile_columns) * kElementBytes;
  }
  return kernel;
}

Work merged_work(const NetworkWork& work, const Frame& frame) {
  Work merged;
  merged.batch = work.batch;
  merged.input_bytes = work.input_bytes;
  for (const LayerWork& layer : work.layers)
    if (layer.work_class != WorkClass::view) merged.kernels.push_back(kernel_of(layer, frame));
  std::vector<Kernel>& kernels = merged.kernels;
  std::sort(kernels.begin(), kernels.end(),
            [](const Kernel& a, const Kernel& b) { return key_of(a) < key_of(b); });
  std::size_t kept = 0;
  for (std::size_t i = 1; i < kernels.size(); ++i)
    if (key_of(kernels[kept]) == key_of(kernels[i]))
      kernels[kept].count += 1;
    else
      kernels[++kept] = kernels[i];
  if (!kernels.empty()) kernels.resize(kept + 1);
  return merged;
}

CostModel::CostModel(const Frame& frame, const VectorXd& theta) : frame_(frame) {
  const auto cost = [&](Slot slot) { return theta[slot] <= kAbsent ? 0 : std::exp(theta[slot]); };
  for (std::size_t i = 0; i < kWorkClasses; ++i) {
    const Slot slot = slot_of(static_cast<WorkClass>(i));
    class_cost_[i] = std::exp(theta[kConvolution] + (slot == kConvolution ? 0 : theta[slot]));
  }
  stream_ = std::exp(theta[kConvolution] + theta[kStream]);
  byte_ = cost(kByte);
  request_ = cost(kRequest);
  reread_ = cost(kReread);
  gap_ = cost(kGap);
  launch_ = cost(kLaunch);
  inference_ = cost(kInference);
  input_ = cost(kInput);
  batch_ = cost(kBatch);
  overlap_ = theta[kOverlap] <= kAbsent ? 0 : logistic(theta[kOverlap]);
  fusion_ = theta[kFusion] <= kAbsent ? 0 : logistic(theta[kFusion]);
  serial_ = logistic(theta[kSerial]);
  compute_power_ = theta[kComputePower];
  cpu_power_ = theta[kCpuPower];
}

double CostModel::speed(const Relative& at) const {
  if (frame_.energies) return 1;
  if (at.cores == 1) return at.compute;
  return at.compute / (serial_ + (1 - serial_) / at.cores);
}

double CostModel::whole(const Relative& at) const {
  return frame_.energies ? std::pow(at.compute, compute_power_) * std::pow(at.cpu, cpu_power_) : 1;
}

KernelTime CostModel::kernel(const Kernel& kernel, const Relative& at) const {
  const double x = speed(at), m = frame_.energies ? 1 : at.memory;
  const double w = whole(at);
  KernelTime time;
  time.share = kernel.fusible ? 1 - fusion_ : 1;
  const double bytes = kernel.bytes + reread_ * kernel.operands;
  time.compute = w *
                 (kernel.macs * class_cost_[static_cast<std::size_t>(kernel.work_class)] +
                  kernel.operations * stream_) /
                 x;
  time.memory = w * bytes * std::max(byte_ / m, request_ / x);
  time.seconds = time.share * (time.compute + time.memory -
                               overlap_ * std::min(time.compute, time.memory) + w * gap_);
  time.bytes = time.share * bytes;
  return time;
}

void CostModel::add(const KernelTime& kernel, double count, const Relative& at,
                    Times& times) const {
  times.device += count * kernel.seconds;
  times.launch += count * kernel.share * launch_ / at.cpu;
  times.kernels += count * kernel.share;
}

void CostModel::finish(double batch, double input_bytes, const Relative& at, Times& times) const {
  const double w = whole(at), c = frame_.energies ? 1 : at.cpu;
  times.inference = w * batch * inference_ / c;
  times.input = w * input_bytes * input_;
  times.batch = w * batch_ / c;
}

Times CostModel::times(const Work& work, const Relative& at) const {
  Times times;
  for (const Kernel& one : work.kernels) add(kernel(one, at), one.count, at, times);
  finish(work.batch, work.input_bytes, at, times);
  return times;
}

// Of a kernel's seconds, times its count. d seconds / d log(cost) is the part that it makes.
void CostModel::add_gradient(const Kernel& one, const Relative& at, VectorXd& gradient) const {
  const KernelTime time = kernel(one, at);
  const double x = speed(at), m = frame_.energies ? 1 : at.memory, w = whole(at);
  const double n = one.count * time.share;
  const bool by_compute = time.compute >= time.memory;
  const double compute = n * (by_compute ? 1 : 1 - overlap_);  // weights of the two
  const double memory = n * (by_compute ? 1 - overlap_ : 1);
  const double of_macs =
      compute * w * one.macs * class_cost_[static_cast<std::size_t>(one.work_class)] / x;
  const double of_operations = compute * w * one.operations * stream_ / x;
  gradient[kConvolution] += of_macs + of_operations;
  const Slot slot = slot_of(one.work_class);
  if (slot != kConvolution) gradient[slot] += of_macs;
  gradient[kStream] += of_operations;
  const bool by_request = request_ / x > byte_ / m;
  gradient[by_request ? kRequest : kByte] += memory * time.memory;
  const double bytes = one.bytes + reread_ * one.operands;
  if (bytes > 0) gradient[kReread] += memory * time.memory * reread_ * one.operands / bytes;
  gradient[kOverlap] -= n * overlap_ * (1 - overlap_) * std::min(time.compute, time.memory);
  gradient[kGap] += n * w * gap_;
  if (one.fusible) gradient[kFusion] -= fusion_ * one.count * time.seconds;
  if (at.cores != 1 && !frame_.energies) {
    const double rest = serial_ + (1 - serial_) / at.cores;
    const double more = serial_ * (1 - serial_) * (1 - 1 / at.cores) / rest;
    gradient[kSerial] += more * (of_macs + of_operations + (by_request ? memory * time.memory : 0));
  }
}

double CostModel::log_total(const Work& work, const Relative& at, VectorXd& gradient) const {
  const Times t = times(work, at);
  gradient.setZero(kSlots);
  if (t.device >= t.launch) {
    for (const Kernel& one : work.kernels) add_gradient(one, at, gradient);
  } else {
    gradient[kLaunch] = t.launch;
    for (const Kernel& one : work.kernels)
      if (one.fusible) gradient[kFusion] -= fusion_ * (1 - fusion_) * one.count * launch_ / at.cpu;
  }
  gradient[kInference] = t.inference;
  gradient[kInput] = t.input;
  gradient[kBatch] = t.batch;
  gradient /= t.total();
  if (frame_.energies) {
    gradient[kComputePower] = std::log(at.compute);
    gradient[kCpuPower] = std::log(at.cpu);
  }
  return std::log(t.total());
}

}  // namespace isojoule::roofline
