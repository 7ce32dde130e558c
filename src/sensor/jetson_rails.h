// What the labels of a Jetson's power chips say of the rails, where no board file does. Two sources
// show the same labels: the chips themselves (ina3221) and NVIDIA's tool (tegrastats).
#pragma once

#include <string>
#include <vector>

#include "sensor/sensor.h"

namespace isojoule::jetson {

// The shunt of the modules with a 5 V input (Nano, TX2 NX, Xavier NX, Orin Nano, Orin NX; device
// trees of L4T). Assumed where neither the driver nor a board file says it: it decides how fine the
// reading is and how uncertain, not the reading.
inline constexpr double kAssumedShunt_ohm = 5e-3;

// VDD_IN, POM_5V_IN: processor, memory and their regulators, not the carrier board.
bool is_module_input(const std::string& rail);

// The rail of `all` that feeds `rail`, by the names alone: the module's input feeds every other
// rail but those of the carrier board. "" at the root, and where it is not known.
std::string parent_of(const std::string& rail, const std::vector<std::string>& all);

// Rails that stand beside each other on a module without an input rail (AGX Xavier, AGX Orin) can
// be added up; of other labels nobody knows whether one feeds another.
Overlap overlap_of(const std::vector<std::string>& all);

}  // namespace isojoule::jetson
