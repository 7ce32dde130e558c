// How a convolution's energy per MAC depends on its number of kernels (output channels).
//
// The publication says that it is multi-modal, the mode set by the number of kernels, with two
// parameters of the hardware. Here: kernels are computed a tile at a time, the last one is padded,
// so that a MAC costs slope x ceil(kernels / tile) x tile / kernels; or, where the runs say so by
// BIC, each range of kernel numbers has a factor of its own.
#pragma once

#include <vector>

#include "predict/work.h"

namespace isojoule::mac {

// Parameters that a bound counts as in BIC: three, as it was searched for (Zhang, Siegmund 2007),
// and one more, because the gain in absolute deviations is larger on normal scatter. Of 200 samples
// of 60 points of mere noise, 6 had ranges with three, 1 with four.
inline constexpr double kBoundPenalty = 4;

struct Modes {
  double tile = 1;
  // Not empty: ranges of kernel numbers, the tile is not used. Range i goes from bounds[i - 1] to
  // below bounds[i]; factors has one more than bounds and begins with 1.
  std::vector<double> bounds, factors;
  double factor(double kernels) const;
};

// Output channels; 0: not known.
double kernels_of(const LayerWork& layer);

// Single convolutions: kernels, and log(cost / MAC), to which one may add a constant.
struct ModePoint {
  double kernels = 0, log_cost = 0;
};
// Ranges with a mean each by dynamic programming on absolute deviations, their number by BIC, at
// most `most`. Of one range or fewer than 8 points: no bounds.
Modes search_ranges(std::vector<ModePoint> points, std::size_t most = 5);

}  // namespace isojoule::mac
