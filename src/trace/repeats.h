// What the repeats of one setting say: location, spread, intervals, how many more it would take,
// and which runs do not belong to the others.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "trace/run_value.h"
#include "trace/statistic.h"

namespace isojoule {

struct RepeatsOptions {
  // The measuring of inference energy that this program follows repeated every setting ten times
  // and asked that the runs vary by less than 5 %; here: their standard deviation over their mean.
  double criterion_percent = 5;
  double wanted_percent = 1;  // of the mean, half of the 95 % interval
  std::uint64_t seed = 1;     // of the bootstrap
};

// A run that does not belong to the others. It stays in the mean.
struct NamedOutlier {
  std::int64_t run = 0, sequence = 0, block = 0;
  double value = 0;
  double deviation_percent = 0;     // from the median
  double score = 0;                 // the same in robust standard deviations
  std::vector<std::string> causes;  // empty: no cause known
  std::string on_board;             // of a fleet's study; else empty
};

struct RepeatStatistics {
  std::int64_t count = 0;  // runs with a value
  double mean = 0, median = 0, deviation = 0;
  double spread_percent = 0;    // deviation over mean
  double farthest_percent = 0;  // largest distance from the mean
  // Standard uncertainties (k = 1) of the mean: what falls with the root of the repeats (the larger
  // of the spread's and the budget's), what does not (gain, offset, calibration), and both.
  double random = 0, systematic = 0, uncertainty = 0;
  ConfidenceInterval mean_interval;    // Student's t: of the spread alone
  ConfidenceInterval median_interval;  // BCa: of the spread alone
  double criterion_percent = 0;
  bool within_criterion = true;
  // So many runs in all would bring half of the mean's 95 % interval to wanted_percent, after Stein
  // 1945 ("A two-sample test for a linear hypothesis whose power is independent of the variance"):
  // (t(n - 1) x deviation / wanted)^2 with the n and the deviation that are there; `further` more
  // than there are. Absent where one run is all there is. The systematic part stays whatever
  // `further` says: `systematic_above_wanted` where two of it are more than what is wanted.
  double wanted_percent = 0;
  std::optional<std::int64_t> further;
  bool systematic_above_wanted = false;
  std::vector<NamedOutlier> outliers;
  std::string outliers_note;  // why none were sought
};

// Of the runs that are complete and have the value; absent where none has.
std::optional<RepeatStatistics> describe_repeats(std::span<const Run* const> runs,
                                                 RunQuantity quantity,
                                                 const RepeatsOptions& options = {});

// What happened to a run and not, or less often, to any of the others: its counters of severity
// warning or worse, "clock_drifted (4)"; and a start hotter than that of all others by more than
// twice their range and 2 degrees, "began at 61 C, the others at 48 to 50 C (temperature_cpu)".
std::vector<std::string> causes_of(const Run& run, std::span<const Run* const> others);

}  // namespace isojoule
