#include "twin/power.h"

#include <gtest/gtest.h>

namespace isojoule::twin {
namespace {

TEST(Voltage, IsFlatToTheKneeThenLinearAndGuarded) {
  const VoltageCurve curve{0.8, 1.0, 500e6};
  EXPECT_DOUBLE_EQ(voltage_at(curve, 100e6, 1e9, false, 0.02), 0.8);
  EXPECT_DOUBLE_EQ(voltage_at(curve, 500e6, 1e9, false, 0.02), 0.8);
  EXPECT_DOUBLE_EQ(voltage_at(curve, 750e6, 1e9, false, 0.02), 0.9);
  EXPECT_DOUBLE_EQ(voltage_at(curve, 1e9, 1e9, false, 0.02), 1.0);
  EXPECT_DOUBLE_EQ(voltage_at(curve, 1e9, 1e9, true, 0.02), 1.02);
}

TEST(Power, IsTheSumOfItsTerms) {
  Constants c;
  c.cpu_frequencies = c.gpu_frequencies = {Hertz(1e9)};
  c.cpu_voltage = c.gpu_voltage = {1.0, 1.0, 0};
  c.cpu_core_nf = 0.5;
  c.cpu_uncore_nf = 0.1;
  c.cpu_leakage_w = 0.4;
  c.gpu_clock_nf = 2;
  c.gpu_idle_share = 0.25;
  c.gpu_mac_pj = 10;
  c.gpu_leakage_w = 0.3;
  c.memory_pj_per_byte = 100;
  c.soc_w = 0.7;
  c.board_w = 0.9;
  c.cores = 4;
  PowerState s{1e9, 1e9, false, false, 2, 0.5, 0.6, 50e9, 5e9, c.reference_c};
  const ComponentPower power = component_power(c, s);
  auto of = [&](Component component) { return power[static_cast<std::size_t>(component)]; };
  EXPECT_NEAR(of(Component::cpu), 0.1 + 0.5 * 0.5 + 0.4 * 0.5, 1e-12);  // two of four cores leak
  EXPECT_NEAR(of(Component::gpu), 2 * (0.6 + 0.25 * 0.4) + 0.5 + 0.3, 1e-12);
  EXPECT_NEAR(of(Component::memory), 0.5, 1e-12);
  EXPECT_NEAR(total(power), of(Component::cpu) + of(Component::gpu) + 0.5 + 0.7 + 0.9, 1e-12);
  s.temperature_c += 10;
  EXPECT_NEAR(total(component_power(c, s)) - total(power), 0.5 * 10 * c.leakage_per_k, 1e-12);
}

}  // namespace
}  // namespace isojoule::twin
