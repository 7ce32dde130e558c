// Several energies made one: repeats of a phase, or phases of one run, with what the uncertainty of
// each cause then is.
//
// Every repeat is read by the same chip: what its gain, its offset and its calibration are wrong by
// is the same each time, so these parts of the mean are the mean of the parts, however many repeats
// there are (JCGM 100:2008, 4.2.7 and 5.2.4). Where the readings fall in the phase is drawn
// anew each time: quantisation, sampling, edges and gaps add up as squares, and fall with the root
// of the repeats.
//
// The spread of n repeats, s / sqrt(n), is a type A evaluation (4.2.3) of all that changes between
// them: those random causes and the board itself. It is not added to them. Where it is larger, what
// it is larger by is the cause "repeats"; where it is smaller, the budget of the readings stands.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "data/run.h"

namespace isojoule {

// The cause that only repeats have.
inline constexpr const char* kRepeats = "repeats";
// Whether what one repeat is wrong by is what all are wrong by. A cause that is not known is.
bool is_common_to_repeats(std::string_view cause);

struct Joined {
  // The mean, with its uncertainty (k = 1) and budget; absent with the first reason where no repeat
  // has a value. Phase and rail are the first's, the duration is the mean.
  PhaseEnergy mean;
  std::int64_t count = 0;  // repeats with a value
  double deviation_j = 0;  // of one repeat; 0 where there is one
  double common_j = 0;     // of the uncertainty: what further repeats do not lessen
  double random_j = 0;     // and what they do
  // Effective degrees of freedom of the whole (Welch-Satterthwaite, JCGM 100:2008 G.4.1): infinite
  // where the spread decides nothing.
  double degrees = 0;
  // What the uncertainty is multiplied by to cover what k = 2 covers of a normal distribution:
  // Student's t for `degrees`, 2 or more.
  double coverage_factor() const;
  double expanded_j() const;  // 0 where there is no value
};

// Repeats of one phase on one rail.
Joined join_repeats(std::span<const PhaseEnergy> repeats);

// The energy (and all its parts) of one of `count` equal shares: per inference, per second.
PhaseEnergy shared(PhaseEnergy energy, double count);

// A further phase of the same run, with a value, added to the sum. Only gross and budget.
void add_phase(PhaseEnergy& sum, const PhaseEnergy& phase);

}  // namespace isojoule
