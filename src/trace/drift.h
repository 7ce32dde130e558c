// Did the board's energy move while a study was made, whatever was set?
//
// A study has every setting once in each of its randomised blocks. Each run is compared with the
// other runs of its own setting only, so that a setting's own level, and which settings were
// measured when, play no part. Two questions, one answer:
//   trend   do later runs of a setting tend to be higher (or lower)?
//   jump    is there a moment after which they are?
// Test: ranks within each setting (over n + 1, so that settings with few runs count as much). The
// trend's statistic is the sum of rank x time, both centred in the setting: a blocked Spearman
// correlation, the aligned-rank relative of the seasonal Kendall test (Hirsch, Slack, Smith 1982,
// "Techniques of trend analysis for monthly water quality data", Water Resources Research 18). The
// jump's is the largest standardised partial sum of the centred ranks over the runs in order (CUSUM
// of ranks; Pettitt 1979, Applied Statistics 28). Without drift the runs of one setting could have
// come in any order, so p is from such permutations, within each setting (a permutation test is
// exact then; Lehmann, Romano 2005, 15.2); that of both questions together is that of the smaller
// of the two (minP; Westfall, Young 1993), so the test cries wolf in `1 - level` of quiet studies.
//
// Size: the trend is the median of the slopes between any two runs of one setting, over all
// settings (seasonal Theil-Sen; Sen 1968, Hirsch et al. 1982), its interval from Kendall's variance
// (Sen 1968; Gilbert 1987, 16.5); the jump is the median difference of two runs of one setting, one
// after and one before it (Hodges, Lehmann 1963). All relative to the setting's own median.
//
// A slow wandering of the board (room, heat, a battery) is drift too, and is found as either.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "trace/run_value.h"
#include "trace/statistic.h"

namespace isojoule {

struct DriftObservation {
  std::size_t setting = 0;  // any number, the same for runs of one setting
  std::int64_t block = 0, sequence = 0;
  std::optional<double> time_s;  // on one clock for the whole study
  double value = 0;
};

struct DriftOptions {
  double level = kUsualLevel;
  std::size_t permutations = 1999;
  std::uint64_t seed = 1;
};

struct DriftTest {
  std::string why_absent;  // why there is no test; then the rest is empty
  std::int64_t runs = 0, settings = 0, blocks = 0;
  double level = kUsualLevel;
  double trend_percent = 0;                      // from the first run to the last
  Interval trend_interval;                       // percent, at the level
  std::optional<double> hours;                   // from the first run to the last
  std::optional<double> trend_percent_per_hour;  // absent where no clock runs through the study
  double trend_p = 1;
  double jump_percent = 0;
  std::int64_t jump_block = 0, jump_sequence = 0;  // of the first run after it
  double jump_p = 1;
  double p = 1;          // of both together
  bool shown = false;    // p < 1 - level
  bool is_jump = false;  // which of the two says more of the data
};

// Observations in any order; settings with one run say nothing and are left out. Absent where the
// runs could have come in too few orders (fewer than 200) to show anything.
DriftTest find_drift(std::vector<DriftObservation> observations, const DriftOptions& options = {});

// Complete runs that have the value, by network, baseline and setting. The time is the begin of the
// inference phase, if these ascend with the runs' order: after a restart of the board (or of a
// twin) they do not.
std::vector<DriftObservation> drift_observations(std::span<const Run> runs, RunQuantity quantity);

}  // namespace isojoule
