#include "trace/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace isojoule {
namespace {

constexpr double kLeastStretch_s = 1;
constexpr double kStretchReadings = 6;  // windows or spacings in a stretch
constexpr double kMostStretches = 400;
constexpr std::size_t kLeastReadings = 3;
constexpr std::size_t kLeastPoints = 3;
constexpr double kWorstGain = 0.1;  // standard uncertainty, relative
constexpr double kBendSigmas = 3;
constexpr int kMostIterations = 100;

// ---- means over stretches ----

// A record in one stretch, on its own clock.
struct Mean {
  double power_w = 0, uncertainty_w = 0;
  double change_w = 0;  // from end to end
};

class Stretches {
 public:
  explicit Stretches(const PowerSeries& series) : series_(series), line_(series) {}

  std::optional<Mean> mean(double from, double to) const {
    const auto& time = series_.time_s;
    const auto first = std::lower_bound(time.begin(), time.end(), from) - time.begin();
    const auto last = std::upper_bound(time.begin(), time.end(), to) - time.begin();
    if (last - first < static_cast<std::ptrdiff_t>(kLeastReadings) || !line_.covers(from, to))
      return std::nullopt;
    Mean mean;
    mean.power_w = line_.mean(from, to);
    mean.change_w = line_.at(to) - line_.at(from);
    const double scatter =
        scatter_of(static_cast<std::size_t>(first), static_cast<std::size_t>(last));
    const double count = static_cast<double>(last - first);
    const double step = series_.quantum_w / std::sqrt(12.0);
    const double blur = (series_.window_s + series_.spacing_s) / 2;
    const double ends = std::hypot(range_near(from, blur), range_near(to, blur)) * blur /
                        std::sqrt(3.0) / (to - from);
    mean.uncertainty_w = std::hypot(std::max(scatter / std::sqrt(count), step), ends);
    return mean;
  }

 private:
  // If readings scatter by s around a smooth curve, one less the mean of its neighbours has the
  // variance 1.5 s^2.
  double scatter_of(std::size_t first, std::size_t last) const {
    const auto& power = series_.power_w;
    double square = 0, count = 0;
    for (std::size_t i = first + 1; i + 1 < last; ++i) {
      const double off = power[i] - (power[i - 1] + power[i + 1]) / 2;
      square += off * off / 1.5;
      count += 1;
    }
    return count > 0 ? std::sqrt(square / count) : 0;
  }
  double range_near(double time, double reach) const {
    const double a = line_.at(time - reach), b = line_.at(time), c = line_.at(time + reach);
    return std::max({a, b, c}) - std::min({a, b, c});
  }
  const PowerSeries& series_;
  PowerLine line_;
};

// ---- the line ----

struct Line {
  double gain = 1, offset = 0;
  double gain_variance = 0, offset_variance = 0, covariance = 0;
  double chi_squared = 0;
  std::vector<double> weight, place;  // of each point; its adjusted told power
};

double square(double value) { return value * value; }

// Each point's weight: what both of its errors leave of it at this gain.
void weigh(const std::vector<CommonMean>& points, Line& line) {
  for (std::size_t i = 0; i < points.size(); ++i)
    line.weight[i] = 1 / (square(points[i].meter_uncertainty.value()) +
                          square(line.gain * points[i].told_uncertainty.value()));
}

struct Centre {
  double told = 0, meter = 0, weight = 0;
};

Centre centre_of(const std::vector<CommonMean>& points, const Line& line) {
  Centre centre;
  for (std::size_t i = 0; i < points.size(); ++i) {
    centre.weight += line.weight[i];
    centre.told += line.weight[i] * points[i].told.value();
    centre.meter += line.weight[i] * points[i].meter.value();
  }
  centre.told /= centre.weight;
  centre.meter /= centre.weight;
  return centre;
}

// Ordinary least squares, where the iteration begins.
double first_gain(const std::vector<CommonMean>& points) {
  double x = 0, y = 0, xx = 0, xy = 0;
  const auto n = static_cast<double>(points.size());
  for (const CommonMean& point : points) {
    x += point.told.value() / n;
    y += point.meter.value() / n;
  }
  for (const CommonMean& point : points) {
    xx += square(point.told.value() - x);
    xy += (point.told.value() - x) * (point.meter.value() - y);
  }
  return xx > 0 ? xy / xx : 0;
}

Line york(const std::vector<CommonMean>& points) {
  Line line;
  line.gain = first_gain(points);
  line.weight.resize(points.size());
  line.place.resize(points.size());
  Centre centre;
  for (int i = 0; i < kMostIterations; ++i) {
    weigh(points, line);
    centre = centre_of(points, line);
    double above = 0, below = 0;
    for (std::size_t k = 0; k < points.size(); ++k) {
      const CommonMean& point = points[k];
      const double u = point.told.value() - centre.told, v = point.meter.value() - centre.meter;
      const double beta = line.weight[k] * (u * square(point.meter_uncertainty.value()) +
                                            line.gain * v * square(point.told_uncertainty.value()));
      line.place[k] = centre.told + beta;
      above += line.weight[k] * beta * v;
      below += line.weight[k] * beta * u;
    }
    const double before = line.gain;
    if (below != 0) line.gain = above / below;
    if (std::abs(line.gain - before) <= 1e-14 * std::abs(line.gain)) break;
  }
  weigh(points, line);
  line.offset = centre.meter - line.gain * centre.told;
  double weight = 0, mean = 0, spread = 0;
  for (std::size_t k = 0; k < points.size(); ++k) {
    weight += line.weight[k];
    mean += line.weight[k] * line.place[k];
  }
  mean /= weight;
  for (std::size_t k = 0; k < points.size(); ++k)
    spread += line.weight[k] * square(line.place[k] - mean);
  line.gain_variance = spread > 0 ? 1 / spread : 0;
  line.offset_variance = 1 / weight + square(mean) * line.gain_variance;
  line.covariance = -mean * line.gain_variance;
  return line;
}

// The residuals' part in a parabola around the middle of the points, by weighted least squares on
// (1, x, x^2): its height over the range, and that height's standard uncertainty.
struct Bend {
  double height_w = 0, uncertainty_w = 0;
};

std::optional<Bend> bend_of(const std::vector<CommonMean>& points, const Line& line) {
  if (points.size() < 5) return std::nullopt;
  const auto [low, high] =
      std::minmax_element(points.begin(), points.end(),
                          [](const CommonMean& a, const CommonMean& b) { return a.told < b.told; });
  const double middle = (low->told + high->told).value() / 2;
  const double half = (high->told - low->told).value() / 2;
  // Orthogonal to 1 and x in the weights: Gram-Schmidt.
  double w = 0, wx = 0, wxx = 0, wq = 0, wxq = 0;
  std::vector<double> x, q;
  for (std::size_t i = 0; i < points.size(); ++i) {
    x.push_back((points[i].told.value() - middle) / half);
    q.push_back(x.back() * x.back());
    w += line.weight[i];
    wx += line.weight[i] * x.back();
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    x[i] -= wx / w;
    wxx += line.weight[i] * x[i] * x[i];
    wq += line.weight[i] * q[i];
    wxq += line.weight[i] * x[i] * q[i];
  }
  double above = 0, below = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    q[i] -= wq / w + wxq / wxx * x[i];
    above += line.weight[i] * q[i] * points[i].residual.value();
    below += line.weight[i] * q[i] * q[i];
  }
  // Two levels of power bend nothing.
  if (!(below > 1e-3 * w)) return std::nullopt;
  const double c = above / below;
  double left = 0;
  for (std::size_t i = 0; i < points.size(); ++i)
    left += line.weight[i] * square(points[i].residual.value() - c * q[i]);
  const double scale = std::max(1.0, left / static_cast<double>(points.size() - 3));
  // c x^2 on -1..1 lies within c / 2 of its best line.
  return Bend{std::abs(c) / 2, std::sqrt(scale / below) / 2};
}

Status check(const std::vector<CommonMean>& points) {
  if (points.size() < kLeastPoints)
    return fail(ErrorKind::no_data,
                fmt::format("only {} stretches have readings of both the rail and the meter",
                            points.size()),
                "Record longer, or look at the clocks' offset");
  for (const CommonMean& point : points)
    for (const Watt value :
         {point.told, point.told_uncertainty, point.meter, point.meter_uncertainty})
      if (!std::isfinite(value.value()))
        return fail(ErrorKind::invalid, "a mean power is no number", "Look at the meter's log");
  return {};
}

// Points that state no uncertainty at all would get an infinite weight.
void give_least_uncertainty(std::vector<CommonMean>& points) {
  double most = 0;
  for (const CommonMean& point : points)
    most = std::max({most, std::abs(point.told.value()), std::abs(point.meter.value())});
  const Watt least(std::max(1e-9 * most, 1e-12));
  for (CommonMean& point : points)
    point.meter_uncertainty = std::max(point.meter_uncertainty, least);
}

tl::unexpected<Error> not_apart(double low, double high, double u_percent) {
  return fail(ErrorKind::unmeasured,
              fmt::format("gain and offset cannot be told apart: all stretches lie between {:.3f} "
                          "and {:.3f} W, and the gain would be known to {:.0f} % only",
                          low, high, u_percent),
              "Record loads of different power, from idle to full");
}

void include_meter(const MeterAccuracy& meter, Line& line) {
  line.gain_variance += square(line.gain * meter.gain_uncertainty);
  line.offset_variance +=
      square(line.offset * meter.gain_uncertainty) + square(meter.offset_uncertainty.value());
  line.covariance += line.gain * line.offset * square(meter.gain_uncertainty);
}

}  // namespace

std::vector<Window> common_stretches(const PowerSeries& ours, const PowerSeries& theirs,
                                     const ClockMatch& match) {
  std::vector<Window> stretches;
  if (ours.empty() || theirs.empty()) return stretches;
  const Instant begin = std::max(ours.instant(ours.time_s.front()),
                                 match.to_ours(theirs.instant(theirs.time_s.front())));
  const Instant end = std::min(ours.instant(ours.time_s.back()),
                               match.to_ours(theirs.instant(theirs.time_s.back())));
  const double all = (end - begin).seconds().value();
  if (all <= 0) return stretches;
  const double slowest =
      std::max({ours.window_s, theirs.window_s, ours.spacing_s, theirs.spacing_s});
  const double length =
      std::max({kLeastStretch_s, kStretchReadings * slowest,
                10 * match.offset_uncertainty.seconds().value(), all / kMostStretches});
  for (double at = 0; at + length <= all; at += length)
    stretches.push_back(
        {"", begin + Duration::from(Second(at)), begin + Duration::from(Second(at + length))});
  return stretches;
}

std::vector<CommonMean> common_means(const PowerSeries& ours, const PowerSeries& theirs,
                                     const ClockMatch& match,
                                     const std::vector<Window>& stretches) {
  std::vector<CommonMean> means;
  if (ours.empty() || theirs.empty()) return means;
  const Stretches our_line(ours), their_line(theirs);
  const double clock_u = match.offset_uncertainty.seconds().value();
  for (const Window& stretch : stretches) {
    const auto told = our_line.mean(ours.at(stretch.begin), ours.at(stretch.end));
    const auto meter = their_line.mean(theirs.at(match.to_theirs(stretch.begin)),
                                       theirs.at(match.to_theirs(stretch.end)));
    if (!told || !meter) continue;
    const double clocks = std::abs(told->change_w) * clock_u / stretch.duration().value();
    means.push_back({stretch.begin, stretch.end, Watt(told->power_w),
                     Watt(std::hypot(told->uncertainty_w, clocks)), Watt(meter->power_w),
                     Watt(meter->uncertainty_w), Watt(0)});
  }
  return means;
}

Result<CalibrationFit> fit_calibration(std::vector<CommonMean> points, const MeterAccuracy& meter,
                                       const std::string& date) {
  ISOJOULE_CHECK(check(points));
  give_least_uncertainty(points);
  double low = points[0].told.value(), high = low;
  for (const CommonMean& point : points) {
    low = std::min(low, point.told.value());
    high = std::max(high, point.told.value());
  }
  if (!(high > low)) return not_apart(low, high, 100);
  Line line = york(points);
  CalibrationFit fit;
  double squares = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    points[i].residual = points[i].meter - (points[i].told * line.gain + Watt(line.offset));
    squares += square(points[i].residual.value());
    line.chi_squared += line.weight[i] * square(points[i].residual.value());
  }
  const double freedom = static_cast<double>(points.size()) - 2;
  fit.residual_deviation = Watt(std::sqrt(squares / freedom));
  fit.reduced_chi_squared = line.chi_squared / freedom;
  const double birge = std::max(1.0, fit.reduced_chi_squared);
  line.gain_variance *= birge;
  line.offset_variance *= birge;
  line.covariance *= birge;
  const double gain_u = std::sqrt(line.gain_variance);
  if (!std::isfinite(gain_u) || gain_u > kWorstGain * std::abs(line.gain))
    return not_apart(low, high, 100 * gain_u / std::max(1e-9, std::abs(line.gain)));
  if (line.gain <= 0)
    return fail(
        ErrorKind::invalid,
        fmt::format("the meter's power falls where the rail's rises (gain {:.3f})", line.gain),
        "Check that both see the same supply, and the sign of the meter's current");
  if (const auto bend = bend_of(points, line);
      bend && bend->height_w > kBendSigmas * bend->uncertainty_w) {
    fit.bend = Watt(bend->height_w);
    line.offset_variance += square(bend->height_w / 2);
  }
  include_meter(meter, line);
  Calibration& found = fit.calibration;
  found.gain = line.gain;
  found.offset = Watt(line.offset);
  found.gain_uncertainty = std::sqrt(line.gain_variance);
  found.offset_uncertainty = Watt(std::sqrt(line.offset_variance));
  found.correlation =
      std::clamp(line.covariance / std::sqrt(line.gain_variance * line.offset_variance), -1.0, 1.0);
  found.meter = meter.name;
  found.date = date;
  found.lowest = Watt(low);
  found.highest = Watt(high);
  fit.points = std::move(points);
  return fit;
}

}  // namespace isojoule
