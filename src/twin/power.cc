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
  const double gpu_v = voltage_at(c.gpu_voltage, s.gpu_hz, c.gpu_frequencies.back().value(),
                                  s.gpu_governed, c.governor_guard_band);
  const double cores = static_cast<double>(s.online_cores) / c.cores;
  at(power, Component::cpu) =
      (c.cpu_uncore_nf + c.cpu_core_nf * s.cpu_activity) * 1e-9 * cpu_v * cpu_v * s.cpu_hz +
      leakage(c.cpu_leakage_w, cpu_v, c.cpu_voltage.maximum_v, cores, c, s.temperature_c);
  const double clocked = s.gpu_busy + c.gpu_idle_share * (1 - s.gpu_busy);
  const double scale = gpu_v / c.gpu_voltage.maximum_v;
  at(power, Component::gpu) =
      c.gpu_clock_nf * 1e-9 * clocked * gpu_v * gpu_v * s.gpu_hz +
      c.gpu_mac_pj * 1e-12 * scale * scale * s.macs_per_s +
      leakage(c.gpu_leakage_w, gpu_v, c.gpu_voltage.maximum_v, 1, c, s.temperature_c);
  at(power, Component::memory) = c.memory_pj_per_byte * 1e-12 * s.bytes_per_s;
  at(power, Component::soc) = c.soc_w;
  at(power, Component::board) = c.board_w;
  return power;
}

double total(const ComponentPower& power) {
  return std::accumulate(power.begin(), power.end(), 0.0);
}

}  // namespace isojoule::twin
