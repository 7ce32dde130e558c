// hwmon devices that are no INA3221: temperatures, a power meter, an alarm.
//
// Source of names and units: Documentation/hwmon/sysfs-interface.rst. The power meter is as
// drivers/hwmon/ina2xx.c shows an INA219: power1_input in microwatts, curr1_input in milliamperes,
// in1_input in millivolts, each the mean of the chip's last conversion.
#pragma once

#include "base/memory_tree.h"
#include "twin/constants.h"
#include "twin/machine_shape.h"
#include "twin/simulation.h"

namespace isojoule::twin {

// The nodes hold a reference to the simulation. Errors: invalid (a rail or zone that the constants
// lack).
Status add_hwmon(MemoryTree& tree, const HwmonShape& shape, const Constants& constants,
                 const Simulation& simulation, int number);

}  // namespace isojoule::twin
