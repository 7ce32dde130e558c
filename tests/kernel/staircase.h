// A known course of power: a process of its own sets the chip's registers level by level, and says
// between which instants each level stood.
#pragma once

#include <vector>

#include "base/quantity.h"
#include "stub_chip.h"

namespace isojoule::kernel_test {

struct Step {
  Level level;
  int milliseconds = 0;
};

struct Played {
  Instant begin, end;          // of the whole, at rest on both sides
  double energy_j = 0;         // between them
  double uncertainty_j = 0;    // largest error: while a level is being written it may be either
  double highest_power_w = 0;  // to see that something moved
};

// Plays the steps on channel 0, whose shunt has this resistance, in a child process, and waits for
// its end. The levels before and after are `rest`.
Result<Played> play(int bus, const Level& rest, const std::vector<Step>& steps, double shunt_ohm);

}  // namespace isojoule::kernel_test
