// The program `vcgencmd` of a Raspberry Pi, as far as power and throttling go: pmic_read_adc,
// get_throttled, measure_temp, measure_clock arm, measure_volts.
//
// Texts: a real Pi 5's output of pmic_read_adc (names right-aligned, current lines first, indices
// that do not pair up); get_throttled's bits as the firmware's documentation lists them: 2 and 3
// now, 18 and 19 since the start (throttled, soft temperature limit). A conversion is instantaneous
// and the call takes no time: both assumed. The rails' power is their share of the simulation's,
// rounded to the converter's steps.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/memory_tree.h"
#include "twin/constants.h"
#include "twin/machine_shape.h"
#include "twin/simulation.h"

namespace isojoule::twin {

class Vcgencmd {
 public:
  // Adds the program, which holds a reference to the result. Errors: invalid (a rail that the
  // constants lack).
  static Result<std::unique_ptr<Vcgencmd>> make(MemoryTree& tree, const MachineShape& shape,
                                                const Constants& constants,
                                                const Simulation& simulation);
  Vcgencmd(const Vcgencmd&) = delete;
  Vcgencmd& operator=(const Vcgencmd&) = delete;

 private:
  struct Rail {
    PmicShape shape;
    std::size_t index;  // of the constants' rails
  };
  Vcgencmd(const MachineShape& shape, const Constants& constants, const Simulation& simulation);
  Result<std::string> run(const std::vector<std::string>& command) const;
  Result<std::string> read_adc(const std::vector<std::string>& wanted) const;
  std::string throttled() const;
  double volts(const Rail& rail) const;
  double amperes(const Rail& rail) const;

  VcgencmdShape shape_;
  const Simulation& simulation_;
  double trip_c_;
  std::vector<Rail> rails_;
};

}  // namespace isojoule::twin
