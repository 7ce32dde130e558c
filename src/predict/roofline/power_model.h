// Joules of a batch from its times and its work at an operating point.
//
//   E = (base + uncore x c v_c^2 + idle share x clock x x v^2 + memory x m) x T
//     + (1 - idle share) x clock x x v^2 x speed-up x device time
//     + core x c v_c^2 x (launching + CPU time + spin x (running - launching))
//     + v^2 x (MACs x e_class + operations x e_stream) + bytes x e_byte
// Switching C V^2 f of the clock trees and of a core, energy per MAC at the supply's square, per
// byte at a fixed supply. v = V / V at the highest fitted clock: 1 - d (1 - x) / (1 - k) down to 1
// - d at the knee k, as the tables of DVFS go. Base: board, rest of the chip, leakage.
#pragma once

#include "predict/roofline/cost_model.h"

namespace isojoule::roofline {

// As Slot.
enum PowerSlot : std::uint8_t {
  kBase,
  kClock,
  kClockIdle,
  kCore,
  kSpin,
  kUncore,
  kMemoryIdle,
  kMac,
  kMacPointwise,
  kMacDepthwise,
  kMacProduct,
  kOperation,
  kByteEnergy,
  kDrop,
  kKnee,
  kCpuDrop,
  kCpuKnee,
  kPowerSlots
};

// Clocks that the supplies' curves hang on: the highest fitted, relative to Frame's means.
struct Supplies {
  double compute = 1, cpu = 1;
};

struct Load {
  double device = 0, running = 0, launching = 0, cpu = 0, input = 0;  // s
  std::array<double, kWorkClasses> macs{};
  double operations = 0, bytes = 0;
  double total() const { return running + cpu + input; }
};

// theta decoded at one operating point.
class PowerModel {
 public:
  PowerModel(const Eigen::VectorXd& theta, const Supplies& supplies, const Relative& at,
             double speed_up);
  double energy(const Load& load) const;
  double idle() const { return idle_; }  // W, with nothing to do

 private:
  double idle_ = 0, device_ = 0, core_ = 0, spin_ = 0;
  std::array<double, kWorkClasses> mac_{};
  double operation_ = 0, byte_ = 0;
};

}  // namespace isojoule::roofline
