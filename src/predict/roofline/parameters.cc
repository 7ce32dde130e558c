// The fitted vectors as a table for people.
#include <cmath>
#include <functional>

#include "predict/roofline/predictor.h"

namespace isojoule::roofline {
namespace {

using Read = std::function<double(double)>;  // theta to the printed value; monotone

constexpr const char* kUntold = "the runs do not tell it: what is known beforehand";

void add(std::vector<Parameter>& all, const FittedVector& fitted, Eigen::Index slot,
         const char* name, const char* unit, const char* meaning, const Read& read,
         const char* why_absent) {
  Parameter one;
  one.name = name;
  one.unit = unit;
  one.meaning = meaning;
  const double theta = fitted.theta[slot];
  one.value = theta <= kAbsent ? 0 : read(theta);
  if (fitted.covariance(slot, slot) <= 0) {
    one.note = why_absent;
  } else if (const double half = fitted.half_width(slot); std::isfinite(half)) {
    const double a = read(theta - half), b = read(theta + half);
    one.low = std::min(a, b);
    one.high = std::max(a, b);
  } else {
    one.note = kUntold;
  }
  all.push_back(std::move(one));
}

Read cost_in(double unit) {
  return [unit](double theta) { return std::exp(theta) / unit; };
}
// A clock's cycles, where it is known; else the rate a second.
Read rate_in(double unit) {
  return [unit](double theta) { return std::exp(-theta) / unit; };
}
double ratio_of(double theta) { return std::exp(-theta); }
double as_is(double theta) { return theta; }

double reference_hz(const Frame& frame) {
  if (frame.clock == ComputeClock::gpu) return frame.gpu_hz;
  return frame.clock == ComputeClock::cpu ? frame.cpu_hz : 0;
}

void add_tile(std::vector<Parameter>& all, const CostFit& fit, const char* name, double value,
              const Range& set, const char* meaning) {
  Parameter one{name, "", value, {}, {}, "", meaning};
  if (!fit.tiles_told)
    one.note = "no layer's shape is known";
  else if (set.low == 1 && set.high == 128)
    one.note = kUntold;
  else
    one.low = set.low, one.high = set.high;
  all.push_back(std::move(one));
}

void add_classes(std::vector<Parameter>& all, const CostFit& fit) {
  const FittedVector& f = fit.fitted;
  const char* ratio = fit.frame.energies ? "energy" : "rate";
  const Read read =
      fit.frame.energies ? Read([](double t) { return std::exp(t); }) : Read(ratio_of);
  const auto name = [&](const char* of) { return std::string(of) + "_" + ratio; };
  const std::string pointwise = name("pointwise"), depthwise = name("depthwise"),
                    product = name("product"), stream = name("stream");
  add(all, f, kPointwise, pointwise.c_str(), "of convolution", "pointwise convolutions", read, "");
  add(all, f, kDepthwise, depthwise.c_str(), "of convolution", "depthwise convolutions", read, "");
  add(all, f, kProduct, product.c_str(), "of convolution", "fully connected, products", read, "");
  add(all, f, kStream, stream.c_str(), "of convolution", "an operation that is no MAC", read, "");
}

std::vector<Parameter> energy_costs(const CostFit& fit) {
  std::vector<Parameter> all;
  const FittedVector& f = fit.fitted;
  add(all, f, kConvolution, "mac_energy", "pJ", "a MAC of a convolution", cost_in(1e-12), "");
  add_classes(all, fit);
  add(all, f, kByte, "byte_energy", "pJ", "a byte to or from memory", cost_in(1e-12),
      "no bytes are known");
  add(all, f, kGap, "kernel_energy", "uJ", "a kernel, whatever its size", cost_in(1e-6), "");
  add(all, f, kInference, "inference_energy", "mJ", "an inference besides its kernels",
      cost_in(1e-3), "");
  add(all, f, kInput, "input_energy", "pJ", "a byte of the inputs", cost_in(1e-12),
      "inputs of one size: in inference_energy");
  add(all, f, kBatch, "batch_energy", "mJ", "a batch, whatever its size", cost_in(1e-3),
      "one batch size: in inference_energy");
  add(all, f, kFusion, "fusion", "", "share of fusible layers that costs nothing", logistic,
      "no fusible layers");
  add(all, f, kComputePower, "compute_clock_power", "", "energy ~ clock to this power", as_is,
      "the clock is constant in the runs");
  add(all, f, kCpuPower, "cpu_clock_power", "", "energy ~ CPU clock to this power", as_is,
      "the clock is constant in the runs, or is the one that computes");
  return all;
}

}  // namespace

std::vector<Parameter> cost_parameters(const CostFit& fit) {
  std::vector<Parameter> all;
  const FittedVector& f = fit.fitted;
  if (fit.frame.energies) {
    all = energy_costs(fit);
  } else {
    const double hz = reference_hz(fit.frame), cpu = fit.frame.cpu_hz;
    add(all, f, kConvolution, "convolution_rate", hz > 0 ? "MAC/cycle" : "MAC/s",
        "MACs of convolutions in whole tiles", rate_in(hz > 0 ? hz : 1), "");
    add_classes(all, fit);
    add(all, f, kByte, "bandwidth", "GB/s", "bytes to and from memory", rate_in(1e9),
        "no bytes are known");
    add(all, f, kRequest, "request_rate", "byte/cycle", "bytes that are asked for a cycle",
        rate_in(hz > 0 ? hz : 1), "the clock varies too little to tell it from the bandwidth");
    add(all, f, kReread, "reread", "", "share of the tiles' operands that memory gives", cost_in(1),
        "the clock varies too little to tell it from the MAC rate");
    add(all, f, kOverlap, "overlap", "", "share of the shorter of compute and memory that hides",
        logistic, "");
    add(all, f, kGap, "kernel_gap", "us", "between two kernels", cost_in(1e-6), "");
    add(
        all, f, kLaunch, "launch_cycles", "cycle", "CPU work to launch a kernel",
        [cpu](double t) { return std::exp(t) * cpu; },
        "the CPU's clock is constant, or computes: in kernel_gap");
    const double unit = cpu > 0 ? 1 / cpu : 1e-3;
    add(all, f, kInference, "inference_cpu", cpu > 0 ? "cycle" : "ms", "CPU work for an inference",
        cost_in(unit), "");
    add(all, f, kInput, "input_rate", "MB/s", "reading of inputs", rate_in(1e6),
        "inputs of one size at one clock: in inference_cpu");
    add(all, f, kBatch, "batch_cpu", cpu > 0 ? "cycle" : "ms", "CPU work for a batch",
        cost_in(unit), "one batch size: in inference_cpu");
    add(all, f, kFusion, "fusion", "", "share of fusible layers that costs nothing", logistic,
        "no fusible layers");
    add(all, f, kSerial, "serial_share", "", "of the computing that further cores do not shorten",
        logistic, "the number of cores is constant, or they do not compute");
  }
  add_tile(all, fit, "tile_rows", fit.frame.tile_rows, fit.rows_set,
           "output positions that are padded to a multiple");
  add_tile(all, fit, "tile_columns", fit.frame.tile_columns, fit.columns_set,
           "output channels that are padded to a multiple");
  return all;
}

std::vector<Parameter> power_parameters(const PowerFit& fit, const CostFit& cost) {
  std::vector<Parameter> all;
  const FittedVector& f = fit.fitted;
  const char* constant = "the clock is constant in the runs: in base_power and clock_power";
  const Read value = cost_in(1), pico = cost_in(1e-12);
  const Read ratio = [](double t) { return std::exp(t); };
  const Read drop = [](double t) { return 1 - logistic(t); };
  const double compute =
      cost.frame.clock == ComputeClock::gpu ? cost.frame.gpu_hz : cost.frame.cpu_hz;
  const double highest = compute * fit.supplies.compute / 1e6;
  const double highest_cpu = cost.frame.cpu_hz * fit.supplies.cpu / 1e6;
  add(all, f, kBase, "base_power", "W", "board, rest of the chip, leakage", value, "");
  add(all, f, kClock, "clock_power", "W", "clock tree of what computes, at the mean clock", value,
      "");
  add(all, f, kClockIdle, "clock_idle_share", "", "of clock_power with no kernel running", logistic,
      constant);
  add(all, f, kCore, "core_power", "W", "a core that works, at the mean clock", value, constant);
  add(all, f, kSpin, "spin_share", "", "of core_power while it waits", logistic, constant);
  add(all, f, kUncore, "uncore_power", "W", "clocked part of the CPU at rest", value, constant);
  add(all, f, kMemoryIdle, "memory_idle_power", "W", "clocked memory at rest", value,
      "the memory's clock is constant in the runs: in base_power");
  add(all, f, kMac, "mac_energy", "pJ", "a MAC at the highest clock's supply", pico, "");
  add(all, f, kMacPointwise, "pointwise_energy", "of mac_energy", "pointwise convolutions", ratio,
      "");
  add(all, f, kMacDepthwise, "depthwise_energy", "of mac_energy", "depthwise convolutions", ratio,
      "");
  add(all, f, kMacProduct, "product_energy", "of mac_energy", "fully connected, products", ratio,
      "");
  add(all, f, kOperation, "operation_energy", "of mac_energy", "an operation that is no MAC", ratio,
      "");
  add(all, f, kByteEnergy, "byte_energy", "pJ", "a byte to or from memory", pico,
      "no bytes are known");
  add(all, f, kDrop, "lowest_supply", "of the highest", "supply below the knee", drop, constant);
  add(
      all, f, kKnee, "knee", "MHz", "clock from which the supply rises",
      [highest](double t) { return highest * logistic(t); }, constant);
  add(all, f, kCpuDrop, "cpu_lowest_supply", "of the highest", "the CPU's supply below the knee",
      drop, constant);
  add(
      all, f, kCpuKnee, "cpu_knee", "MHz", "CPU clock from which the supply rises",
      [highest_cpu](double t) { return highest_cpu * logistic(t); }, constant);
  return all;
}

}  // namespace isojoule::roofline
