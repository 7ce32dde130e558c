// Plain statistics of a few values: location, spread, quantiles, the two distributions that
// intervals need, and the interval of a mean.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace isojoule {

inline constexpr double kUsualLevel = 0.95;

// Of values; none of these takes an empty list except where it says so.
double mean_of(std::span<const double> values);
// Of one value, divisor n - 1; 0 for fewer than two values.
double deviation_of(std::span<const double> values);
double median_of(std::vector<double> values);
// The median without a copy: the values are left in another order.
double median_in_place(std::span<double> values);
// Linear between the order statistics (type 7 of Hyndman, Fan 1996, "Sample quantiles in
// statistical packages"); `sorted` ascending, 0 <= share <= 1.
double quantile_of(std::span<const double> sorted, double share);

// Standard normal. The quantile is found by halving, exact to the last digits; infinite at 0 and 1.
double normal_cdf(double z);
double normal_quantile(double share);
// Student's t with `freedom` > 0 degrees, which need not be whole and may be infinite. By the
// regularised incomplete beta function, its continued fraction (DLMF 8.17.22).
double student_cdf(double t, double freedom);
double student_quantile(double share, double freedom);

// Fisher's F with two degrees of freedom, both > 0: the probability of a ratio of variances of `f`
// or more, and the ratio with `share` below it (DLMF 8.17.22 again).
double fisher_tail(double f, double numerator_freedom, double denominator_freedom);
double fisher_quantile(double share, double numerator_freedom, double denominator_freedom);
// Chi-square with `freedom` > 0, by the incomplete gamma function: series and continued fraction
// (DLMF 8.7.1, 8.9.2).
double chi_square_cdf(double value, double freedom);
double chi_square_quantile(double share, double freedom);

// What k = 2 covers of a normal distribution: erf(sqrt(2)).
inline constexpr double kCoverage = 0.9544997361036416;
// The t that |T| stays below with this probability (0..1), at so many degrees of freedom: the k
// that makes a standard uncertainty from few readings hold as often as it says (JCGM 100:2008,
// G.3).
inline double student_t(double probability, double freedom) {
  return student_quantile((1 + probability) / 2, freedom);
}

struct Interval {
  double low = 0, high = 0;
  bool contains(double value) const { return low <= value && value <= high; }
};

// An interval, or why there is none.
struct ConfidenceInterval {
  std::optional<Interval> bounds;
  double level = kUsualLevel;
  std::string method;  // "student-t", "bca", "percentile"
  std::string note;    // why there are no bounds, or what was done instead of the usual
};

// Mean +- t(n - 1) x deviation / sqrt(n) (Student 1908; JCGM 100:2008, G.3). Exact for normal
// values, too narrow for skewed ones when they are few. No bounds for fewer than two values, or
// where all are equal: then the spread is hidden by the steps in which they are read.
ConfidenceInterval student_interval(std::span<const double> values, double level = kUsualLevel);

// Degrees of freedom of a sum of independent parts of a variance, each with its own (Welch 1947,
// Satterthwaite 1946; JCGM 100:2008, G.4.1). Parts of infinite freedom are known; infinite where
// nothing is left.
struct VariancePart {
  double variance = 0;
  double freedom = 0;
};
double effective_freedom(std::span<const VariancePart> parts);

}  // namespace isojoule
