#include "trace/bootstrap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"

namespace isojoule {
namespace {

// Normal quantile of the share of draws below the statistic; draws that equal it count half.
double bias_of(std::span<const double> sorted, double statistic) {
  const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), statistic);
  const double twice = static_cast<double>((first - sorted.begin()) + (last - sorted.begin()));
  return normal_quantile(twice / (2 * static_cast<double>(sorted.size())));
}

double acceleration_of(std::span<const double> without_one) {
  const double middle = mean_of(without_one);
  double cube = 0, square = 0;
  for (const double value : without_one) {
    const double d = middle - value;
    cube += d * d * d;
    square += d * d;
  }
  return square > 0 ? cube / (6 * std::pow(square, 1.5)) : 0;
}

// The share of the draws that stands for the normal quantile z; absent where it is infinite.
std::optional<double> corrected(double z, double bias, double acceleration) {
  const double scale = 1 - acceleration * (bias + z);
  if (!std::isfinite(bias) || !(scale > 0)) return std::nullopt;
  return normal_cdf(bias + (bias + z) / scale);
}

ConfidenceInterval interval_of(std::vector<double> draws, std::span<const double> without_one,
                               double statistic, double level) {
  std::sort(draws.begin(), draws.end());
  ConfidenceInterval result{{}, level, "bca", ""};
  if (draws.front() == draws.back()) {
    result.note = "every draw gives the same: the values are equal, or nearly all of them";
    return result;
  }
  const double bias = bias_of(draws, statistic), acceleration = acceleration_of(without_one);
  const double tail = (1 - level) / 2;
  auto low = corrected(normal_quantile(tail), bias, acceleration);
  auto high = corrected(normal_quantile(1 - tail), bias, acceleration);
  if (!low || !high) {
    result.method = "percentile";
    result.note = std::isfinite(bias)
                      ? "the values are so skewed that BCa's correction is infinite: percentiles"
                      : "every draw lies on one side, so BCa's correction is infinite: percentiles";
    low = tail;
    high = 1 - tail;
  }
  result.bounds = Interval{quantile_of(draws, *low), quantile_of(draws, *high)};
  return result;
}

// `of_draw(pick)`: the statistic of the items pick(0) .. pick(size - 1).
template <typename OfPlaces>
ConfidenceInterval bootstrap(std::size_t count, OfPlaces of_places,
                             const BootstrapOptions& options) {
  if (const std::size_t least = least_count(options.level); count < least)
    return {{},
            options.level,
            "bca",
            fmt::format("{} value{}: a bootstrap interval of {:.4g} % takes at least {}", count,
                        count == 1 ? "" : "s", 100 * options.level, least)};
  std::vector<std::size_t> places(count);
  std::iota(places.begin(), places.end(), std::size_t{0});
  const double statistic = of_places(places);
  std::vector<double> without_one;
  for (std::size_t left_out = 0; left_out < count; ++left_out) {
    std::vector<std::size_t> rest;
    for (std::size_t i = 0; i < count; ++i)
      if (i != left_out) rest.push_back(i);
    without_one.push_back(of_places(rest));
  }
  Random random(options.seed);
  std::vector<double> draws(std::max<std::size_t>(options.resamples, 1));
  for (double& draw : draws) {
    for (std::size_t& place : places) place = random.below(count);
    draw = of_places(places);
  }
  return interval_of(std::move(draws), without_one, statistic, options.level);
}

}  // namespace

std::size_t least_count(double level) {
  return static_cast<std::size_t>(std::ceil(std::log2(2 / (1 - level)) - 1e-9));
}

ConfidenceInterval bca_interval(std::span<const double> values, const Statistic& statistic,
                                const BootstrapOptions& options) {
  std::vector<double> drawn(values.size());
  return bootstrap(
      values.size(),
      [&](const std::vector<std::size_t>& places) {
        for (std::size_t i = 0; i < places.size(); ++i) drawn[i] = values[places[i]];
        return statistic(std::span(drawn).first(places.size()));
      },
      options);
}

ConfidenceInterval bca_interval(std::size_t count, const IndexStatistic& statistic,
                                const BootstrapOptions& options) {
  return bootstrap(
      count, [&](const std::vector<std::size_t>& places) { return statistic(places); }, options);
}

ConfidenceInterval bca_interval_of_median(std::span<const double> values,
                                          const BootstrapOptions& options) {
  return bca_interval(values, median_in_place, options);
}

}  // namespace isojoule
