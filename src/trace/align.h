// Two clocks matched by what both saw: our trace, and the log of a meter with a clock of its own.
#pragma once

#include <optional>
#include <string>

#include "trace/power_series.h"

namespace isojoule {

struct ClockMatch {
  // False: what was found may be wrong by any amount, and `why_unsure` says what was found.
  bool is_sure = false;
  std::string why_unsure;
  Instant at;                   // on their clock; the offset holds there
  Duration offset;              // our clock minus theirs
  Duration offset_uncertainty;  // standard, k = 1
  double rate = 0;              // how much faster ours goes: 1e-6 = one microsecond a second
  double rate_uncertainty = 0;  // 0: not looked for (too short, or not asked)
  double correlation = 0;       // of the two powers there
  double next_correlation = 0;  // the best one at any other offset
  Duration next_offset;         // and where
  Duration overlap;             // of the two records

  Instant to_ours(Instant theirs) const;
  Instant to_theirs(Instant ours) const;
};

struct MatchOptions {
  // Only offsets this near to `near` are looked at; without it every one at which the records
  // overlap by half of the shorter one.
  std::optional<Duration> near = std::nullopt;
  Duration within = Duration::milliseconds(10'000);
  bool with_rate = true;  // fit also how the offset drifts, where the records are long enough
};

// Coarsely: the correlation coefficient of the two powers at every offset, each over its own
// overlap, gaps left out, by FFT (Padfield, "Masked object registration in the Fourier domain",
// IEEE Transactions on Image Processing 21(5), 2012, equations 10 to 12). Then finely: the offset
// at which the sparser record is best told by the denser one, up to gain and offset, in the sense
// of least squares. Windows are respected: the denser record is averaged over the sparser one's.
//
// Uncertainty: the larger of two estimates. From the residuals and the powers' slopes, with
// residuals that go together and single readings that carry much taken into account
// (heteroskedasticity- and autocorrelation-consistent: Newey and West, Econometrica 55(3), 1987;
// leverage: MacKinnon and White, Journal of Econometrics 29, 1985, HC3). And from how far the
// offset may move before the sum of squares rises by its share of one degree of freedom, which
// alone sees a flat minimum (steps that fall between two readings).
//
// Unsure: a power that does not move, a correlation below 0.5, another offset that is about as good
// (a periodic load), fewer than five readings that tell anything, a minimum at the edge of the
// overlap. Errors: no_data (fewer than 12 readings in one of them, no overlap within `near`).
Result<ClockMatch> match_clocks(const PowerSeries& ours, const PowerSeries& theirs,
                                const MatchOptions& options = {});

// Where both clocks are known to differ by this (the user's word).
ClockMatch stated_offset(Duration offset, Duration uncertainty = {});

}  // namespace isojoule
