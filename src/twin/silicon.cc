#include "twin/silicon.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace isojoule::twin {
namespace {

// One that is drawn for the piece, so that a further one does not shift the others.
double draw(std::uint64_t number, std::string_view what) {
  Random random(seed_for(seed_of_silicon(number), what));
  for (;;)
    if (const double one = random.normal(); std::abs(one) <= kSiliconCut) return one;
}

double mixed_draw(double common, double own, double correlation) {
  return correlation * common + std::sqrt(1 - correlation * correlation) * own;
}

struct CommonDraws {
  double speed = 0, capacitance = 0;
};

DieDeviation deviation_of(std::uint64_t number, const std::string& part,
                          const CommonDraws& common) {
  const double speed = mixed_draw(common.speed, draw(number, part + " speed"), kSpeedCorrelation);
  DieDeviation out;
  out.voltage = kVoltagePerSpeed * kSpeedSpread * speed;
  out.leakage = std::exp(kLeakageSpread *
                         mixed_draw(speed, draw(number, part + " leakage"), kLeakageCorrelation));
  // Half of the variance is common: each pair of parts then correlates by as much.
  out.capacitance =
      1 + kCapacitanceSpread * mixed_draw(common.capacitance, draw(number, part + " capacitance"),
                                          std::sqrt(kCapacitanceCorrelation));
  return out;
}

// A slower die needs the same more at every clock above the floor, so it leaves the floor at a
// lower clock. The change of the supply at the highest clock, as a factor.
double shift_voltage(VoltageCurve& curve, double highest_hz, double relative) {
  const double before = curve.maximum_v;
  const double rise = curve.maximum_v - curve.minimum_v;
  const double span = highest_hz - curve.knee_hz;
  if (rise <= 0 || span <= 0) return 1;
  const double by = std::round(relative * before / kVoltageStepV) * kVoltageStepV;
  const double slope = rise / span;
  curve.maximum_v = std::max(before + by, curve.minimum_v);
  curve.knee_hz = std::min(curve.knee_hz - by / slope, highest_hz);
  if (curve.knee_hz < 0) {  // no clock is on the floor
    curve.minimum_v = curve.maximum_v - slope * highest_hz;
    curve.knee_hz = 0;
  }
  return curve.maximum_v / before;
}

// Energies and leakages of the file hold at the nominal supply.
void scale(double& at_maximum_v, double factor, double volts, double exponent) {
  at_maximum_v *= factor * std::pow(volts, exponent);
}

void apply_cpu(const DieDeviation& cpu, Constants& c) {
  const double volts = shift_voltage(c.cpu_voltage, c.cpu_frequencies.back().value(), cpu.voltage);
  c.cpu_core_nf *= cpu.capacitance;
  c.cpu_uncore_nf *= cpu.capacitance;
  scale(c.cpu_leakage_w, cpu.leakage, volts, c.voltage_leakage_exponent);
}

void apply_gpu(const DieDeviation& gpu, Constants& c) {
  if (!c.has_gpu()) return;
  const double volts = shift_voltage(c.gpu_voltage, c.gpu_frequencies.back().value(), gpu.voltage);
  c.gpu_clock_nf *= gpu.capacitance;
  scale(c.gpu_mac_pj, gpu.capacitance, volts, 2);
  scale(c.gpu_leakage_w, gpu.leakage, volts, c.voltage_leakage_exponent);
}

void apply_dla(const DieDeviation& soc, Constants& c) {
  if (!c.has_dla()) return;
  DlaConstants& dla = c.dla;
  const double volts = shift_voltage(dla.voltage, dla.maximum_hz, soc.voltage);
  dla.clock_nf *= soc.capacitance;
  scale(dla.mac_pj, soc.capacitance, volts, 2);
  scale(dla.leakage_w, soc.leakage, volts, c.voltage_leakage_exponent);
}

}  // namespace

std::uint64_t seed_of_silicon(std::uint64_t number) { return seed_for(number, "silicon"); }

std::string serial_of_silicon(std::uint64_t number) {
  return fmt::format("142{:010}", seed_for(number, "serial number") % 10'000'000'000ULL);
}

Silicon silicon_of(std::uint64_t number) {
  if (number == 0) return {};
  const CommonDraws common{draw(number, "speed"), draw(number, "capacitance")};
  Silicon out;
  out.cpu = deviation_of(number, "cpu", common);
  out.gpu = deviation_of(number, "gpu", common);
  out.soc = deviation_of(number, "soc", common);
  out.soc.capacitance = 1 + kSocSpread * draw(number, "soc");
  out.memory = 1 + kMemorySpread * draw(number, "memory");
  out.board = 1 + kBoardSpread * draw(number, "board");
  out.ambient_k = kAmbientSpreadK * draw(number, "ambient");
  return out;
}

void apply(const Silicon& silicon, Constants& constants) {
  Constants& c = constants;
  apply_cpu(silicon.cpu, c);
  apply_gpu(silicon.gpu, c);
  apply_dla(silicon.soc, c);
  // The clocked memory's power is part of the SoC's in the file.
  const double soc_w = c.soc_w - c.memory_idle_w;
  c.memory_idle_w *= silicon.memory;
  c.soc_w = soc_w * silicon.soc.capacitance + c.memory_idle_w;
  c.memory_pj_per_byte *= silicon.memory;
  c.cv_w *= silicon.soc.capacitance;
  c.graphics_w *= silicon.soc.capacitance;
  c.board_w *= silicon.board;
  c.ambient_c += silicon.ambient_k;
}

}  // namespace isojoule::twin
