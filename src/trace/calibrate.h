// What a rail tells against a better meter: the line between the two, with its uncertainty.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/run.h"
#include "trace/align.h"

namespace isojoule {

// Mean powers of the rail and of the meter over the same stretch, with standard uncertainties of
// what differs from stretch to stretch.
struct CommonMean {
  Instant begin, end;  // on our clock
  Watt told{0}, told_uncertainty{0};
  Watt meter{0}, meter_uncertainty{0};
  Watt residual{0};  // meter less the line; set by fit_calibration
};

// Stretches that both records cover, of equal length: long enough for a few readings and windows
// of either, at most 400. For records without stretches of their own.
std::vector<Window> common_stretches(const PowerSeries& ours, const PowerSeries& theirs,
                                     const ClockMatch& match);

// Over each stretch the integral of either record over its length. The uncertainty of a mean is
// made of
//   scatter       of the readings around the line between their neighbours, over the root of their
//                 number; one step over sqrt(12) at least
//   ends          how much the power changes near either end of the stretch, times half of window
//                 and spacing, over sqrt(3) and the length: what a reading cannot say
//   clocks        (to `told`) the change from end to end times the uncertainty of the offset, over
//                 the length
// Stretches that one of them does not cover with at least three readings are left out.
std::vector<CommonMean> common_means(const PowerSeries& ours, const PowerSeries& theirs,
                                     const ClockMatch& match, const std::vector<Window>& stretches);

// Of the meter, as its data sheet or certificate says (k = 1): the same in every stretch.
struct MeterAccuracy {
  std::string name;
  double gain_uncertainty = 0;  // relative
  Watt offset_uncertainty{0};
};

struct CalibrationFit {
  Calibration calibration;  // the meter's own uncertainty included
  std::vector<CommonMean> points;
  Watt residual_deviation{0};  // standard deviation of the residuals, n - 2 degrees of freedom
  // Weighted squares of the residuals over n - 2; above 1 the stated uncertainties of the means are
  // too small, and the line's were widened by its root.
  double reduced_chi_squared = 0;
  // Largest distance of a parabola through the points from a line, where it is more than three
  // standard uncertainties: the rail is not linear, and half of it is in the offset's uncertainty.
  std::optional<Watt> bend;
};

// The line meter = gain x told + offset with errors in both variables: York, Evensen, Martinez and
// De Basabe Delgado, "Unified equations for the slope, intercept, and standard errors of the best
// straight line", American Journal of Physics 72(3), 2004, equations 13. Widened where the points
// scatter more than they say (Birge, Physical Review 40, 1932). The meter's gain error e and offset
// error o turn the line into gain (1 + e), offset (1 + e) + o. `date`: ISO 8601.
//
// Errors: no_data (fewer than three points); unmeasured: the powers lie so near to each other that
// gain and offset cannot be told apart (a gain known to no better than 10 %); invalid: powers that
// fall while the meter's rise, or values that are no numbers.
Result<CalibrationFit> fit_calibration(std::vector<CommonMean> points, const MeterAccuracy& meter,
                                       const std::string& date);

}  // namespace isojoule
