// Prediction intervals that were tested: split into groups, predicted from the others, compared.
//
// Normalised conformal prediction (Papadopoulos et al. 2008; Lei et al. 2018, "Distribution-free
// predictive inference for regression"), on the logarithm: the score of a left-out observation is
// |log(measured / predicted)| / s with s = sqrt(log_sd^2 + floor^2). The interval of 90 % is the
// prediction times exp(+- q s). Groups, not runs, are left out, because runs of one network err
// alike; how q comes from the scores of few or many groups stands at calibrated_spread().
#pragma once

#include <cstdint>
#include <span>

#include "trace/statistic.h"  // Interval

namespace isojoule {

// How far the truth may lie from one kind of prediction (a network's energy, a layer's time, ...).
struct ConformalSpread {
  double quantile = 0;    // q; infinite where there is no tested interval
  double floor = 0;       // what is added in quadrature to the predictor's own log_sd
  std::int64_t runs = 0;  // scores that q comes from
  std::int64_t groups = 0;
  Interval around(double value, double log_sd) const;
};

// Of no scores: every interval is from 0 to infinity.
ConformalSpread unknown_spread();

// One prediction of a run by a predictor that had not seen its group.
struct Score {
  int group = 0;         // any numbers
  double log_error = 0;  // log(measured / predicted), finite
  double log_sd = 0;     // as predicted, >= 0
};

// Every group counts the same, however many runs it has. The floor is 1.4826 x the median of
// |log error|, a normal's standard deviation (Hampel 1974): it is of the size of the usual error,
// so that log_sd widens where it says more than that and cannot make an interval vanish. Where the
// errors of 10 groups and more have heavy tails (a few networks that the model knows nothing of),
// the floor is raised until q is a normal's 1.645: a large q would multiply log_sd beyond what it
// says.
//
// q of 10 groups and more (at a coverage of 0.9): the quantile of the scores, each with the mass
// 1/((groups + 1) runs of its group), the rest of the mass at infinity (Lee, Barber and Willett
// 2023, "Distribution-free inference with hierarchical data"); for groups of one run this is the
// ceil((n + 1) 0.9)-th of n. Fewer groups would leave
// nothing but infinity. Then q is the root mean square of the scores times Student's t with as many
// degrees of freedom as there are groups: their mean squares are what may be taken for drawn alike
// and independently. (Welch's and Satterthwaite's degrees, from the parts of the variance between
// and within groups, are more only by trusting an estimate of the part between three groups.)
//
// Of fewer than 2 groups: unknown_spread().
ConformalSpread calibrated_spread(std::span<const Score> scores, double coverage);

}  // namespace isojoule
