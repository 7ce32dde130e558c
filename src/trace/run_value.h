// One figure of a run, with the parts of its uncertainty that behave differently when runs are
// averaged or compared.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "data/run.h"

namespace isojoule {

enum class RunQuantity : std::uint8_t { energy, net_energy, latency, power };
std::string_view name_of(RunQuantity quantity);  // "net_energy"
std::optional<RunQuantity> quantity_named(std::string_view name);
std::string_view unit_of(RunQuantity quantity);  // "J", "s", "W"

// Of the inference phase, the module's total. Standard uncertainties (k = 1), in the unit of the
// value.
struct RunValue {
  double value = 0;
  // The same error in every run of one board: it does not average out. Gain is a factor.
  double gain = 0, offset = 0, calibration = 0;
  double random = 0;  // quantisation, sampling, edges, gaps: another error in every run
};

// Energies are joules of the whole phase, latency its seconds, power its mean. Of net energy the
// offset drops out (the idle power has the same) and the gain acts on what is left. Absent where
// the run is not complete or has no such value; `why_absent` then says why, if it is given.
std::optional<RunValue> value_of(const Run& run, RunQuantity quantity,
                                 std::string* why_absent = nullptr);

RunValue scaled(const RunValue& value, double factor);

}  // namespace isojoule
