#include "trace/segment.h"

#include <algorithm>
#include <limits>

#include "trace/cells.h"
#include "trace/row_sums.h"
#include "trace/window_integral.h"

namespace isojoule {
namespace {

using Energies = std::vector<std::optional<Joule>>;

// ---- rows with nothing wrong: every reading is news, they ascend, power is a line between them --

class Rows {
 public:
  Rows(const Channel& channel, Duration longest)
      : channel_(channel),
        update_ns_(Duration::from(channel.info.update_period).ns),
        longest_ns_(longest.ns),
        scale_(channel.info.step_a * (channel.b.empty() ? 1 : channel.info.step_b) * 1e-9) {
    const ChannelInfo& info = channel.info;
    const Second age = info.is_dated_by_source ? Second(0) : info.update_period / 2;
    shift_ns_ = Duration::from(info.lag + age + info.window / 2).ns;
  }

  // Nothing where a row turns out not to be clean.
  std::optional<Energies> between(std::span<const Instant> marks) {
    Energies energies(marks.size() - 1);
    std::optional<Place> before = place_of(marks[0], 0);
    for (std::size_t i = 1; i < marks.size(); ++i) {
      const std::optional<Place> place = place_of(marks[i], before ? before->row : 0);
      if (before && place) {
        const std::optional<double> raw = raw_between(*before, *place);
        if (!raw) return std::nullopt;
        energies[i - 1] = Joule(scale_ * *raw);
      }
      before = place;
    }
    return energies;
  }

 private:
  struct Place {
    std::size_t row;   // the last at or before the mark
    double beyond_ns;  // from there to the mark
    double raw;        // power at the mark, in steps
  };

  double raw_at(std::size_t row) const {
    const double a = channel_.a[row];
    return channel_.b.empty() ? a : a * channel_.b[row];
  }

  std::optional<Place> place_of(Instant mark, std::size_t from) const {
    const auto& times = channel_.time_ns;
    const std::int64_t at = mark.ns + shift_ns_;
    if (times.size() < 2 || at < times.front() || at > times.back()) return std::nullopt;
    const std::size_t row = std::min(row_at(at, from), times.size() - 2);
    const double step = static_cast<double>(times[row + 1] - times[row]);
    const double beyond = static_cast<double>(at - times[row]);
    const double here = raw_at(row);
    return Place{row, beyond, here + (raw_at(row + 1) - here) * beyond / step};
  }

  // Most marks are about as many rows on as the last was: a guess first, then from there.
  std::size_t row_at(std::int64_t at, std::size_t from) const {
    const auto& times = channel_.time_ns;
    const std::size_t last = times.size() - 1;
    std::size_t low = from, reach = 1;
    if (at >= times[from]) {
      const std::int64_t step =
          std::max<std::int64_t>(1, times[std::min(from + 1, last)] - times[from]);
      low = std::min(last, from + static_cast<std::size_t>((at - times[from]) / step));
    }
    while (times[low] > at) {
      low -= std::min(low, reach);
      reach *= 2;
    }
    std::size_t high = low;
    for (reach = 1; high < last && times[high + 1] <= at; reach *= 2) {
      low = high + 1;
      high = std::min(last, high + reach);
      if (times[high] > at) break;
      low = high;
    }
    const auto begin = times.begin() + static_cast<std::ptrdiff_t>(low);
    const auto end = times.begin() + static_cast<std::ptrdiff_t>(std::min(high, last) + 1);
    return static_cast<std::size_t>(std::upper_bound(begin, end, at) - times.begin()) - 1;
  }

  // Of the steps that a mark cuts; all others are looked at where they are summed.
  bool is_clean_after(std::size_t row) const {
    const std::int64_t step = channel_.time_ns[row + 1] - channel_.time_ns[row];
    return step >= std::max<std::int64_t>(1, update_ns_) && step >> 31 == 0 && step <= longest_ns_;
  }

  std::optional<double> raw_between(const Place& a, const Place& b) const {
    const auto& times = channel_.time_ns;
    if (!is_clean_after(a.row) || !is_clean_after(b.row)) return std::nullopt;
    if (a.row == b.row) return (a.raw + b.raw) / 2 * (b.beyond_ns - a.beyond_ns);
    const std::size_t first = a.row + 1;
    double raw = (a.raw + raw_at(first)) / 2 *
                     (static_cast<double>(times[first] - times[a.row]) - a.beyond_ns) +
                 (raw_at(b.row) + b.raw) / 2 * b.beyond_ns;
    if (b.row > first) {
      const RowSums sums = sum_rows(channel_, first, b.row);
      if (!sums.is_sorted || sums.least_step_ns < std::max<std::int64_t>(1, update_ns_) ||
          sums.most_step_ns > longest_ns_)
        return std::nullopt;
      raw += sums.raw_integral;
    }
    return raw;
  }

  const Channel& channel_;
  std::int64_t update_ns_, longest_ns_, shift_ns_ = 0;
  double scale_;
};

// ---- anything else ------------------------------------------------------------------------------

// Energy up to `time`, from wherever; the cells have their running sums at the centres.
std::optional<double> until(const Cells& cells, const std::vector<double>& sums, double time) {
  const auto& centres = cells.centre_s;
  if (centres.empty() || time < cells.begin(0) || time > cells.end(cells.size() - 1))
    return std::nullopt;
  const auto next = static_cast<std::size_t>(
      std::upper_bound(centres.begin(), centres.end(), time) - centres.begin());
  if (next == 0) return sums[0] - cells.power_w[0] * (centres[0] - time);
  const std::size_t last = next - 1;
  if (next == centres.size()) return sums[last] + cells.power_w[last] * (time - centres[last]);
  if (!cells.widths_s.empty()) {  // counted: cut at the cells' border
    const double own = std::min(time - centres[last], cells.widths_s[last] / 2);
    return sums[last] + cells.power_w[last] * own +
           cells.power_w[next] * (time - centres[last] - own);
  }
  const double share = (time - centres[last]) / (centres[next] - centres[last]);
  const double power = cells.power_w[last] + share * (cells.power_w[next] - cells.power_w[last]);
  return sums[last] + (cells.power_w[last] + power) / 2 * (time - centres[last]);
}

std::vector<double> running_sums(const Cells& cells) {
  std::vector<double> sums(cells.size());
  for (std::size_t i = 1; i < cells.size(); ++i) {
    const double p = cells.power_w[i - 1], q = cells.power_w[i];
    sums[i] = sums[i - 1] + (cells.widths_s.empty()
                                 ? (p + q) * (cells.centre_s[i] - cells.centre_s[i - 1]) / 2
                                 : (p * cells.widths_s[i - 1] + q * cells.widths_s[i]) / 2);
  }
  return sums;
}

struct Stretch {
  double begin_s, end_s;
};

// Where nothing is known of the power: between readings further apart than `longest_s`, and where a
// counter ran backwards.
std::vector<Stretch> unknown_stretches(const Cells& cells, const ChannelInfo& info,
                                       double longest_s) {
  std::vector<Stretch> unknown;
  const double offset = info.calibration ? info.calibration->offset.value() : 0;
  const bool counts = !cells.widths_s.empty();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool ran_backwards = counts && cells.power_w[i] < offset;
    if (counts && (ran_backwards || cells.width(i) > longest_s))
      unknown.push_back({cells.begin(i), cells.end(i)});
    else if (!counts && i > 0 && cells.centre_s[i] - cells.centre_s[i - 1] > longest_s)
      unknown.push_back({cells.centre_s[i - 1], cells.centre_s[i]});
  }
  return unknown;
}

bool touches(const std::vector<Stretch>& unknown, double from, double to) {
  const auto next =
      std::partition_point(unknown.begin(), unknown.end(),
                           [from](const Stretch& stretch) { return stretch.end_s <= from; });
  return next != unknown.end() && next->begin_s < to;
}

Energies by_cells(const Channel& channel, std::span<const Instant> marks, Duration longest) {
  CellMaker maker(channel.info, marks[0]);
  Cells cells;
  maker.add(channel, 0, channel.time_ns.size(), cells);
  const std::vector<double> sums = running_sums(cells);
  Energies energies(marks.size() - 1);
  const std::vector<Stretch> unknown =
      unknown_stretches(cells, channel.info, longest.seconds().value());
  for (std::size_t i = 1; i < marks.size(); ++i) {
    const double from = maker.on_line(marks[i - 1]), to = maker.on_line(marks[i]);
    const auto a = until(cells, sums, from), b = until(cells, sums, to);
    if (a && b && !touches(unknown, from, to)) energies[i - 1] = Joule(*b - *a);
  }
  return energies;
}

}  // namespace

Energies energies_between(const Channel& channel, std::span<const Instant> marks, Duration period) {
  if (marks.size() < 2) return {};
  constexpr std::int64_t kEver = std::numeric_limits<std::int64_t>::max();
  if (period.ns <= 0) period = usual_spacing(channel, 0, channel.time_ns.size());
  const Duration pace = std::max(period, Duration::from(channel.info.update_period));
  const Duration longest =
      pace.ns > 0 && pace.ns < kEver / kLongGap ? pace * kLongGap : Duration{kEver};
  const bool is_simple =
      channel.info.kind != ChannelKind::energy_counter && !channel.info.calibration;
  if (is_simple)
    if (auto energies = Rows(channel, longest).between(marks)) return std::move(*energies);
  return by_cells(channel, marks, longest);
}

Energies energies_of(const Channel& channel, std::span<const BatchMark> stretches,
                     Duration period) {
  std::vector<Instant> marks;
  marks.reserve(2 * stretches.size());
  for (const BatchMark& stretch : stretches) {
    marks.push_back(stretch.begin);
    marks.push_back(stretch.end);
  }
  std::sort(marks.begin(), marks.end());
  marks.erase(std::unique(marks.begin(), marks.end()), marks.end());
  const Energies parts = energies_between(channel, marks, period);
  // Sums from the first mark on, and how many parts have none: a stretch is the difference.
  std::vector<double> sums(1);
  std::vector<std::size_t> unknown(1);
  for (const std::optional<Joule>& part : parts) {
    sums.push_back(sums.back() + part.value_or(Joule(0)).value());
    unknown.push_back(unknown.back() + (part ? 0 : 1));
  }
  Energies energies(stretches.size());
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    if (stretches[i].end <= stretches[i].begin) continue;
    const auto place = [&marks](Instant mark) {
      return static_cast<std::size_t>(std::lower_bound(marks.begin(), marks.end(), mark) -
                                      marks.begin());
    };
    const std::size_t from = place(stretches[i].begin), to = place(stretches[i].end);
    if (unknown[to] == unknown[from]) energies[i] = Joule(sums[to] - sums[from]);
  }
  return energies;
}

}  // namespace isojoule
