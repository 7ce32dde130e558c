// Bootstrap intervals of any statistic: values are drawn again from those that were measured, with
// replacement, and the spread of the statistic over such draws stands for its uncertainty.
//
// BCa, bias-corrected and accelerated (Efron 1987, "Better bootstrap confidence intervals", JASA
// 82; Efron, Tibshirani 1993, "An introduction to the bootstrap", chapter 14): of the sorted
// statistics of the draws those at the shares
//   F(z0 + (z0 + z) / (1 - a (z0 + z))),  z the normal quantiles of (1 -+ level) / 2,
// are the bounds. The bias z0 is the normal quantile of the share of draws below the statistic of
// what was measured (a draw that equals it counts half, since medians tie); the acceleration a is
// from the jackknife, sum(d^3) / (6 sum(d^2)^1.5) with d the distance of each statistic without one
// value from their mean.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "trace/statistic.h"

namespace isojoule {

struct BootstrapOptions {
  double level = kUsualLevel;
  std::size_t resamples = 2000;  // Efron, Tibshirani 14.3: at least 1000
  std::uint64_t seed = 1;        // the same seed gives the same interval on every platform
};

// Of a list of values that it may reorder.
using Statistic = std::function<double(std::span<double>)>;
// Of the items with these places, each as often as its place is there.
using IndexStatistic = std::function<double(std::span<const std::size_t>)>;

// How many values an interval of this level needs. The median of n values lies outside of all of
// them with the probability 2^(1-n), and no draw leaves their range; so at 95 % it takes 6.
std::size_t least_count(double level);

// No bounds, and the reason, for fewer values than least_count(), and where every draw gives the
// same statistic. Plain percentiles of the draws, and a note, where the correction is infinite: all
// draws lie on one side, or the acceleration folds the scale over.
ConfidenceInterval bca_interval(std::span<const double> values, const Statistic& statistic,
                                const BootstrapOptions& options = {});
// The same for what has several values an item, as pairs.
ConfidenceInterval bca_interval(std::size_t count, const IndexStatistic& statistic,
                                const BootstrapOptions& options = {});

ConfidenceInterval bca_interval_of_median(std::span<const double> values,
                                          const BootstrapOptions& options = {});

}  // namespace isojoule
