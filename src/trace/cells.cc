#include "trace/cells.h"

#include <algorithm>
#include <cmath>

namespace isojoule {

void Cells::erase_front(std::size_t count) {
  const auto drop = [count](std::vector<double>& column) {
    column.erase(column.begin(), column.begin() + static_cast<std::ptrdiff_t>(count));
  };
  drop(centre_s);
  drop(power_w);
  if (!widths_s.empty()) drop(widths_s);
}

CellMaker::CellMaker(const ChannelInfo& info, Instant origin)
    : info_(info), origin_(origin), update_s_(info.update_period.value()) {}

void CellMaker::add(const Channel& block, std::size_t from, std::size_t to, Cells& cells) {
  if (info_.kind == ChannelKind::energy_counter)
    add_counter(block, from, to, cells);
  else
    add_power(block, from, to, cells);
}

// True where the reading is news: dated later than the last, and not the last one once more before
// the source can have converted again.
bool CellMaker::is_news(std::int64_t time_ns, std::int32_t a, std::int32_t b, Cells& cells) {
  if (!has_last_) return true;
  const double asked_s = on_line({time_ns});
  if (asked_s < asked_s_ || (asked_s == asked_s_ && (a != last_a_ || b != last_b_))) {
    ++backwards_;
    return false;
  }
  const bool same = a == last_a_ && b == last_b_;
  // A counter that stands still has not been updated: what runs, uses energy.
  const bool counts = info_.kind == ChannelKind::energy_counter;
  const double hold = counts ? std::max(update_s_, 3 * (asked_s - asked_s_)) : update_s_;
  if (!same || (asked_s - last_s_ >= hold && asked_s > asked_s_)) return true;
  cells.stale_ns.push_back(time_ns);
  asked_s_ = asked_s;
  return false;
}

void CellMaker::keep(double asked_s, std::int32_t a, std::int32_t b) {
  last_s_ = asked_s_ = asked_s;
  last_a_ = a;
  last_b_ = b;
  has_last_ = true;
}

double CellMaker::age_at(double asked_s) const {
  if (info_.is_dated_by_source) return 0;
  return has_last_ ? std::min(update_s_, asked_s - asked_s_) : update_s_;
}

void CellMaker::add_power(const Channel& block, std::size_t from, std::size_t to, Cells& cells) {
  const bool has_b = !block.b.empty();
  const double lag_s = info_.lag.value() + info_.window.value() / 2;
  const double gain = info_.calibration ? info_.calibration->gain : 1;
  const double offset = info_.calibration ? info_.calibration->offset.value() : 0;
  const double scale = gain * info_.step_a * (has_b ? info_.step_b : 1);
  cells.width_s = info_.window.value();
  cells.centre_s.reserve(cells.size() + to - from);
  cells.power_w.reserve(cells.size() + to - from);
  for (std::size_t i = from; i < to; ++i) {
    const double asked = on_line({block.time_ns[i]});
    const std::int32_t a = block.a[i], b = has_b ? block.b[i] : 0;
    if (!is_news(block.time_ns[i], a, b, cells)) continue;
    cells.centre_s.push_back(asked - lag_s - age_at(asked) / 2);
    cells.power_w.push_back(scale * a * (has_b ? b : 1.0) + offset);
    keep(asked, a, b);
  }
}

// The column holds the low 32 bits of the chip's counter, of 32, 63 or any more bits: differences
// modulo 2^32 are exact as long as less than 2^31 steps pass between two readings.
void CellMaker::add_counter(const Channel& block, std::size_t from, std::size_t to, Cells& cells) {
  const double gain = info_.calibration ? info_.calibration->gain : 1;
  const double offset = info_.calibration ? info_.calibration->offset.value() : 0;
  for (std::size_t i = from; i < to; ++i) {
    const double asked = on_line({block.time_ns[i]});
    const std::int32_t a = block.a[i];
    if (!is_news(block.time_ns[i], a, 0, cells)) continue;
    const double boundary = asked - info_.lag.value() - age_at(asked) / 2;
    if (has_last_) {
      const auto raw = static_cast<std::uint32_t>(a) - static_cast<std::uint32_t>(last_a_);
      const auto steps = static_cast<std::int32_t>(raw);
      const double width = boundary - boundary_s_;
      if (steps < 0) cells.resets_s.push_back(boundary);
      cells.centre_s.push_back(boundary - width / 2);
      cells.power_w.push_back(gain * steps * info_.step_a / width + offset);
      cells.widths_s.push_back(width);
    }
    boundary_s_ = boundary;
    keep(asked, a, 0);
  }
}

}  // namespace isojoule
