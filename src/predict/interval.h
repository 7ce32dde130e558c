// Prediction intervals that were tested: split into groups, predicted from the others, compared.
//
// Normalised conformal prediction (Papadopoulos et al. 2008; Lei et al. 2018, "Distribution-free
// predictive inference for regression"), on the logarithm: the score of a left-out observation is
// |log(measured / predicted)| / s with s = sqrt(log_sd^2 + floor^2). The interval of 90 % is the
// prediction times exp(+- q s), q the 90 % quantile of the scores with the correction for their
// number. Groups, not runs, are left out, because runs of one network err alike.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "trace/statistic.h"  // Interval

namespace isojoule {

// How far the truth may lie from one kind of prediction (a network's energy, a layer's time, ...).
struct Spread {
  double quantile = 0;    // q
  double floor = 0;       // what is added in quadrature to the predictor's own log_sd
  std::int64_t runs = 0;  // scores that q comes from
  std::int64_t groups = 0;
  Interval around(double value, double log_sd) const;
};

}  // namespace isojoule
