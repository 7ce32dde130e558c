#include "trace/statistic.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "trace/bootstrap.h"

namespace isojoule {
namespace {

TEST(Distribution, NormalAndStudentAgreeWithTheirTables) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-12);
  EXPECT_NEAR(normal_quantile(0.01), -2.326347874040841, 1e-12);
  EXPECT_NEAR(normal_cdf(normal_quantile(1e-9)), 1e-9, 1e-18);
  EXPECT_TRUE(std::isinf(normal_quantile(0)) && std::isinf(normal_quantile(1)));
  // Student's t, two-sided 95 %: any table.
  for (const auto& [freedom, t] : {std::pair{1.0, 12.706204736},
                                   {2.0, 4.302652730},
                                   {4.0, 2.776445105},
                                   {9.0, 2.262157163},
                                   {30.0, 2.042272456},
                                   {120.0, 1.979930405}})
    EXPECT_NEAR(student_quantile(0.975, freedom), t, 1e-8) << freedom;
  EXPECT_NEAR(student_quantile(0.975, 1e7), 1.959964, 1e-5);
  EXPECT_NEAR(student_quantile(0.975, std::numeric_limits<double>::infinity()), 1.959964, 1e-6);
  // One degree of freedom is Cauchy's: 1/2 + atan(t) / pi.
  for (const double t : {-30.0, -1.0, 0.0, 0.5, 8.0})
    EXPECT_NEAR(student_cdf(t, 1), 0.5 + std::atan(t) / std::acos(-1), 1e-13) << t;
  // Two degrees: 1/2 + t / (2 sqrt(2 + t^2)).
  EXPECT_NEAR(student_cdf(1.5, 2), 0.5 + 1.5 / (2 * std::sqrt(2 + 2.25)), 1e-14);
}

TEST(Statistic, OfFewValues) {
  EXPECT_DOUBLE_EQ(median_of({3, 1, 2}), 2);
  EXPECT_DOUBLE_EQ(median_of({4, 1, 2, 3}), 2.5);
  EXPECT_DOUBLE_EQ(deviation_of(std::vector{1.0, 2.0, 3.0}), 1);
  EXPECT_DOUBLE_EQ(deviation_of(std::vector{7.0}), 0);
  const std::vector<double> sorted = {0, 10, 20};
  EXPECT_DOUBLE_EQ(quantile_of(sorted, 0), 0);
  EXPECT_DOUBLE_EQ(quantile_of(sorted, 0.75), 15);
  EXPECT_DOUBLE_EQ(quantile_of(sorted, 1), 20);
}

TEST(StudentInterval, IsExactForNormalValues) {
  const std::vector<double> values = {9, 10, 11};
  const auto interval = student_interval(values);
  ASSERT_TRUE(interval.bounds);
  EXPECT_NEAR(interval.bounds->high - 10, 4.302652730 / std::sqrt(3), 1e-8);
  Random random(11);
  int inside = 0;
  constexpr int kStudies = 20'000;
  for (int i = 0; i < kStudies; ++i) {
    std::vector<double> drawn(5);
    for (double& value : drawn) value = 100 + 3 * random.normal();
    inside += student_interval(drawn).bounds->contains(100) ? 1 : 0;
  }
  EXPECT_NEAR(100.0 * inside / kStudies, 95, 0.6);  // four standard errors
}

TEST(StudentInterval, SaysWhyThereIsNone) {
  EXPECT_FALSE(student_interval(std::vector{1.0}).bounds);
  EXPECT_NE(student_interval(std::vector{1.0}).note, "");
  EXPECT_FALSE(student_interval(std::vector{2.0, 2.0, 2.0}).bounds);
  EXPECT_NE(student_interval(std::vector{2.0, 2.0}).note.find("equal"), std::string::npos);
}

TEST(EffectiveFreedom, IsWelchs) {
  // Two samples of 5 and 10 with variances 4 and 1: v = (4/5 + 1/10)^2 / ((4/5)^2/4 + (1/10)^2/9).
  const std::vector<VariancePart> parts = {{0.8, 4}, {0.1, 9}};
  EXPECT_NEAR(effective_freedom(parts), 0.81 / (0.16 + 0.01 / 9), 1e-12);
  const std::vector<VariancePart> known = {{0.8, std::numeric_limits<double>::infinity()}};
  EXPECT_TRUE(std::isinf(effective_freedom(known)));
}

double mean_statistic(std::span<double> values) { return mean_of(values); }
double variance_statistic(std::span<double> values) {
  const double n = static_cast<double>(values.size());
  return std::pow(deviation_of(values), 2) * (n - 1) / n;
}

// References: all 7^7 draws of these values enumerated, by a program of its own (Python, its
// standard library's NormalDist): z0, acceleration and percentiles as in bootstrap.h.
TEST(Bca, ApproachesWhatAllDrawsGive) {
  const std::vector<double> values = {1.0, 1.2, 1.9, 2.3, 3.1, 4.7, 9.8};
  const BootstrapOptions many = {.resamples = 200'000, .seed = 5};
  const auto mean = bca_interval(values, mean_statistic, many);
  ASSERT_TRUE(mean.bounds);
  EXPECT_EQ(mean.method, "bca");
  EXPECT_NEAR(mean.bounds->low, 1.957142857, 0.03);
  EXPECT_NEAR(mean.bounds->high, 6.714285714, 0.05);
  const auto variance = bca_interval(values, variance_statistic, many);
  EXPECT_NEAR(variance.bounds->low, 0.842448979, 0.05);
  EXPECT_NEAR(variance.bounds->high, 17.87632653, 0.2);
  const auto median = bca_interval_of_median(values, many);
  EXPECT_DOUBLE_EQ(median.bounds->low, 1.2);
  EXPECT_DOUBLE_EQ(median.bounds->high, 4.7);
}

TEST(Bca, TheSameSeedGivesTheSame) {
  const std::vector<double> values = {5, 6, 7, 8, 9, 10, 14};
  const auto one = bca_interval_of_median(values, {.seed = 3});
  const auto other = bca_interval_of_median(values, {.seed = 3});
  ASSERT_TRUE(one.bounds && other.bounds);
  EXPECT_EQ(one.bounds->low, other.bounds->low);
  EXPECT_EQ(one.bounds->high, other.bounds->high);
}

TEST(Bca, FollowsShiftAndScale) {
  std::vector<double> values = {1.0, 1.2, 1.9, 2.3, 3.1, 4.7, 9.8};
  const auto before = bca_interval(values, mean_statistic);
  for (double& value : values) value = 100 + 3 * value;
  const auto after = bca_interval(values, mean_statistic);
  EXPECT_NEAR(after.bounds->low, 100 + 3 * before.bounds->low, 1e-9);
  EXPECT_NEAR(after.bounds->high, 100 + 3 * before.bounds->high, 1e-9);
}

// The shares of simulated studies whose interval holds the truth, in percent.
template <typename Draw, typename Make>
double coverage(double truth, std::size_t size, std::uint64_t seed, Draw draw, Make make) {
  constexpr int kStudies = 1200;
  Random random(seed);
  int inside = 0;
  for (int i = 0; i < kStudies; ++i) {
    std::vector<double> values(size);
    for (double& value : values) value = draw(random);
    const ConfidenceInterval interval = make(values);
    inside += interval.bounds && interval.bounds->contains(truth) ? 1 : 0;
  }
  return 100.0 * inside / kStudies;
}

double exponential(Random& random) { return -std::log(1 - random.uniform()); }
double normal(Random& random) { return random.normal(); }

ConfidenceInterval median_interval(const std::vector<double>& values) {
  return bca_interval_of_median(values, {.resamples = 500});
}

TEST(Bca, TheMediansIntervalHoldsTheTruth) {
  EXPECT_NEAR(coverage(0, 10, 21, normal, median_interval), 95, 3);
  EXPECT_NEAR(coverage(std::log(2), 10, 22, exponential, median_interval), 95, 3);
  EXPECT_NEAR(coverage(std::log(2), 25, 23, exponential, median_interval), 95, 3);
}

TEST(Bca, OfASkewedMeanIsNearerToTheTruthThanPercentiles) {
  const auto bca = [](const std::vector<double>& values) {
    return bca_interval(values, mean_statistic, {.resamples = 500});
  };
  EXPECT_GT(coverage(1, 25, 24, exponential, bca), 90);
}

TEST(Bca, SaysWhyThereIsNone) {
  EXPECT_EQ(least_count(0.95), 6U);
  EXPECT_EQ(least_count(0.5), 2U);
  const auto few = bca_interval_of_median(std::vector{1.0, 2.0, 3.0, 4.0, 5.0});
  EXPECT_FALSE(few.bounds);
  EXPECT_NE(few.note.find("at least 6"), std::string::npos) << few.note;
  const auto equal = bca_interval_of_median(std::vector<double>(8, 3.5));
  EXPECT_FALSE(equal.bounds);
  EXPECT_NE(equal.note, "");
  EXPECT_FALSE(bca_interval_of_median(std::vector<double>{}).bounds);
}

// The largest value: no draw is above it, so every draw is below or equal; its correction is large
// but finite. A statistic that every draw misses has an infinite one.
TEST(Bca, AnInfiniteCorrectionFallsBackToPercentilesAndSaysSo) {
  const std::vector<double> values = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto once =
      bca_interval(values.size(),
                   [first = true, &values](std::span<const std::size_t> places) mutable {
                     if (std::exchange(first, false))
                       return 100.0;  // of what was measured: above every draw
                     return values[places.front()];
                   },
                   {});
  ASSERT_TRUE(once.bounds);
  EXPECT_EQ(once.method, "percentile");
  EXPECT_NE(once.note.find("infinite"), std::string::npos);
  EXPECT_LE(once.bounds->high, 8);
}

TEST(Bca, OfPairsKeepsThemTogether) {
  // b = 2 a: the ratio of the means is 2 in every draw.
  const std::vector<double> a = {1, 2, 3, 4, 5, 6};
  const auto ratio = bca_interval(a.size(),
                                  [&a](std::span<const std::size_t> places) {
                                    double first = 0, second = 0;
                                    for (const std::size_t place : places) {
                                      first += a[place];
                                      second += 2 * a[place];
                                    }
                                    return second / first;
                                  },
                                  {});
  EXPECT_FALSE(ratio.bounds);  // every draw gives the same
}

// Tables of the F and chi-square distributions (NIST/SEMATECH e-handbook, 1.3.6.7).
TEST(Statistic, QuantilesOfFisherAndChiSquare) {
  EXPECT_NEAR(fisher_quantile(0.95, 1, 10), 4.965, 5e-4);
  EXPECT_NEAR(fisher_quantile(0.95, 10, 20), 2.348, 5e-4);
  EXPECT_NEAR(fisher_tail(std::pow(student_quantile(0.975, 7), 2), 1, 7), 0.05, 1e-12);
  for (const auto& [freedom, value] :
       {std::pair{1.0, 3.841}, {2.0, 5.991}, {10.0, 18.307}, {100.0, 124.342}})
    EXPECT_NEAR(chi_square_quantile(0.95, freedom), value, 5e-4) << freedom;
  EXPECT_NEAR(chi_square_quantile(0.025, 3), 0.216, 5e-4);
  EXPECT_NEAR(chi_square_cdf(2, 2), 1 - std::exp(-1), 1e-14);
}

}  // namespace
}  // namespace isojoule
