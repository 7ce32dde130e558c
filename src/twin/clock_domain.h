// One clock domain of a simulation: table, limits, governor, and the time spent at each entry.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "twin/governor.h"

namespace isojoule::twin {

struct ClockDomain {
  const std::vector<Hertz>* table = nullptr;
  std::size_t current = 0;
  std::size_t lowest = 0, highest = 0;  // limits
  std::size_t ceiling = 0;              // of the power governance: bounds governors, not userspace
  std::size_t throttle = 0;             // of the thermal throttling: bounds everything
  std::size_t wish = 0;                 // userspace
  std::string governor_name;
  bool is_userspace = false;  // of governor_name: asked at every event
  std::unique_ptr<Governor> governor;
  Instant next_decision;
  Instant last_decision;
  std::vector<double> seconds_at;
  std::vector<std::uint32_t> transitions;  // row = from, column = to
  double busy_s = 0;                       // integral of the load
  double window_busy_s = 0;                // busy_s at the window's begin
  Instant window_begin;
  double recent_load = 0;

  Hertz frequency() const { return (*table)[current]; }
  bool userspace() const { return is_userspace; }
  // Whether a governor may move the clock; then its rail carries the guard band.
  bool moves() const { return governor && governor->period().ns > 0 && lowest < highest; }
  std::size_t top() const {
    const std::size_t governed =
        userspace() ? highest : std::min(highest, std::max(ceiling, lowest));
    return std::min(governed, throttle);
  }
  std::size_t bottom() const { return std::min(lowest, top()); }

  // What the governor wants now.
  std::size_t next(GovernorInput input) {
    input.current = current;
    input.lowest = bottom();
    input.highest = top();
    if (userspace()) return std::clamp(wish, bottom(), top());
    return governor->decide(input);
  }
  std::size_t index_of(Hertz frequency_wanted) const {
    std::size_t best = 0;
    for (std::size_t i = 1; i < table->size(); ++i)
      if (std::abs((*table)[i].value() - frequency_wanted.value()) <
          std::abs((*table)[best].value() - frequency_wanted.value()))
        best = i;
    return best;
  }
};

}  // namespace isojoule::twin
