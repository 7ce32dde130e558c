// Values that do not belong to the others. They are named, never dropped.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace isojoule {

struct Outlier {
  std::size_t place = 0;  // in the list of values
  double score = 0;       // distance from the median in robust standard deviations
};

struct Outliers {
  std::vector<Outlier> found;  // by place
  std::string why_not_sought;  // "" where they were
};

// A value is an outlier when its distance from the median is more than outlier_threshold() times
// 1.4826 x MAD, the median absolute deviation (Hampel 1974, "The influence curve and its role in
// robust estimation", JASA 69; Iglewicz, Hoaglin 1993, "How to detect and handle outliers"). Up to
// half of the values may be outliers without hiding each other. `own_uncertainty` (k = 1, of one
// value) is the least that a standard deviation is taken for: what the reading itself may be wrong
// by makes no outlier.
//
// Not sought, and said, among fewer than five values, and where more than half are equal.
Outliers find_outliers(std::span<const double> values, double own_uncertainty = 0);

// Such that in one of a hundred lists of `count` >= 5 normal values any is named. The usual 3.5
// names one in every fifth list of five and in every eighth of ten,
// Tukey's fences in every third, since the spread of few values is badly known.
double outlier_threshold(std::size_t count);

}  // namespace isojoule
