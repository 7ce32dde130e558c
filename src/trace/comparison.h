// Does one setting use less than another? By paired blocks where there are any, with an interval,
// and with what would have been seen where no difference shows.
//
// A study's block has every setting once. What moves from block to block (heat, the room, a
// battery) moves both settings of the block, so each block gives one ratio of the two, and only
// these are averaged: their logarithms d, since errors of power are relative and a ratio of A to B
// should be the inverse of that of B to A. With n blocks
//   mean d +- t(f) u,   u^2 = r^2 + s^2
//   r^2  variance of d over n, or what the readings alone admit (quantisation, sampling, edges), if
//        that is more
//   s    systematic: the error of gain is one factor in both settings and cancels; that of the
//        offset counts by the difference of its shares, as that of a calibration does
//   f    degrees of freedom after Welch and Satterthwaite (JCGM 100:2008, G.4), n - 1 where the
//        spread is all
// The gain cancels only where one power chip measured both. For two boards it is added for each.
// Without two common blocks, as between two studies: Welch's test (Welch 1947) on the logarithms.
//
// Beside it, without the assumption that d is normal: a permutation test that turns the sign of d
// (Fisher 1935; all 2^n turns up to 14 blocks), and a BCa interval of the ratio of the means.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "trace/run_value.h"
#include "trace/statistic.h"

namespace isojoule {

struct ComparedRun {
  std::int64_t block = 0;
  RunValue value;
};

enum class Difference : std::uint8_t {
  less,       // the first uses less: the whole interval is below zero
  more,       // the first uses more
  not_shown,  // the interval holds zero
  unknown,    // there is no interval; `reason` says why
};
std::string_view name_of(Difference verdict);

struct ComparisonOptions {
  double level = kUsualLevel;
  double power = 0.8;      // chance of seeing `detectable_percent`
  bool one_sensor = true;  // the same power chip measured both
  bool may_pair = true;    // blocks of the same number were made together
  std::uint64_t seed = 1;
  std::size_t resamples = 2000;  // of the bootstrap; nothing else depends on it
};

// The first against the second. Percentages are 100 x (first / second - 1).
struct SettingComparison {
  bool is_paired = false;
  std::int64_t blocks = 0;                       // that have both
  std::int64_t first_runs = 0, second_runs = 0;  // that were compared
  std::int64_t left_out = 0;                     // runs of blocks that have only one of the two
  double first = 0, second = 0;                  // means of the runs compared
  double difference = 0;                         // first - second
  std::optional<Interval> difference_interval;
  double percent = 0;
  std::optional<Interval> percent_interval;
  // Standard uncertainties (k = 1) of the percentage, in percent of the second's value: by the
  // spread, by what is systematic in both and does not cancel, and the gain, which cancels (or,
  // with two sensors, is in `systematic`).
  double random_percent = 0, systematic_percent = 0, gain_percent = 0;
  double freedom = 0;
  std::optional<double> p;       // of t: a difference so large, if there were none
  std::optional<double> sign_p;  // of the permutation test; paired only
  ConfidenceInterval bca;        // of the percentage; paired only
  // The least difference that this study would have shown with the probability `power`.
  std::optional<double> detectable_percent;
  Difference verdict = Difference::unknown;
  std::string reason;  // of an unknown verdict
  double level = kUsualLevel, power = 0.8;
};

SettingComparison compare_settings(std::span<const ComparedRun> first,
                                   std::span<const ComparedRun> second,
                                   const ComparisonOptions& options = {});

// Which of several p hold together at `level` for the whole family (Holm 1979, "A simple
// sequentially rejective multiple test procedure", Scand. J. Statist. 6). Absent ones never do.
std::vector<bool> holds_together(std::span<const std::optional<double>> p,
                                 double level = kUsualLevel);

}  // namespace isojoule
