#include "trace/fine_offset.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace isojoule {
namespace {

constexpr int kLeastScan = 16, kMostScan = 120;  // offsets on either side of the middle
constexpr int kMoves = 12;                       // of the scan, while its minimum lies at an end
constexpr int kHalvings = 40;                    // of an interval

struct Fit {
  double sum_square = std::numeric_limits<double>::infinity();  // of the residuals
  double gain = 0, level = 0, correlation = 0;
};

class Search {
 public:
  Search(const PowerSeries& points, const PowerSeries& line, double from_s, double to_s)
      : points_(points), line_series_(line), line_(line), from_s_(from_s), to_s_(to_s) {}

  FineOffset find(double near_s, double reach_s) {
    FineOffset result;
    // Fine enough for every reading of the line.
    const double steps = 4 * reach_s / std::max(line_series_.spacing_s, 1e-9);
    half_scan_ = std::clamp(static_cast<int>(std::min(steps, 1e6)), kLeastScan, kMostScan);
    const double step = reach_s / half_scan_;
    double middle = near_s, best = near_s;
    for (int move = 0; move < kMoves; ++move) {
      choose(middle, reach_s);
      result.points = chosen_.size();
      if (chosen_.size() < kLeastPoints) return edge(result, middle);
      const int place = scan(middle, step);
      best = middle + step * place;
      result.at_edge = std::abs(place) == half_scan_;
      if (!result.at_edge) break;
      middle = best;
    }
    if (result.at_edge) return edge(result, best);
    best = minimum(best - step, best + step);
    weigh(best, std::max(points_.spacing_s / 4, line_series_.spacing_s / 2));
    result.telling = telling_;
    // And those on a slope of the line itself, which decide how finely.
    weigh(best, line_series_.spacing_s / 2);
    const double limit = allowed(fit(best).sum_square);
    // All that is allowed, the valleys beside the deepest one included; its middle, since where the
    // ground is flat the deepest point says nothing.
    double left = best, right = best;
    for (int k = -half_scan_; k <= half_scan_; ++k) {
      if (scanned_[static_cast<std::size_t>(std::int64_t{half_scan_} + k)] > limit) continue;
      left = std::min(left, middle + step * k);
      right = std::max(right, middle + step * k);
    }
    left = crossing(left, -step, middle - 2 * reach_s, limit);
    right = crossing(right, step, middle + 2 * reach_s, limit);
    result.offset_s = (left + right) / 2;
    result.correlation = fit(result.offset_s).correlation;
    // No reading on a slope: the steps lie somewhere between two readings of the line.
    // Points that are means see every step; those of one moment only the few that they meet.
    const double met = std::max(1.0, telling_ / 4);
    const bool are_means = points_.window_s > line_series_.spacing_s;
    const double unseen = line_series_.spacing_s / 2 / (are_means ? met : std::sqrt(met));
    result.uncertainty_s =
        std::max({(right - left) / 2 * student(), consistent_uncertainty() * student(), unseen});
    return result;
  }

 private:
  static constexpr std::size_t kLeastPoints = 5;

  static FineOffset edge(FineOffset result, double at) {
    result.offset_s = at;
    result.at_edge = true;
    return result;
  }
  double model(double time_s) const {
    const double half = points_.window_s / 2;
    return line_.mean(time_s - half, time_s + half);
  }
  // The same points for every offset of one scan, or sums of squares could not be compared.
  void choose(double middle, double reach_s) {
    chosen_.clear();
    const double half = points_.window_s / 2 + 2 * reach_s;
    for (std::size_t i = 0; i < points_.time_s.size(); ++i) {
      const double time = points_.time_s[i];
      if (time < from_s_ || time > to_s_) continue;
      if (line_.covers(time + middle - half, time + middle + half)) chosen_.push_back(i);
    }
  }

  Fit fit(double offset) const {
    const auto n = static_cast<double>(chosen_.size());
    double x = 0, y = 0, xx = 0, xy = 0, yy = 0;
    const double base = chosen_.empty() ? 0 : points_.power_w[chosen_.front()];
    for (const std::size_t i : chosen_) {
      const double m = model(points_.time_s[i] + offset) - base, p = points_.power_w[i] - base;
      x += m;
      y += p;
      xx += m * m;
      xy += m * p;
      yy += p * p;
    }
    const double sxx = xx - x * x / n, sxy = xy - x * y / n, syy = yy - y * y / n;
    Fit fit;
    fit.sum_square = syy;
    if (sxx <= 0 || syy <= 0 || sxy <= 0) return fit;  // more here is never less there
    fit.gain = sxy / sxx;
    fit.level = base + (y - fit.gain * x) / n - fit.gain * base;
    fit.sum_square = std::max(0.0, syy - sxy * fit.gain);
    fit.correlation = sxy / std::sqrt(sxx * syy);
    return fit;
  }

  int scan(double middle, double step) {
    scanned_.clear();
    for (int k = -half_scan_; k <= half_scan_; ++k)
      scanned_.push_back(fit(middle + step * k).sum_square);
    const auto least = std::min_element(scanned_.begin(), scanned_.end());
    return static_cast<int>(least - scanned_.begin()) - half_scan_;
  }

  // Golden section.
  double minimum(double left, double right) const {
    const double share = (std::sqrt(5.0) - 1) / 2;
    double a = right - share * (right - left), b = left + share * (right - left);
    double fa = fit(a).sum_square, fb = fit(b).sum_square;
    for (int i = 0; i < kHalvings && right - left > 1e-9; ++i) {
      if (fa <= fb) {
        right = b;
        b = a;
        fb = fa;
        a = right - share * (right - left);
        fa = fit(a).sum_square;
      } else {
        left = a;
        a = b;
        fa = fb;
        b = left + share * (right - left);
        fb = fit(b).sum_square;
      }
    }
    return (left + right) / 2;
  }

  // How each point moves with the offset, freed of what gain and level could do as well, and what
  // is left of it.
  void weigh(double best, double step) {
    const Fit at = fit(best);
    const std::size_t count = chosen_.size();
    std::vector<double> m(count), slope(count);
    residual_.assign(count, 0);
    double mean = 0, mean_slope = 0;
    for (std::size_t k = 0; k < count; ++k) {
      const double time = points_.time_s[chosen_[k]] + best;
      m[k] = model(time);
      slope[k] = at.gain * (model(time + step) - model(time - step)) / (2 * step);
      residual_[k] = points_.power_w[chosen_[k]] - at.gain * m[k] - at.level;
      mean += m[k] / static_cast<double>(count);
      mean_slope += slope[k] / static_cast<double>(count);
    }
    double mm = 0, ms = 0;
    for (std::size_t k = 0; k < count; ++k) {
      mm += (m[k] - mean) * (m[k] - mean);
      ms += (m[k] - mean) * (slope[k] - mean_slope);
    }
    blur_square_.assign(count, 0);
    for (std::size_t k = 0; k < count; ++k) blur_square_[k] = blur_square(at.gain, k, best);
    slope_.assign(count, 0);
    double square = 0, fourth = 0;
    for (std::size_t k = 0; k < count; ++k) {
      slope_[k] = slope[k] - mean_slope - (mm > 0 ? ms / mm * (m[k] - mean) : 0);
      square += slope_[k] * slope_[k];
      fourth += std::pow(slope_[k], 4);
    }
    information_ = square;
    telling_ = fourth > 0 ? square * square / fourth : 0;
    // Noise that no residual may be below: the steps of both.
    quantum_square_ = (points_.quantum_w * points_.quantum_w +
                       at.gain * at.gain * line_series_.quantum_w * line_series_.quantum_w) /
                      12;
  }

  // What the line does not know of itself between two of its readings: a step may be anywhere in
  // there. Readings that are means know more, since they show what share of them was after it.
  double blur_square(double gain, std::size_t k, double offset) const {
    const double spacing = line_series_.spacing_s;
    const double unknown = std::max(spacing - line_series_.window_s, 0.3 * spacing);
    const double time = points_.time_s[chosen_[k]] + offset, half = points_.window_s / 2;
    double low = std::numeric_limits<double>::infinity(), high = -low;
    const double reach = half + spacing / 2;
    for (int i = -2; i <= 2; ++i) {
      const double power = line_.at(time + reach * i / 2);
      low = std::min(low, power);
      high = std::max(high, power);
    }
    const double part = unknown / std::max(spacing, points_.window_s);
    return std::pow(gain * (high - low) * part, 2) / 12;
  }

  double student() const { return telling_ > 3 ? std::sqrt((telling_ - 1) / (telling_ - 3)) : 2; }

  // Up to this sum of squares an offset is within one standard uncertainty: residuals where the
  // power moves are larger than where it rests, and they are the ones that count.
  double allowed(double least) const {
    double moved = 0, weight = 0;
    for (std::size_t k = 0; k < residual_.size(); ++k) {
      const double w = slope_[k] * slope_[k];
      moved += w * (std::max(residual_[k] * residual_[k], blur_square_[k]) + quantum_square_);
      weight += w;
    }
    const double plain = least / std::max(1.0, static_cast<double>(residual_.size()) - 3);
    return least + std::max(weight > 0 ? moved / weight : 0, plain + quantum_square_);
  }

  // Where the sum of squares first rises above the limit, from `from` in steps.
  double crossing(double from, double step, double end, double limit) const {
    double inside = from, outside = from + step / 4;
    while (fit(outside).sum_square <= limit) {
      inside = outside;
      outside += step / 4;
      if ((outside - end) * step > 0) return end;
    }
    for (int i = 0; i < kHalvings && std::abs(outside - inside) > 1e-9; ++i) {
      const double middle = (inside + outside) / 2;
      (fit(middle).sum_square <= limit ? inside : outside) = middle;
    }
    return inside;
  }

  double consistent_uncertainty() const {
    if (information_ <= 0) return 0;
    const std::size_t count = residual_.size();
    std::vector<double> score(count);
    for (std::size_t k = 0; k < count; ++k) {
      const double leverage = std::min(0.9, slope_[k] * slope_[k] / information_);
      score[k] = slope_[k] * residual_[k] / (1 - leverage);
    }
    // Readings go together as far as windows and interpolation reach.
    const double reach = std::max(points_.window_s, line_series_.window_s) + line_series_.spacing_s;
    const auto lags = static_cast<std::size_t>(
        std::clamp(std::ceil(reach / std::max(points_.spacing_s, 1e-9)) + 1, 1.0, 50.0));
    double square = 0;
    for (std::size_t k = 0; k < count; ++k) {
      square +=
          score[k] * score[k] +
          slope_[k] * slope_[k] *
              (quantum_square_ + std::max(0.0, blur_square_[k] - residual_[k] * residual_[k]));
      for (std::size_t lag = 1; lag <= lags && lag <= k; ++lag)
        square += 2 * (1 - static_cast<double>(lag) / static_cast<double>(lags + 1)) * score[k] *
                  score[k - lag];
    }
    return std::sqrt(std::max(0.0, square)) / information_;
  }

  const PowerSeries& points_;
  const PowerSeries& line_series_;
  PowerLine line_;
  double from_s_, to_s_;
  std::vector<std::size_t> chosen_;
  std::vector<double> slope_, residual_, blur_square_;
  std::vector<double> scanned_;  // sums of squares of the last scan
  int half_scan_ = kLeastScan;
  double information_ = 0, telling_ = 0, quantum_square_ = 0;
};

}  // namespace

FineOffset fine_offset(const PowerSeries& points, const PowerSeries& line, double near_s,
                       double reach_s, double from_s, double to_s) {
  return Search(points, line, from_s, to_s).find(near_s, reach_s);
}

}  // namespace isojoule
