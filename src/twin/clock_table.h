// A frequency table in the unit of its nodes (cpufreq: kHz, devfreq: Hz), as integers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/quantity.h"

namespace isojoule::twin {

class ClockTable {
 public:
  // `unit`: hertz a step of the node. Frequencies ascending, at least one.
  ClockTable(const std::vector<Hertz>& frequencies, double unit) : unit_(unit) {
    for (const Hertz frequency : frequencies) entries_.push_back(number(frequency));
  }
  const std::vector<std::int64_t>& entries() const { return entries_; }
  std::int64_t lowest() const { return entries_.front(); }
  std::int64_t highest() const { return entries_.back(); }
  // The lowest entry not below (the highest entry if there is none), and the highest not above.
  std::int64_t at_least(std::int64_t value) const {
    const auto found = std::lower_bound(entries_.begin(), entries_.end(), value);
    return found == entries_.end() ? highest() : *found;
  }
  std::int64_t at_most(std::int64_t value) const {
    const auto found = std::upper_bound(entries_.begin(), entries_.end(), value);
    return found == entries_.begin() ? lowest() : *std::prev(found);
  }
  std::int64_t number(Hertz frequency) const { return std::llround(frequency.value() / unit_); }
  Hertz hertz(std::int64_t value) const { return Hertz(static_cast<double>(value) * unit_); }

 private:
  double unit_;
  std::vector<std::int64_t> entries_;
};

}  // namespace isojoule::twin
