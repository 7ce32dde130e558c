// What a batch takes at an operating point: time, or, where no run has a time, energy alike.
//
// Roofline (Williams, Waterman, Patterson 2009) kernel by kernel, with the parts that a board adds:
//   compute = MACs in whole tiles x s_class / x + other operations x s_stream / x
//   memory  = (bytes + reread x operands of the tiles) x max(s_byte / m, s_request / x)
//   kernel  = compute + memory - overlap x min(compute, memory) + gap
//   device  = sum of kernels;   launch = kernels x s_launch / c
//   batch   = max(device, launch) + batch size x s_inference / c + input bytes x s_input + s_batch
//   / c
// x: clock of what computes, c: of the CPU, m: of the memory, each relative to its geometric mean
// in the fitted runs. Of a fusible layer the share `fusion` costs nothing. On cores, x is also
// their speed-up by Amdahl's law (1967). Without times the same sum is one of joules, without
// overlap, launch and request, and the clocks act on the whole as powers: x^a c^b.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "predict/observation.h"
#include "predict/regression.h"

namespace isojoule::roofline {

// Logarithms of costs per unit; classes but the first relative to the first; shares as logits; the
// two exponents as they are.
enum Slot : std::uint8_t {
  kConvolution,
  kPointwise,
  kDepthwise,
  kProduct,
  kStream,
  kByte,
  kRequest,
  kReread,
  kOverlap,
  kGap,
  kLaunch,
  kInference,
  kInput,
  kBatch,
  kFusion,
  kSerial,
  kComputePower,
  kCpuPower,
  kSlots
};
inline constexpr double kAbsent = -80;  // logarithm of a cost that is left out

enum class ComputeClock : std::uint8_t { none, gpu, cpu };

// What the runs share and the fit does not turn continuously.
struct Frame {
  ComputeClock clock = ComputeClock::none;
  bool energies = false;  // joules instead of seconds
  double tile_rows = 1, tile_columns = 1;
  double cpu_hz = 0, gpu_hz = 0, memory_hz = 0;  // geometric means; 0: never known
  double cores = 0;
};

// Clocks relative to the frame's.
struct Relative {
  double compute = 1, cpu = 1, memory = 1, cores = 1;
};
Relative relative(const OperatingPoint& point, const Frame& frame);

// A layer as the model needs it; `count` alike ones.
struct Kernel {
  WorkClass work_class = WorkClass::stream;
  bool fusible = false;
  double count = 1;
  double macs = 0;  // in whole tiles, depthwise as they are
  double operations = 0;
  double bytes = 0;
  double operands = 0;  // bytes that the tiles take of rows and columns
};
Kernel kernel_of(const LayerWork& layer, const Frame& frame);

struct Work {
  std::vector<Kernel> kernels;
  double batch = 1, input_bytes = 0;
};
Work merged_work(const NetworkWork& work, const Frame& frame);  // alike layers counted

// A batch's times; their sum by total(). In joules where the frame says so.
struct Times {
  double device = 0, launch = 0;
  double inference = 0, input = 0, batch = 0;
  double kernels = 0;  // launched
  double running() const { return device > launch ? device : launch; }
  double launching() const { return launch; }  // never longer than running()
  double cpu() const { return inference + batch; }
  double total() const { return running() + cpu() + input; }
};

struct KernelTime {
  double compute = 0, memory = 0, share = 1;  // share that is left when it is fused
  double seconds = 0;                         // of its share, with the gap
  double bytes = 0;                           // of its share, with what is read again
};

// theta decoded.
class CostModel {
 public:
  CostModel(const Frame& frame, const Eigen::VectorXd& theta);

  KernelTime kernel(const Kernel& kernel, const Relative& at) const;
  Times times(const Work& work, const Relative& at) const;
  // Adds a kernel of its own to `times`; finish() adds what is no kernel's.
  void add(const KernelTime& kernel, double count, const Relative& at, Times& times) const;
  void finish(double batch, double input_bytes, const Relative& at, Times& times) const;
  // log of the total; `gradient` by theta.
  double log_total(const Work& work, const Relative& at, Eigen::VectorXd& gradient) const;
  double speed(const Relative& at) const;  // of what computes: clock x speed-up of the cores

 private:
  void add_gradient(const Kernel& kernel, const Relative& at, Eigen::VectorXd& gradient) const;
  double whole(const Relative& at) const;  // factor of clocks on joules

  Frame frame_;
  std::array<double, kWorkClasses> class_cost_{};
  double stream_ = 0, byte_ = 0, request_ = 0, reread_ = 0, overlap_ = 0, gap_ = 0, launch_ = 0,
         inference_ = 0, input_ = 0, batch_ = 0, fusion_ = 0, serial_ = 0, compute_power_ = 0,
         cpu_power_ = 0;
};

}  // namespace isojoule::roofline
