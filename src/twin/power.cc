#include "twin/power.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isojoule::twin {
namespace {

double& at(ComponentPower& power, Component component) {
  return power[static_cast<std::size_t>(component)];
}

double leakage(double watts, double volts, double highest_v, double share, const Constants& c,
               double temperature) {
  const double relative = volts / highest_v;
  const double scale = c.voltage_leakage_exponent == 2
                           ? relative * relative
                           : std::pow(relative, c.voltage_leakage_exponent);
  const double warm = std::max(0.1, 1 + c.leakage_per_k * (temperature - c.reference_c));
  return watts * share * scale * warm;
}

double cpu_power(const Constants& c, const PowerState& s, double volts) {
  const double cores = static_cast<double>(s.online_cores) / c.cores;
  double idle = 0;    // W of the other clusters
  double others = 0;  // their share of the online cores
  for (std::size_t i = 0; i < s.others.count; ++i) {
    const IdleClusters::One& one = s.others.clusters[i];
    const double share = static_cast<double>(one.online_cores) / std::max(1, s.online_cores);
    const double own_v = voltage_at(c.cpu_voltage, one.hz, c.cpu_frequencies.back().value(),
                                    one.governed, c.governor_guard_band);
    idle +=
        c.cpu_uncore_nf * share * 1e-9 * own_v * own_v * one.hz +
        leakage(c.cpu_leakage_w, own_v, c.cpu_voltage.maximum_v, cores * share, c, s.temperature_c);
    others += share;
  }
  const double rest = 1 - others;
  return (c.cpu_uncore_nf * rest + c.cpu_core_nf * s.cpu_activity) * 1e-9 * volts * volts *
             s.cpu_hz +
         leakage(c.cpu_leakage_w, volts, c.cpu_voltage.maximum_v, cores * rest, c,
                 s.temperature_c) +
         idle;
}

double gpu_power(const Constants& c, const PowerState& s) {
  const double volts = voltage_at(c.gpu_voltage, s.gpu_hz, c.gpu_frequencies.back().value(),
                                  s.gpu_governed, c.governor_guard_band);
  const double clocked = s.gpu_busy + c.gpu_idle_share * (1 - s.gpu_busy);
  const double scale = volts / c.gpu_voltage.maximum_v;
  const double gated = s.gpu_gated ? c.gpu_gated_share : 1;
  // Units that a mask leaves out are switched off.
  const double on = c.gpu_unit_share;
  return gated * (c.gpu_clock_nf * on * 1e-9 * clocked * volts * volts * s.gpu_hz +
                  c.gpu_mac_pj * 1e-12 * scale * scale * s.macs_per_s +
                  leakage(c.gpu_leakage_w, volts, c.gpu_voltage.maximum_v, on, c, s.temperature_c));
}

double dla_power(const Constants& c, const PowerState& s) {
  if (s.dla_busy <= 0) return 0;
  const DlaConstants& d = c.dla;
  const double volts = voltage_at(d.voltage, s.dla_hz, d.maximum_hz, false, 0);
  const double scale = volts / d.voltage.maximum_v;
  return d.clock_nf * 1e-9 * s.dla_busy * volts * volts * s.dla_hz +
         d.mac_pj * 1e-12 * scale * scale * s.dla_macs_per_s +
         leakage(d.leakage_w, volts, d.voltage.maximum_v, 1, c, s.temperature_c);
}

}  // namespace

double voltage_at(const VoltageCurve& curve, double f, double highest_f, bool governed,
                  double guard_band) {
  double volts = curve.minimum_v;
  if (f > curve.knee_hz && highest_f > curve.knee_hz)
    volts +=
        (curve.maximum_v - curve.minimum_v) * (f - curve.knee_hz) / (highest_f - curve.knee_hz);
  return governed ? volts * (1 + guard_band) : volts;
}

ComponentPower component_power(const Constants& c, const PowerState& s) {
  ComponentPower power{};
  const double cpu_v = voltage_at(c.cpu_voltage, s.cpu_hz, c.cpu_frequencies.back().value(),
                                  s.cpu_governed, c.governor_guard_band);
  at(power, Component::cpu) = cpu_power(c, s, cpu_v);
  at(power, Component::gpu) = c.has_gpu() ? gpu_power(c, s) : c.graphics_w;
  at(power, Component::memory) =
      c.memory_pj_per_byte * 1e-12 * s.bytes_per_s + c.memory_idle_w * s.memory_share;
  at(power, Component::soc) = c.soc_w - c.memory_idle_w;
  at(power, Component::board) = c.board_w;
  at(power, Component::cv) = c.cv_w + dla_power(c, s);
  return power;
}

double total(const ComponentPower& power) {
  return std::accumulate(power.begin(), power.end(), 0.0);
}

}  // namespace isojoule::twin
