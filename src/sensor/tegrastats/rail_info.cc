#include "sensor/tegrastats/rail_info.h"

#include <cmath>

#include "sensor/jetson_rails.h"

namespace isojoule::tegrastats {
namespace {

// Window: 512 averages of 3 channels at 2 x 140 us, as NVIDIA configures all modules but the Nano
// (L4T 32 device trees, nvpower.sh of L4T 35).
constexpr Second kWindow{0.43008};
// 40 uV over a 5 mOhm shunt at 5 V: one step of the chip (TI SBOS576B) on the modules with a 5 V
// input.
constexpr double kShuntStep_v = 40e-6, kBus_v = 5.0;
// Largest errors 0.25 % (bus), 0.25 % (shunt voltage), the resistor's, as rectangular
// distributions; 80 uV of offset (TI SBOS576B; GUM, JCGM 100:2008, 4.3.7).
double gain_of(double tolerance) {
  return std::sqrt(2 * 0.0025 * 0.0025 + tolerance * tolerance) / std::sqrt(3.0);
}

}  // namespace

ChannelInfo rail_info(const RailFacts& facts) {
  const double shunt = facts.shunt_ohm > 0 ? facts.shunt_ohm : jetson::kAssumedShunt_ohm;
  ChannelInfo info;
  info.rail = facts.rail;
  info.sensor = "tegrastats " + facts.label;
  info.kind = ChannelKind::power;
  info.step_a = 1e-3;  // milliwatts
  info.window = facts.window > Second(0) ? facts.window : kWindow;
  info.power_quantum = Watt(kShuntStep_v / shunt * kBus_v);
  info.power_offset_uncertainty = Watt(2 * kShuntStep_v / shunt * kBus_v / std::sqrt(3.0));
  info.gain_uncertainty = gain_of(facts.shunt_tolerance);
  info.update_period = facts.interval;
  info.is_dated_by_source = true;
  return info;
}

}  // namespace isojoule::tegrastats
