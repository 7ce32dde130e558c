#include "predict/roofline/power_model.h"

#include <algorithm>
#include <cmath>

namespace isojoule::roofline {
namespace {

// Relative to the supply at `highest`; above it the line goes on.
double supply(double clock, double highest, double drop, double knee) {
  return std::max(1 - drop, 1 - drop * (1 - clock / highest) / (1 - knee));
}

}  // namespace

PowerModel::PowerModel(const Eigen::VectorXd& theta, const Supplies& supplies, const Relative& at,
                       double speed_up) {
  const auto value = [&](PowerSlot slot) {
    return theta[slot] <= kAbsent ? 0 : std::exp(theta[slot]);
  };
  const auto share = [&](PowerSlot slot) {
    return theta[slot] <= kAbsent ? 0 : logistic(theta[slot]);
  };
  const double v = supply(at.compute, supplies.compute, share(kDrop), share(kKnee));
  const double v_cpu = supply(at.cpu, supplies.cpu, share(kCpuDrop), share(kCpuKnee));
  const double clock = value(kClock) * at.compute * v * v;
  const double idle_share = share(kClockIdle);
  idle_ = value(kBase) + value(kUncore) * at.cpu * v_cpu * v_cpu + idle_share * clock +
          value(kMemoryIdle) * at.memory;
  device_ = (1 - idle_share) * clock * speed_up;
  core_ = value(kCore) * at.cpu * v_cpu * v_cpu;
  spin_ = share(kSpin);
  const double mac = v * v * value(kMac);
  mac_.fill(mac);
  mac_[static_cast<std::size_t>(WorkClass::pointwise)] *= std::exp(theta[kMacPointwise]);
  mac_[static_cast<std::size_t>(WorkClass::depthwise)] *= std::exp(theta[kMacDepthwise]);
  mac_[static_cast<std::size_t>(WorkClass::product)] *= std::exp(theta[kMacProduct]);
  operation_ = mac * std::exp(theta[kOperation]);
  byte_ = value(kByteEnergy);
}

double PowerModel::energy(const Load& load) const {
  double sum = idle_ * load.total() + device_ * load.device +
               core_ * (load.launching + load.cpu + spin_ * (load.running - load.launching)) +
               operation_ * load.operations + byte_ * load.bytes;
  for (std::size_t i = 0; i < kWorkClasses; ++i) sum += mac_[i] * load.macs[i];
  return sum;
}

}  // namespace isojoule::roofline
