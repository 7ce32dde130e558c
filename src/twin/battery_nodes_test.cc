#include <gmock/gmock.h>

#include <string>

#include "twin/test_machine.h"

namespace isojoule::twin {
namespace {

constexpr char kBattery[] = "/sys/class/power_supply/BAT0/";

TEST(Battery, ItDischargesWithTheMachinesPower) {
  Machine machine("generic-linux", "acpi-cpufreq");
  EXPECT_EQ(machine.read(std::string(kBattery) + "status"), "Discharging\n");
  EXPECT_EQ(machine.read("/sys/class/power_supply/AC/online"), "0\n");
  const auto power = [&machine] {
    return 1e-12 * static_cast<double>(machine.integer(std::string(kBattery) + "voltage_now")) *
           static_cast<double>(machine.integer(std::string(kBattery) + "current_now"));
  };
  EXPECT_NEAR(power(), machine.watts("MACHINE"), 0.02 * power());
  const std::int64_t volts = machine.integer(std::string(kBattery) + "voltage_now");
  const std::int64_t charge = machine.integer(std::string(kBattery) + "charge_now");
  EXPECT_NEAR(static_cast<double>(charge), 0.8 * 4.4e6, 1e3);
  machine.load();
  EXPECT_NEAR(power(), machine.watts("MACHINE"), 0.02 * power());
  EXPECT_LT(machine.integer(std::string(kBattery) + "voltage_now"), volts);
  const std::int64_t loaded = machine.integer(std::string(kBattery) + "charge_now");
  EXPECT_LT(loaded, charge);
  machine.advance(60);
  const double hours = 60.0 / 3600;
  const double drawn_ah = machine.watts("MACHINE") * hours / 11.4;
  EXPECT_NEAR(static_cast<double>(loaded - machine.integer(std::string(kBattery) + "charge_now")),
              drawn_ah * 1e6, 0.05 * drawn_ah * 1e6);
}

TEST(Battery, TheGaugeKeepsItsValueForASecond) {
  Machine machine("generic-linux", "acpi-cpufreq");
  machine.load();
  machine.advance(0.6);  // just behind an update
  const std::int64_t before = machine.integer(std::string(kBattery) + "charge_now");
  machine.advance(0.5);
  EXPECT_EQ(machine.integer(std::string(kBattery) + "charge_now"), before);
  machine.advance(2);
  EXPECT_LT(machine.integer(std::string(kBattery) + "charge_now"), before);
}

TEST(Battery, OnMainsItChargesToFullAndTheSignIsTheReleases) {
  Machine machine("generic-linux", "pstate");
  const std::string current = std::string(kBattery) + "current_now";
  EXPECT_LT(machine.integer(current), 0);
  EXPECT_GT(Machine("generic-linux", "acpi-cpufreq").integer(current), 0);
  (*machine.made)->battery()->plug(true);
  machine.advance(4);
  EXPECT_EQ(machine.read("/sys/class/power_supply/AC/online"), "1\n");
  EXPECT_EQ(machine.read(std::string(kBattery) + "status"), "Charging\n");
  EXPECT_GT(machine.integer(current), 2'000'000);
  const std::int64_t charge = machine.integer(std::string(kBattery) + "charge_now");
  machine.advance(60);
  EXPECT_GT(machine.integer(std::string(kBattery) + "charge_now"), charge);
  machine.advance(3600);
  EXPECT_EQ(machine.read(std::string(kBattery) + "status"), "Full\n");
  EXPECT_EQ(machine.integer(current), 0);
  EXPECT_EQ(machine.read(std::string(kBattery) + "capacity"), "100\n");
  (*machine.made)->battery()->plug(false);
  machine.advance(4);
  EXPECT_EQ(machine.read(std::string(kBattery) + "status"), "Discharging\n");
  EXPECT_LT(machine.integer(current), 0);
}

}  // namespace
}  // namespace isojoule::twin
