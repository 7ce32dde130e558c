#include "trace/statistic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace isojoule {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

// The continued fraction of the incomplete beta function, by Lentz's method (DLMF 3.10(iii)).
double beta_fraction(double x, double a, double b) {
  constexpr double kTiny = 1e-300;
  const auto away = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1, d = 1 / away(1 - (a + b) * x / (a + 1)), value = d;
  for (int m = 1; m < 10'000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    value *= c * d;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    value *= c * d;
    if (std::abs(c * d - 1) < 1e-15) break;
  }
  return value;
}

// std::lgamma writes a global, which threads must not.
double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

double regularised_beta(double x, double a, double b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * std::log(x) +
                                b * std::log1p(-x));
  return x < (a + 1) / (a + b + 2) ? front * beta_fraction(x, a, b) / a
                                   : 1 - front * beta_fraction(1 - x, b, a) / b;
}

// Below the mean the series converges fast, above it the continued fraction of what is left.
double regularised_gamma(double a, double x) {
  if (x <= 0) return 0;
  const double front = std::exp(a * std::log(x) - x - log_gamma(a));
  constexpr int kMost = 100'000;
  if (x < a + 1) {
    double term = 1 / a, sum = term;
    for (int n = 1; n < kMost && term > sum * 1e-16; ++n) sum += term *= x / (a + n);
    return front * sum;
  }
  constexpr double kTiny = 1e-300;
  double b = x + 1 - a, c = 1 / kTiny, d = 1 / b, value = d;
  for (int n = 1; n < kMost; ++n) {
    const double part = n * (a - n);
    b += 2;
    d = 1 / (part * d + b);
    c = b + part / c;
    value *= c * d;
    if (std::abs(c * d - 1) < 1e-15) break;
  }
  return 1 - front * value;
}

// The place where a rising function has the value `share`, from an interval that holds it.
template <typename Cdf>
double inverse(Cdf cdf, double share, double low, double high) {
  for (int i = 0; i < 200; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    (cdf(middle) < share ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

}  // namespace

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double deviation_of(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double middle = mean_of(values);
  double square = 0;
  for (const double value : values) square += (value - middle) * (value - middle);
  return std::sqrt(square / static_cast<double>(values.size() - 1));
}

double median_in_place(std::span<double> values) {
  const auto upper = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), upper, values.end());
  if (values.size() % 2 == 1) return *upper;
  return (*std::max_element(values.begin(), upper) + *upper) / 2;
}

double median_of(std::vector<double> values) { return median_in_place(values); }

double quantile_of(std::span<const double> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(std::max(0.0, place)), sorted.size() - 1);
  if (below + 1 >= sorted.size()) return sorted[below];
  const double part = place - static_cast<double>(below);
  return part <= 0 ? sorted[below] : sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

double normal_cdf(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }

double normal_quantile(double share) {
  if (share <= 0) return -kInfinite;
  if (share >= 1) return kInfinite;
  // In the lower half, where erfc keeps its digits.
  return share > 0.5 ? -inverse(normal_cdf, 1 - share, -40, 0) : inverse(normal_cdf, share, -40, 0);
}

double student_cdf(double t, double freedom) {
  if (!std::isfinite(freedom)) return normal_cdf(t);
  const double tail = regularised_beta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2;
  return t > 0 ? 1 - tail : tail;
}

double student_quantile(double share, double freedom) {
  if (share <= 0) return -kInfinite;
  if (share >= 1) return kInfinite;
  if (share > 0.5) return -student_quantile(1 - share, freedom);
  const auto cdf = [freedom](double t) { return student_cdf(t, freedom); };
  double low = -1;
  while (cdf(low) > share) low *= 2;
  return inverse(cdf, share, low, 0);
}

double fisher_tail(double f, double numerator_freedom, double denominator_freedom) {
  if (!(f > 0)) return 1;
  const double share = denominator_freedom / (denominator_freedom + numerator_freedom * f);
  return regularised_beta(share, denominator_freedom / 2, numerator_freedom / 2);
}

double fisher_quantile(double share, double numerator_freedom, double denominator_freedom) {
  if (share <= 0) return 0;
  if (share >= 1) return kInfinite;
  const auto cdf = [&](double f) {
    return 1 - fisher_tail(f, numerator_freedom, denominator_freedom);
  };
  double high = 1;
  while (cdf(high) < share && high < 1e300) high *= 2;
  return inverse(cdf, share, 0, high);
}

double chi_square_cdf(double value, double freedom) {
  return regularised_gamma(freedom / 2, value / 2);
}

double chi_square_quantile(double share, double freedom) {
  if (share <= 0) return 0;
  if (share >= 1) return kInfinite;
  const auto cdf = [freedom](double value) { return chi_square_cdf(value, freedom); };
  double high = std::max(1.0, freedom);
  while (cdf(high) < share) high *= 2;
  return inverse(cdf, share, 0, high);
}

ConfidenceInterval student_interval(std::span<const double> values, double level) {
  ConfidenceInterval result{{}, level, "student-t", ""};
  const double deviation = deviation_of(values);
  if (values.size() < 2) {
    result.note = "a single value says nothing of the spread";
  } else if (deviation == 0) {
    result.note = fmt::format("all {} values are equal: their spread is below what can be read",
                              values.size());
  } else {
    const double n = static_cast<double>(values.size());
    const double half = student_quantile((1 + level) / 2, n - 1) * deviation / std::sqrt(n);
    result.bounds = Interval{mean_of(values) - half, mean_of(values) + half};
  }
  return result;
}

double effective_freedom(std::span<const VariancePart> parts) {
  double variance = 0, weighted = 0;
  for (const VariancePart& part : parts) {
    variance += part.variance;
    if (std::isfinite(part.freedom)) weighted += part.variance * part.variance / part.freedom;
  }
  return weighted > 0 ? variance * variance / weighted : kInfinite;
}

}  // namespace isojoule
