#include "trace/align.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "trace/correlate.h"
#include "trace/fine_offset.h"

namespace isojoule {
namespace {

constexpr std::size_t kLeastReadings = 12;
constexpr double kMostSteps = 1 << 20;  // of the coarse grid, of both records
constexpr double kLeastCorrelation = 0.5;
// Chance that two strangers correlate so well at any of the offsets that were looked at.
constexpr double kChance = 1e-4;
constexpr double kLeastTelling = 5;  // readings that tell the offset
// Another offset is no rival if it correlates clearly less, or leaves clearly more unexplained.
constexpr double kRivalCorrelation = 0.7, kRivalUnexplained = 2;
// The drift of two quartz clocks; beyond it something else is wrong.
constexpr double kMostRate = 2e-3;

double deviation(const PowerSeries& series) {
  double sum = 0, square = 0;
  const auto n = static_cast<double>(series.power_w.size());
  for (const double power : series.power_w) sum += power;
  for (const double power : series.power_w) square += std::pow(power - sum / n, 2);
  return std::sqrt(square / n);
}

// A record that moves by less than a few of its steps has nothing to be matched by.
double floor_of(const PowerSeries& series) {
  return std::max({1.5 * series.quantum_w, 1e-3 * deviation(series), 1e-9});
}

Grid grid_of(const PowerSeries& series, double step, double window_s) {
  const PowerLine line(series);
  const auto count = static_cast<std::size_t>(std::floor(series.length_s() / step)) + 1;
  Grid grid{std::vector<double>(count), std::vector<double>(count)};
  const double half = std::max(step, window_s) / 2, first = series.time_s.front();
  for (std::size_t i = 0; i < count; ++i) {
    const double time = first + static_cast<double>(i) * step;
    grid.value[i] = line.mean(time - half, time + half);
    grid.known[i] = line.covers(time, time) ? 1 : 0;
  }
  return grid;
}

// Offsets are in seconds between the two series' own lines of time.
class Matching {
 public:
  Matching(const PowerSeries& ours, const PowerSeries& theirs, const MatchOptions& options)
      : ours_(ours), theirs_(theirs), options_(options) {}

  Result<ClockMatch> match() {
    ISOJOULE_CHECK(check_readings(ours_, "our trace"));
    ISOJOULE_CHECK(check_readings(theirs_, "the other log"));
    for (const auto& [series, name] : {std::pair{&ours_, "our trace"}, {&theirs_, "the other log"}})
      if (deviation(*series) < 1.5 * series->quantum_w)
        return unsure(fmt::format("the power of {} does not move", name));
    ISOJOULE_CHECK(find_coarsely());
    if (best_ < 0) return unsure("no offset at which both powers move together");
    const double coarse = offset_of(best_);
    result_.offset = to_clocks(coarse);
    result_.correlation = found_.r[static_cast<std::size_t>(best_)];
    find_rival();
    refine(coarse);
    refine_rival();
    judge();
    return result_;
  }

 private:
  static Status check_readings(const PowerSeries& series, const char* name) {
    if (series.time_s.size() >= kLeastReadings && series.length_s() > 0) return {};
    return fail(ErrorKind::no_data,
                fmt::format("{} has only {} readings: too few to match two clocks by", name,
                            series.time_s.size()),
                "Record longer, or state the offset");
  }
  ClockMatch unsure(std::string why) {
    result_.why_unsure = std::move(why);
    return result_;
  }
  Duration to_clocks(double offset_s) const {
    return Duration{ours_.origin_ns - theirs_.origin_ns} + Duration::from(Second(offset_s));
  }
  double to_lines(Duration offset) const {
    return (offset - Duration{ours_.origin_ns - theirs_.origin_ns}).seconds().value();
  }
  double offset_of(std::ptrdiff_t place) const {
    return ours_.time_s.front() - theirs_.time_s.front() +
           static_cast<double>(found_.first + place) * step_;
  }
  bool is_allowed(std::ptrdiff_t place) const {
    if (!options_.near) return true;
    return std::abs(offset_of(place) - to_lines(*options_.near)) <=
           options_.within.seconds().value();
  }

  Status find_coarsely() {
    const double fast = std::min(ours_.spacing_s, theirs_.spacing_s);
    const double slow = std::max(ours_.spacing_s, theirs_.spacing_s);
    const double all = ours_.length_s() + theirs_.length_s();
    step_ = std::max({fast, slow / 4, all / kMostSteps});
    const double shorter = std::min(ours_.length_s(), theirs_.length_s());
    const Grid ours = grid_of(ours_, step_, theirs_.window_s);
    const Grid theirs = grid_of(theirs_, step_, ours_.window_s);
    found_ = correlate(ours, theirs, shorter / step_ / 2, floor_of(ours_), floor_of(theirs_));
    memory_ = common_memory(ours, theirs);
    bool overlaps = false;
    double most = 0;
    for (std::size_t k = 0; k < found_.r.size(); ++k) {
      const auto place = static_cast<std::ptrdiff_t>(k);
      if (!is_allowed(place)) continue;
      overlaps = overlaps || found_.count[k] * step_ >= shorter / 2;
      // Between two alike, the one with the longer overlap.
      const double score = found_.r[k] * std::pow(std::max(1.0, found_.count[k]), 0.1);
      if (score <= most) continue;
      most = score;
      best_ = place;
    }
    if (!overlaps)
      return fail(ErrorKind::no_data,
                  "our trace and the other log do not overlap by half of the shorter one at any "
                  "offset that was allowed",
                  "Look at the times of both, or allow more offsets");
    return {};
  }

  // Steps after which the two have forgotten what they were: the number by which the overlap is to
  // be divided for that of independent readings (Bartlett, Journal of the Royal Statistical Society
  // 98, 1935: 1 + 2 x the sum of the products of the autocorrelations).
  static double common_memory(const Grid& ours, const Grid& theirs) {
    const Correlations a = correlate(ours, ours, 8, 0, 0), b = correlate(theirs, theirs, 8, 0, 0);
    const auto middle_a = static_cast<std::size_t>(-a.first);
    const auto middle_b = static_cast<std::size_t>(-b.first);
    double sum = 1;
    for (std::size_t k = 1; k <= std::min(middle_a, middle_b); ++k) {
      const double ra = a.r[middle_a + k], rb = b.r[middle_b + k];
      if (ra < 0.05 || rb < 0.05) break;
      sum += 2 * ra * rb;
    }
    return sum;
  }

  // How many standard deviations of Fisher's z the correlation is from chance, against how many the
  // best of all offsets would reach by it.
  bool could_be_chance(double r) const {
    const double readings = found_.count[static_cast<std::size_t>(best_)] / memory_;
    const double offsets = static_cast<double>(found_.r.size()) / memory_;
    if (readings <= 4) return true;
    const double z = std::atanh(std::min(r, 1 - 1e-12)) * std::sqrt(readings - 3);
    return z < std::sqrt(2 * std::log(std::max(1.0, offsets) / kChance));
  }

  // The best correlation outside of the peak, which ends where the correlation rises again.
  void find_rival() {
    const auto& r = found_.r;
    const double peak = result_.correlation;
    const auto last = static_cast<std::ptrdiff_t>(r.size()) - 1;
    const double rise = 0.02 * peak;
    const auto foot = [&](std::ptrdiff_t by) {
      double least = peak;
      std::ptrdiff_t at = best_;
      for (; at > 0 && at < last && is_allowed(at); at += by) {
        const double here = r[static_cast<std::size_t>(at)];
        if (here > least + rise || here <= 0) break;
        least = std::min(least, here);
      }
      return at;
    };
    const std::ptrdiff_t left = foot(-1), right = foot(1);
    for (std::ptrdiff_t at = 0; at <= last; ++at) {
      if ((at > left && at < right) || !is_allowed(at)) continue;
      const double here = r[static_cast<std::size_t>(at)];
      if (here <= result_.next_correlation) continue;
      result_.next_correlation = here;
      result_.next_offset = to_clocks(offset_of(at));
    }
  }

  // Of the part between two times of the points' own.
  FineOffset fine(double near_s, double from_s, double to_s) const {
    const bool ours_is_line = ours_.spacing_s <= theirs_.spacing_s;
    const PowerSeries& points = ours_is_line ? theirs_ : ours_;
    const double reach = std::max(2 * step_, points.spacing_s);
    FineOffset fine = fine_offset(points, ours_is_line ? ours_ : theirs_,
                                  ours_is_line ? near_s : -near_s, reach, from_s, to_s);
    if (!ours_is_line) fine.offset_s = -fine.offset_s;
    return fine;
  }

  void refine(double coarse) {
    const bool ours_is_line = ours_.spacing_s <= theirs_.spacing_s;
    // What both cover, on their clock and on the points'.
    const double begin = std::max(theirs_.time_s.front(), ours_.time_s.front() - coarse);
    const double end = std::min(theirs_.time_s.back(), ours_.time_s.back() - coarse);
    const double shift = ours_is_line ? 0 : coarse;
    result_.overlap = Duration::from(Second(end - begin));
    whole_ = fine(coarse, begin + shift - 1, end + shift + 1);
    at_s_ = (begin + end) / 2;
    take(whole_.offset_s, whole_.uncertainty_s);
    if (options_.with_rate && !whole_.at_edge) fit_rate(begin + shift, end + shift, shift);
  }

  // As finely as the best one, or the coarse steps would decide between the two.
  void refine_rival() {
    if (result_.next_correlation <= 0) return;
    const double near = to_lines(result_.next_offset);
    const double shift = ours_.spacing_s <= theirs_.spacing_s ? 0 : near;
    const double begin = std::max(theirs_.time_s.front(), ours_.time_s.front() - near);
    const double end = std::min(theirs_.time_s.back(), ours_.time_s.back() - near);
    const FineOffset found = fine(near, begin + shift - 1, end + shift + 1);
    if (found.at_edge || found.correlation <= result_.next_correlation) return;
    result_.next_correlation = found.correlation;
    result_.next_offset = to_clocks(found.offset_s);
  }

  void take(double offset_s, double uncertainty_s) {
    result_.at = theirs_.instant(at_s_);
    result_.offset = to_clocks(offset_s);
    result_.offset_uncertainty = Duration::from(Second(uncertainty_s));
    if (whole_.correlation > 0) result_.correlation = whole_.correlation;
  }

  void fit_rate(double begin, double end, double shift) {
    const double third = (end - begin) / 3;
    const FineOffset first = fine(whole_.offset_s, begin - 1, begin + third);
    const FineOffset last = fine(whole_.offset_s, end - third, end + 1);
    for (const FineOffset* part : {&first, &last})
      if (part->at_edge || part->telling < kLeastTelling || part->correlation < kLeastCorrelation)
        return;
    const double apart = 2 * third;
    const double rate = (last.offset_s - first.offset_s) / apart;
    const double uncertainty = std::hypot(first.uncertainty_s, last.uncertainty_s) / apart;
    result_.rate_uncertainty = uncertainty;
    if (std::abs(rate) > kMostRate || std::abs(rate) <= 3 * uncertainty) return;
    result_.rate = rate;
    at_s_ = (begin + end) / 2 - shift;
    take((first.offset_s + last.offset_s) / 2,
         std::hypot(first.uncertainty_s, last.uncertainty_s) / 2);
  }

  void judge() {
    const double r = result_.correlation, next = std::max(0.0, result_.next_correlation);
    const auto say = [this](std::string why) {
      if (result_.why_unsure.empty()) result_.why_unsure = std::move(why);
    };
    if (r < kLeastCorrelation)
      say(fmt::format("the two powers correlate by {:.2f} only where they fit best", r));
    else if (could_be_chance(r))
      say(fmt::format("a correlation of {:.2f} over so little that changes may be chance", r));
    if (next > kRivalCorrelation * r && 1 - next * next < kRivalUnexplained * (1 - r * r))
      say(
          fmt::format("they fit as well {:+.3f} s away (correlation {:.3f} against {:.3f}): the "
                      "load repeats itself",
                      (result_.next_offset - result_.offset).seconds().value(), next, r));
    if (whole_.at_edge) say("the best fit lies at the end of what overlaps");
    if (whole_.telling < kLeastTelling)
      say(fmt::format("only {:.0f} readings tell the offset", whole_.telling));
    result_.is_sure = result_.why_unsure.empty();
  }

  const PowerSeries& ours_;
  const PowerSeries& theirs_;
  const MatchOptions& options_;
  ClockMatch result_;
  double step_ = 0, at_s_ = 0, memory_ = 1;
  Correlations found_;
  std::ptrdiff_t best_ = -1;
  FineOffset whole_;
};

}  // namespace

Instant ClockMatch::to_ours(Instant theirs) const {
  const double drift = rate * (theirs - at).seconds().value();
  return theirs + offset + Duration::from(Second(drift));
}

Instant ClockMatch::to_theirs(Instant ours) const {
  const double drift = rate * (ours - offset - at).seconds().value();
  return ours - offset - Duration::from(Second(drift));
}

Result<ClockMatch> match_clocks(const PowerSeries& ours, const PowerSeries& theirs,
                                const MatchOptions& options) {
  return Matching(ours, theirs, options).match();
}

ClockMatch stated_offset(Duration offset, Duration uncertainty) {
  ClockMatch match;
  match.is_sure = true;
  match.offset = offset;
  match.offset_uncertainty = uncertainty;
  match.correlation = 0;
  return match;
}

}  // namespace isojoule
