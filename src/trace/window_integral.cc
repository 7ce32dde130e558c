#include "trace/window_integral.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "trace/edge.h"
#include "trace/row_sums.h"
#include "trace/statistic.h"
#include "trace/total.h"

namespace isojoule {
namespace {

constexpr std::size_t kBuffer = 4096;    // cells that are summed at a time
constexpr std::size_t kStretch = 32768;  // rows that are passed at a time where all is well
constexpr std::size_t kJudged = 128;     // of them are looked at closely
constexpr std::int64_t kLongWindow = 16 * kBuffer;
const double kUniform = 1 / std::sqrt(12.0);
// Gaps of this share of the window in all are bridged, too.
constexpr double kGapShare = 0.02;

Energy absent(std::string why) {
  Energy energy;
  energy.energy.why_absent = std::move(why);
  return energy;
}

// Few readings tell little of how they scatter: what makes k = 2 hold as often as it says. Two of
// three neighbouring readings are shared by the next three, so that half of the triples count.
// Looked up, since a quantile takes longer than a window of a hundred readings.
double few_readings_factor(std::int64_t triples) {
  constexpr std::int64_t kKept = 256;
  constexpr double kLeast = 1.5;  // below, nothing is known of the scatter
  const double freedom = std::max(kLeast, static_cast<double>(triples) / 2);
  // Fisher's expansion at k = 2: (k^3 + k) / (4 nu); right to 2e-4 from there on.
  if (triples >= kKept) return 1 + 1.25 / freedom;
  thread_local std::array<double, kKept> kept{};
  double& factor = kept[static_cast<std::size_t>(triples)];
  if (factor == 0) factor = student_t(kCoverage, freedom) / 2;
  return factor;
}

}  // namespace

Duration usual_spacing(const Channel& block, std::size_t from, std::size_t to) {
  std::vector<std::int64_t> spacings;
  for (std::size_t i = from + 1; i < std::min(to, from + 1000); ++i)
    spacings.push_back(block.time_ns[i] - block.time_ns[i - 1]);
  if (spacings.empty()) return {};
  const auto middle = spacings.begin() + static_cast<std::ptrdiff_t>(spacings.size() / 2);
  std::nth_element(spacings.begin(), middle, spacings.end());
  return {*middle};
}

Duration WindowIntegral::reach(const ChannelInfo& info, Duration period) {
  const Second own = info.window * 3 + info.lag + info.update_period * 3;
  return Duration::from(own) + period * 4;
}

WindowIntegral::WindowIntegral(const ChannelInfo& info, Instant begin, Instant end, Duration period)
    : info_(info),
      begin_(begin),
      end_(end),
      period_(period),
      length_s_((end - begin).seconds().value()),
      maker_(info, begin) {}

void WindowIntegral::add(const Channel& block, std::size_t from, std::size_t to) {
  if (period_.ns <= 0) period_ = usual_spacing(block, from, to);
  while (from < to && !has_all_) {
    if (const std::size_t until = take_clean_rows(block, from, to); until > from) {
      from = until;
      continue;
    }
    const std::size_t until = std::min(to, from + kBuffer);
    look_at_times(block, from, until);
    look_at_steps(block, from, until);
    maker_.add(block, from, until, cells_);
    use_cells(false);
    from = until;
  }
}

// Far inside a long window, where all is well: every reading is news, none is missing, late, or
// negative. Then the energy is the straight lines' from row to row, and how it may be off is
// judged from the first rows of each stretch. Row `from - 1` must be the last cell there is.
// Returns how far it came; `from` where a closer look is needed.
std::size_t WindowIntegral::take_clean_rows(const Channel& block, std::size_t from,
                                            std::size_t to) {
  const std::int64_t reach_ns = reach(info_, period_).ns;
  const bool is_far_inside = has_begin_ && !is_first_ && from >= kJudged &&
                             inside_ + 1 == cells_.size() && from + kBuffer <= to &&
                             block.time_ns[from - 1] == previous_ns_ &&
                             (end_ - begin_).ns > kLongWindow * period_.ns;
  if (!is_far_inside || info_.kind == ChannelKind::energy_counter) return from;
  std::size_t last = std::min(to, from + kStretch) - 1;
  while (last > from && block.time_ns[last] >= end_.ns - reach_ns) last -= (last - from + 1) / 2;
  if (last < from + kJudged) return from;
  const RowSums rows = sum_rows(block, from - 1, last);
  const std::int64_t update = Duration::from(info_.update_period).ns;
  const bool is_clean = rows.is_sorted && rows.least_step_ns >= std::max<std::int64_t>(1, update) &&
                        rows.most_step_ns <= pace_ns() + pace_ns() / 2 && rows.least_raw >= 0 &&
                        !info_.calibration;
  if (!is_clean) return from;
  judge(block, from - 1, last);
  const double scale = info_.step_a * (block.b.empty() ? 1 : info_.step_b);
  interior_.energy_j += scale * rows.raw_integral * 1e-9;
  const auto count = static_cast<std::int64_t>(last - from + 1);
  cell_count_ += count;
  readings_ += count;
  restart_at(block, last);
  return last + 1;
}

// The sums of the first rows stand for all of the stretch.
void WindowIntegral::judge(const Channel& block, std::size_t from, std::size_t to) {
  Cells cells;
  CellMaker maker(info_, begin_);
  maker.add(block, from, from + kJudged, cells);
  Interior sums;
  sums.changes = 0;
  add_interior(cells, 0, cells.size() - 1, true, gap_s(), sums);
  const double share = static_cast<double>(to - from) / static_cast<double>(kJudged - 1);
  interior_.second_square += sums.second_square * share;
  interior_.first_square += sums.first_square * share;
  interior_.central_square += sums.central_square * share;
  interior_.second_sum += sums.second_sum;
  interior_.triples += static_cast<std::int64_t>(to - from);
  interior_.changes += static_cast<std::int64_t>(static_cast<double>(sums.changes) * share);
  look_at_steps(block, from, from + kJudged);
}

// As if every row up to this one had been looked at: the last few are made into cells anew.
void WindowIntegral::restart_at(const Channel& block, std::size_t row) {
  std::size_t first = row - kJudged;
  const std::int64_t back = Duration::from(info_.window).ns * 4;
  while (first > 0 && block.time_ns[row] - block.time_ns[first] < back) --first;
  cells_ = Cells{};
  maker_.forget();
  maker_.add(block, first, row + 1, cells_);
  inside_ = cells_.size() - 1;
  previous_ns_ = block.time_ns[row];
}

// A source that has news more seldom than it is asked leaves no gap by that.
std::int64_t WindowIntegral::pace_ns() const {
  return std::max(period_.ns, Duration::from(info_.update_period).ns);
}

// Gaps that reach into the window, the one before its first and after its last reading included.
void WindowIntegral::look_at_times(const Channel& block, std::size_t from, std::size_t to) {
  const std::int64_t limit = pace_ns() + pace_ns() / 2;
  for (std::size_t i = from; i < to; ++i) {
    const std::int64_t time = block.time_ns[i];
    if (!has_previous_) first_ns_ = time;
    if (has_previous_ && time < previous_ns_) continue;  // left out, and no gap
    const std::int64_t before = has_previous_ ? previous_ns_ : std::min(time, begin_.ns);
    if (limit > 0 && time - before > limit && time > begin_.ns && before < end_.ns)
      note_gap(std::max(before, begin_.ns), std::min(time, end_.ns));
    if (time >= begin_.ns && time <= end_.ns) ++readings_;
    previous_ns_ = time;
    has_previous_ = true;
  }
}

void WindowIntegral::note_gap(std::int64_t from_ns, std::int64_t to_ns) {
  ++gaps_;
  longest_gap_ns_ = std::max(longest_gap_ns_, to_ns - from_ns);
  gap_ns_ += to_ns - from_ns;
}

// For the quantisation: a voltage's step acts on the current and the other way round. A share of
// the readings tells their size well enough.
void WindowIntegral::look_at_steps(const Channel& block, std::size_t from, std::size_t to) {
  const std::size_t stride = std::max<std::size_t>(1, (to - from) / 64);
  const bool has_b = !block.b.empty();
  for (std::size_t i = from; i < to; i += stride) {
    if (block.time_ns[i] < begin_.ns || block.time_ns[i] > end_.ns) continue;
    const double a = block.a[i], b = has_b ? block.b[i] : 0;
    sum_a_ += a;
    square_a_ += a * a;
    square_b_ += b * b;
    ++looked_at_;
  }
}

void WindowIntegral::use_cells(bool is_last) {
  if (!has_begin_) {
    // Enough cells beyond the edge to see how power goes on there.
    const double far = 3 * cells_.width_s;
    const bool enough = cells_.size() > 8 && cells_.begin(cells_.size() - 4) > far;
    const bool over = cells_.size() > 0 && cells_.begin(cells_.size() - 1) > length_s_;
    if (!is_last && !enough && !over) return;
    use_begin();
  }
  const auto& centres = cells_.centre_s;
  const auto beyond = static_cast<std::size_t>(
      std::upper_bound(centres.begin() + static_cast<std::ptrdiff_t>(inside_), centres.end(),
                       length_s_) -
      centres.begin());
  if (beyond > inside_ + 1) {
    add_interior(cells_, inside_, beyond - 1, is_first_, gap_s(), interior_);
    for (std::size_t i = inside_; i + 1 < beyond; ++i) negative_ += cells_.power_w[i] < 0 ? 1 : 0;
    cell_count_ += static_cast<std::int64_t>(beyond - 1 - inside_);
    is_first_ = false;
    inside_ = beyond - 1;
  }
  const double after = 3 * cells_.width_s;
  has_all_ = cells_.size() > beyond + 3 && cells_.begin(cells_.size() - 3) > length_s_ + after;
  if (!is_last && !has_all_) forget_used();
}

void WindowIntegral::use_begin() {
  const auto& centres = cells_.centre_s;
  inside_ = static_cast<std::size_t>(std::lower_bound(centres.begin(), centres.end(), 0.0) -
                                     centres.begin());
  const auto inside_end = static_cast<std::size_t>(
      std::upper_bound(centres.begin(), centres.end(), length_s_) - centres.begin());
  has_begin_ = true;
  if (inside_ >= inside_end) return;
  const EdgeEnergy edge = energy_at_begin(cells_, 0, age_s(), inside_, inside_end);
  begin_energy_j_ = edge.energy_j;
  begin_u_j_ = edge.uncertainty_j;
}

// Keeps what the end edge may look back at.
void WindowIntegral::forget_used() {
  for (const std::int64_t time : cells_.stale_ns)
    stale_ += time >= begin_.ns && time <= end_.ns ? 1 : 0;
  cells_.stale_ns.clear();
  was_reset_ = was_reset();
  cells_.resets_s.clear();
  if (inside_ < 2 * kBuffer && cells_.size() < 4 * kBuffer) return;
  const double kept_from = cells_.centre_s[inside_] - 4 * cells_.width(inside_);
  const auto& centres = cells_.centre_s;
  const auto first = static_cast<std::size_t>(
      std::lower_bound(centres.begin(), centres.end(), kept_from) - centres.begin());
  const std::size_t count = std::min(first, inside_ - std::min<std::size_t>(inside_, 8));
  cells_.erase_front(count);
  inside_ -= count;
}

bool WindowIntegral::was_reset() const {
  return was_reset_ ||
         std::any_of(cells_.resets_s.begin(), cells_.resets_s.end(),
                     [this](double at) { return at > 0 && at < length_s_ + gap_s(); });
}

double WindowIntegral::gap_s() const { return 1.5e-9 * static_cast<double>(pace_ns()); }

double WindowIntegral::age_s() const {
  if (info_.is_dated_by_source) return 0;
  const double update = info_.update_period.value(), period = period_.seconds().value();
  return period > 0 ? std::min(update, period) : update;
}

Energy WindowIntegral::finish(Counters& counters) {
  if (length_s_ <= 0) return absent("the phase has no length");
  use_cells(true);
  for (const std::int64_t time : cells_.stale_ns)
    stale_ += time >= begin_.ns && time <= end_.ns ? 1 : 0;
  if (std::string why = why_absent(counters); !why.empty()) return absent(std::move(why));
  return evaluate(counters);
}

// Raises what the readings' times tell, too.
std::string WindowIntegral::why_absent(Counters& counters) {
  if (length_s_ < info_.window.value()) counters.add(Counter::window_shorter_than_sensor);
  counters.add(Counter::sample_stale, stale_);
  counters.add(Counter::time_backwards, maker_.backwards());
  if (!has_previous_) {
    counters.add(Counter::phase_without_samples);
    return "the rail " + info_.rail + " gave no reading";
  }
  const std::int64_t limit = pace_ns() + pace_ns() / 2;
  if (first_ns_ > end_.ns || previous_ns_ < begin_.ns) {
    counters.add(Counter::marker_outside);
    return "the readings end before the window begins, or begin after its end";
  }
  if (limit > 0 && first_ns_ > begin_.ns + limit) counters.add(Counter::marker_outside);
  if (limit > 0 && previous_ns_ < end_.ns - limit) {
    counters.add(Counter::trace_ends_in_phase);
    note_gap(previous_ns_, end_.ns);
    --gaps_;  // it has its own name
  }
  if (readings_ == 0) {
    counters.add(Counter::phase_without_samples);
    return "no reading falls into the phase";
  }
  counters.add(Counter::sample_gap, static_cast<std::uint64_t>(gaps_));
  if (was_reset()) {
    counters.add(Counter::sample_failed);
    return "the energy counter ran backwards: it was reset";
  }
  if (limit > 0 && longest_gap_ns_ > kLongGap * pace_ns() &&
      static_cast<double>(gap_ns_) * 1e-9 > kGapShare * length_s_) {
    counters.add(Counter::gap_not_bridged);
    return fmt::format("readings are missing for {:.3g} s in one piece",
                       static_cast<double>(longest_gap_ns_) * 1e-9);
  }
  if (cells_.size() == 0) return "the energy counter was read only once";
  if (limit <= 0 && first_ns_ == previous_ns_ && length_s_ > info_.window.value()) {
    counters.add(Counter::gap_not_bridged);
    return "the rail " + info_.rail + " gave one reading: for how long it holds is not known";
  }
  return {};
}

Energy WindowIntegral::evaluate(Counters& counters) {
  Energy result;
  double joules = 0, edges = 0;
  const auto& centres = cells_.centre_s;
  const auto inside_end = static_cast<std::size_t>(
      std::upper_bound(centres.begin(), centres.end(), length_s_) - centres.begin());
  for (std::size_t i = inside_; i < inside_end; ++i) negative_ += cells_.power_w[i] < 0 ? 1 : 0;
  if (inside_ < inside_end) {
    const EdgeEnergy end =
        energy_at_end(cells_, length_s_, age_s(), is_first_ ? inside_ : 0, inside_end);
    joules = begin_energy_j_ + interior_.energy_j + end.energy_j;
    edges = std::hypot(begin_u_j_, end.uncertainty_j);
  } else {
    // A window between two centres: the power there, and anything between the two is possible.
    const std::size_t after = std::min(inside_end, cells_.size() - 1);
    const std::size_t before = after == 0 ? 0 : after - 1;
    const double middle = length_s_ / 2, span = centres[after] - centres[before];
    const double share = span > 0 ? std::clamp((middle - centres[before]) / span, 0.0, 1.0) : 0;
    const double low = cells_.power_w[before], high = cells_.power_w[after];
    joules = (low + share * (high - low)) * length_s_;
    edges = std::abs(high - low) * length_s_ * kUniform;
  }
  counters.add(Counter::negative_power, static_cast<std::uint64_t>(negative_));
  result.energy.value = Joule(joules);
  auto& budget = result.budget_j;
  add_systematic(joules, budget);
  budget["quantisation"] = quantisation_j();
  budget["sampling"] =
      sampling_uncertainty_j(interior_, age_s()) * few_readings_factor(interior_.triples);
  budget["edges"] = std::hypot(edges, unseen_j(joules));
  if (interior_.gap_square > 0) budget["gaps"] = std::sqrt(interior_.gap_square);
  result.energy.uncertainty = Joule(root_of_squares(budget));
  return result;
}

// Of a window shorter than what a reading averages over: what its power has beside that of the rest
// of the reading nobody sees, from nothing to twice as much (even, so over sqrt(3)).
double WindowIntegral::unseen_j(double joules) const {
  const double beyond_s = std::max(0.0, info_.window.value() - length_s_);
  return std::abs(joules) / length_s_ * beyond_s / std::sqrt(3.0);
}

// What is wrong by the same factor or the same power throughout.
void WindowIntegral::add_systematic(double joules, std::map<std::string, double>& budget) const {
  if (info_.calibration) {
    budget["calibration"] = calibration_uncertainty_j(*info_.calibration, joules, length_s_);
    return;
  }
  const double step = info_.kind == ChannelKind::voltage_current ? info_.step_a : 0;
  const double mean_a = looked_at_ > 0 ? sum_a_ / static_cast<double>(looked_at_) : 0;
  budget["gain"] = std::abs(joules) * info_.gain_uncertainty;
  budget["offset"] = (std::abs(mean_a) * step * info_.current_offset_uncertainty.value() +
                      info_.power_offset_uncertainty.value()) *
                     length_s_;
}

// Readings that do not change share one rounding error, however many they are: only changes count.
double WindowIntegral::quantisation_j() const {
  const double gain = info_.calibration ? std::abs(info_.calibration->gain) : 1;
  if (info_.kind == ChannelKind::energy_counter)
    return gain * info_.step_a * std::sqrt(2.0) * kUniform;  // of the two ends
  const auto count = static_cast<double>(std::max<std::int64_t>(1, looked_at_));
  double square = 0;
  if (info_.kind == ChannelKind::voltage_current) {
    const double volt = std::max(info_.voltage_quantum.value(), info_.step_a) * kUniform;
    const double ampere = std::max(info_.current_quantum.value(), info_.step_b) * kUniform;
    const double voltage = info_.step_a * info_.step_a * square_a_ / count;
    const double current = info_.step_b * info_.step_b * square_b_ / count;
    square = voltage * ampere * ampere + current * volt * volt;
  } else {
    const double watt = std::max(info_.power_quantum.value(), info_.step_a) * kUniform;
    square = watt * watt;
  }
  return gain * std::sqrt(square / static_cast<double>(interior_.changes)) * length_s_;
}

}  // namespace isojoule
