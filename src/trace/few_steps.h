// Shares of time at each value of what was watched, as few as a table or a picture can hold.
#pragma once

#include <cstddef>
#include <map>

namespace isojoule {

// A clock that is set has some tens of steps; one that is counted, or a count of memory cycles, is
// another one at every reading.
inline constexpr std::size_t kMostSteps = 64, kStepBins = 20;

// The same where there are at most 64 values; otherwise the least and the most as they are, and
// what lies between in 20 bins of equal width, each at its mean weighted by time. So the mean over
// all and the span stay what they were. Values that are no finite number make it empty.
std::map<double, double> few_steps(std::map<double, double> shares);

}  // namespace isojoule
