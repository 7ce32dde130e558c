#include "app/monitor/rail_sum.h"

#include <algorithm>

#include "data/counted_steps.h"
#include "trace/window_integral.h"

namespace isojoule {
namespace {

// A rail that has said nothing for so many paces is told as absent.
constexpr std::int64_t kPatience = 3;

}  // namespace

RailSum::RailSum(ChannelInfo info, Duration period) : info_(std::move(info)), period_(period) {}

std::int64_t RailSum::pace_ns() const {
  return std::max(period_.ns, Duration::from(info_.update_period).ns);
}

void RailSum::take(std::int64_t time_ns, std::int32_t a, std::int32_t b, const std::string& phase,
                   Counters& counters) {
  const bool counts = info_.kind == ChannelKind::energy_counter;
  if (has_last_ && time_ns == last_ns_) return;  // the same reading, handed out again
  if (has_last_ && time_ns < last_ns_) {
    counters.add(Counter::time_backwards);
    return;
  }
  ++readings_;
  const double told =
      a * info_.step_a * (info_.kind == ChannelKind::voltage_current ? b * info_.step_b : 1);
  const auto corrected = [this](double value, double times) {
    return info_.calibration
               ? value * info_.calibration->gain + info_.calibration->offset.value() * times
               : value;
  };
  const double watts = counts ? 0 : corrected(told, 1);
  if (!counts && watts < 0) counters.add(Counter::negative_power);
  const std::int64_t step_ns = time_ns - last_ns_;
  const double seconds = static_cast<double>(step_ns) * 1e-9;
  const std::int32_t steps = counts && has_last_ ? counted_steps(last_a_, a) : 0;
  const bool is_gap = has_last_ && step_ns > pace_ns() + pace_ns() / 2;
  if (is_gap) counters.add(Counter::sample_gap);
  // A counter goes on through a gap; power does not tell what it was meanwhile.
  const bool is_bridged = counts ? steps >= 0 : step_ns <= kLongGap * pace_ns();
  if (has_last_ && !is_bridged)
    counters.add(counts ? Counter::sample_failed : Counter::gap_not_bridged);
  if (has_last_ && is_bridged) {
    const double joules =
        counts ? corrected(steps * info_.step_a, seconds) : (watts + last_w_) / 2 * seconds;
    energy_j_ += joules;
    phase_energy_j_[phase] += joules;
    has_energy_ = true;
    if (counts) add_power(joules / seconds);
  }
  if (!counts) add_power(watts);
  last_ns_ = time_ns;
  last_a_ = a;
  has_last_ = true;
}

void RailSum::add_power(double watts) {
  least_w_ = count_ == 0 ? watts : std::min(least_w_, watts);
  most_w_ = count_ == 0 ? watts : std::max(most_w_, watts);
  sum_w_ += watts;
  ++count_;
  last_w_ = watts;
  has_power_ = true;
}

std::optional<double> RailSum::power_at(std::int64_t time_ns) const {
  if (!has_power_ || last_ns_ != time_ns) return std::nullopt;
  return last_w_;
}

RailSum::Stretch RailSum::end_frame(std::int64_t now_ns) {
  Stretch stretch;
  if (count_ > 0)
    stretch = {sum_w_ / static_cast<double>(count_), least_w_, most_w_};
  else if (has_power_ && now_ns - last_ns_ <= kPatience * pace_ns())
    stretch = {last_w_, last_w_, last_w_};
  sum_w_ = 0;
  count_ = 0;
  return stretch;
}

}  // namespace isojoule
