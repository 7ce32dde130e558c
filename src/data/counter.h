// Everything that can go wrong with data, each with a name, a severity and a remedy. Counted per
// run and shown wherever a number of that run is shown.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace isojoule {

enum class Counter : std::uint8_t {
  sample_gap,                  // two samples further apart than 1.5 periods
  sample_stale,                // a reading that cannot be new: the chip had not finished a window
  sample_failed,               // a channel answered with an error at one tick
  clock_not_reached,           // a clock reads back other than requested
  clock_drifted,               // a pinned clock moved during the run
  throttled,                   // a throttle counter rose during the run
  window_shorter_than_sensor,  // a phase shorter than the chip's averaging window
  phase_without_samples,       // no reading inside the phase
  reading_stuck,               // a rail said the same through more than fifty windows
  setting_not_reached,         // a knob that is no clock reads back other than requested
  state_unreadable,            // a temperature, throttle counter or watched clock gave nothing
  rail_missing,                // a rail of the board gave nothing at all
  trace_ends_in_phase,         // the trace does not cover the phase to its end
  negative_power,              // kept, and counted
  out_of_memory,               // the engine could not hold the batch
  engine_failed,
  temperature_high,      // start temperature above the plan's limit after the cool-down wait
  spread_high,           // repeats differ by more than the plan's criterion
  time_backwards,        // a reading dated at or before the one before it: left out
  not_a_number,          // a reading that is no number, or infinite: left out
  line_malformed,        // a line of a log that says nothing we can read: left out
  line_truncated,        // a log's last line has no end: left out
  gap_not_bridged,       // readings missing for too long to guess what was between them
  marker_outside,        // a marker or window that the trace does not cover
  clock_offset_unsure,   // two clocks could not be matched to better than the stated uncertainty
  calibration_exceeded,  // power beyond what a rail was calibrated with
  window_not_ended,      // a window that the program began and never ended
  window_not_begun,      // an end of a window that was never begun, or that had ended
  window_lost,           // more windows than are kept one by one
  count_,                // not a counter
};

enum class Severity : std::uint8_t { info, warning, data_loss };

struct CounterInfo {
  Counter counter;
  std::string_view name;  // "sample_gap", stable: it stands in files
  Severity severity;
  std::string_view meaning;
  std::string_view remedy;
};

std::span<const CounterInfo> all_counters();
const CounterInfo& info_of(Counter counter);
std::optional<Counter> counter_named(std::string_view name);
std::string_view name_of(Severity severity);  // "info", "warning", "data loss"

class Counters {
 public:
  void add(Counter counter, std::uint64_t times = 1) { counts_[index(counter)] += times; }
  std::uint64_t operator[](Counter counter) const { return counts_[index(counter)]; }
  bool any() const;
  Counters& operator+=(const Counters& other);
  bool operator==(const Counters& other) const = default;

 private:
  static std::size_t index(Counter counter) { return static_cast<std::size_t>(counter); }
  std::array<std::uint64_t, static_cast<std::size_t>(Counter::count_)> counts_{};
};

}  // namespace isojoule
