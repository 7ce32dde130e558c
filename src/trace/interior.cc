#include "trace/interior.h"

#include <algorithm>
#include <cmath>

namespace isojoule {

namespace {

// From one reading to the next, further away than usual: power went from the one to the other, and
// when is not known.
double gap_square(double step_w, double length_s) {
  return step_w * length_s * step_w * length_s / 12;
}

// What a reading tells of the time that it stands for. Windows of `width` every `span` look at
// each moment w = width/span times on average, some of it floor(w) times and a share f of it once
// more. If power scatters from moment to moment, the uneven weight leaves a variance of
// f (1-f) / w times that of a reading, in units of span^2: 1 for a moment, 0 for windows that tile.
// Overlapping windows share what they see, so that their differences show less of the scatter:
// neighbours are correlated by c = 1 - 1/w, a squared second difference is 6 - 8c of a variance.
double unseen_square(double span, double width) {
  if (width <= 0) return span * span;
  const double w = width / span;
  const double f = w - static_cast<double>(static_cast<std::int64_t>(w));
  const double shared = w > 1 ? std::min(1 - 1 / w, 0.6) : 0;
  return span * span * f * (1 - f) / w / (1 - 4 * shared / 3);
}

}  // namespace

// An energy counter has seen everything: whole cells, and half of the first and the last.
void add_counted(const Cells& cells, std::size_t from, std::size_t to, Interior& sums) {
  for (std::size_t i = from; i < to; ++i) {
    sums.energy_j +=
        (cells.power_w[i] * cells.widths_s[i] + cells.power_w[i + 1] * cells.widths_s[i + 1]) / 2;
    sums.changes += cells.power_w[i] != cells.power_w[i + 1] ? 1 : 0;
    ++sums.triples;
  }
}

void add_interior(const Cells& cells, std::size_t from, std::size_t to, bool is_first, double gap_s,
                  Interior& sums) {
  if (!cells.widths_s.empty()) return add_counted(cells, from, to, sums);
  const double* t = cells.centre_s.data();
  const double* p = cells.power_w.data();
  const double width = cells.width_s;
  for (std::size_t i = from; i < to; ++i) {
    const double length = t[i + 1] - t[i], first = p[i + 1] - p[i];
    sums.energy_j += (p[i] + p[i + 1]) / 2 * length;
    sums.changes += first != 0 ? 1 : 0;
    if (length > gap_s) sums.gap_square += gap_square(first, length);
    if (i == from && is_first) continue;
    const double span = (t[i + 1] - t[i - 1]) / 2;
    const double blind = std::max(0.0, span - width), unseen = unseen_square(span, width);
    const double before = p[i] - p[i - 1], second = first - before;
    const double central = (first + before) / 2;
    sums.second_square += second * second * unseen;
    sums.first_square += first * first * unseen;
    sums.central_square += central * central;
    sums.second_sum += second * blind;
    ++sums.triples;
  }
}

// Between two readings power did what nobody saw. How the readings follow one another says what:
// - A step somewhere between two of them, h apart, is off by up to h/2 of it: variance (dp h)^2/12.
//   The sum of the squared second differences is then twice that of the first ones.
// - Readings that scatter with sigma around a mean are each a random draw of the power over h:
//   variance (sigma h)^2. The squares of the second differences are 6 sigma^2, of the first ones
//   2 sigma^2: a ratio of 3.
// - A smooth curve has a ratio near 0, and the trapezoid's own error, far below either.
// In terms of the second differences d the variance is therefore d^2 h^2 / 24 at a ratio of 2 (and
// below), d^2 h^2 / 6 at 3 (and above); in between it is taken to grow evenly in its logarithm.
// A curve that bends one way throughout is off by the sum of d h / 12 (the trapezoid's error).
// A reading that may be dated wrongly by up to age/2 moves power from one neighbour to the other.
double sampling_uncertainty_j(const Interior& sums, double age_s) {
  const double bend = sums.second_sum / 12;
  double variance = bend * bend + sums.central_square * age_s * age_s / 12;
  if (sums.first_square > 0) {
    const double ratio = std::clamp(sums.second_square / sums.first_square, 2.0, 3.0);
    variance += sums.second_square / 24 * std::pow(4, ratio - 2);
  }
  return std::sqrt(variance);
}

}  // namespace isojoule
