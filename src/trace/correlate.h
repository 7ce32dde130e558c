// The correlation coefficient of two records at every shift between them.
#pragma once

#include <vector>

namespace isojoule {

// Values at equal steps; where `known` is 0 there is none.
struct Grid {
  std::vector<double> value, known;
};

struct Correlations {
  std::vector<double> r;      // NaN-free; 0 where the overlap is too short or one does not move
  std::vector<double> count;  // steps known in both
  std::ptrdiff_t first = 0;   // shift of r[0]: b[i] lies at a[i + shift]
};

// `least`: steps that both must know. `floor_a`, `floor_b`: standard deviations below which a
// record is taken not to move. O(n log n).
Correlations correlate(const Grid& a, const Grid& b, double least, double floor_a, double floor_b);

}  // namespace isojoule
