// Two networks at one operating point, by one model.
#pragma once

#include "app/predict/network_answer.h"

namespace isojoule {

// B against A, per inference. The interval of the ratio takes the errors of the two predictions for
// independent and adds their logarithms' half widths in quadrature. Errors that one model makes
// alike for both networks (its clocks, its idle power) cancel in truth, so that the interval is
// rather too wide.
struct NetworkDifference {
  double ratio = 1;  // energy of B / energy of A
  Interval ratio_90;
  double difference_j = 0;  // B - A
  std::optional<double> time_ratio;
  std::optional<Interval> time_ratio_90;
  bool is_shown() const { return !ratio_90.contains(1); }
};

NetworkDifference difference_of(const NetworkAnswer& a, const NetworkAnswer& b);

}  // namespace isojoule
