// A laptop's battery and its mains adapter in /sys/class/power_supply, as the ACPI driver shows
// them.
//
// Sources: Documentation/ABI/testing/sysfs-class-power (names, units), drivers/acpi/battery.c
// (current_now: negative while discharging since commit 234f7155 of 2025, without a sign before;
// `signed` of the tree). The pack is an open-circuit voltage that is linear in the charge behind
// one resistance; its gauge shows means over its update period. Charging is at constant power up to
// full. On mains the machine's power does not come from the battery.
#pragma once

#include <string>

#include "base/memory_tree.h"
#include "twin/machine_shape.h"
#include "twin/simulation.h"

namespace isojoule::twin {

// Its nodes hold references to it and to the simulation.
class Battery {
 public:
  // `rail`: index into the constants' rails of what the machine draws.
  Battery(MemoryTree& tree, const BatteryShape& shape, std::size_t rail,
          const Simulation& simulation);
  Battery(const Battery&) = delete;
  Battery& operator=(const Battery&) = delete;

  // Charge and adapter as the tree says.
  void begin_run();
  // The adapter is plugged in or out now.
  void plug(bool in);

  struct State {
    std::string status;  // "Charging", "Discharging", "Full"
    double charge = 0;   // 0..1
    double volts = 0;    // at the terminals
    double amperes = 0;  // of the cells, never negative
  };
  State state() const;  // as of the gauge's last update

 private:
  void add_battery(MemoryTree& tree);
  void add_adapter(MemoryTree& tree);
  double energy_wh() const;  // of a full pack
  double charge_at(Instant t) const;
  double drawn_j(Instant t) const;
  Instant updated() const;
  double open_circuit_v(double charge) const;

  const BatteryShape shape_;
  std::size_t rail_;
  const Simulation& simulation_;
  bool plugged_ = false;
  Instant since_;       // of the adapter's present state
  double charge_ = 0;   // then
  double drawn_j_ = 0;  // rail's energy then
};

}  // namespace isojoule::twin
