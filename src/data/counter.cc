#include "data/counter.h"

#include <algorithm>

namespace isojoule {
namespace {

constexpr std::array<CounterInfo, static_cast<std::size_t>(Counter::count_)> kCounters = {{
    {Counter::sample_gap, "sample_gap", Severity::warning,
     "two samples were further apart than one and a half periods",
     "Stop other programs, or sample less often"},
    {Counter::sample_stale, "sample_stale", Severity::info,
     "a reading was taken before the chip had finished a new window",
     "Nothing to do; sampling slower than the chip's window avoids it"},
    {Counter::sample_failed, "sample_failed", Severity::data_loss,
     "a channel answered with an error", "See the run's notes for the node and its error"},
    {Counter::clock_not_reached, "clock_not_reached", Severity::warning,
     "a clock reads back other than requested",
     "Look for a power mode, a throttle or another program that holds it"},
    {Counter::clock_drifted, "clock_drifted", Severity::warning,
     "a pinned clock moved during the run", "Look for throttling and for other programs"},
    {Counter::throttled, "throttled", Severity::data_loss, "the board throttled during the run",
     "Cool the board, or choose a lower setting"},
    {Counter::window_shorter_than_sensor, "window_shorter_than_sensor", Severity::warning,
     "a phase is shorter than the power chip's averaging window",
     "Run more inferences, so that the phase gets longer"},
    {Counter::phase_without_samples, "phase_without_samples", Severity::data_loss,
     "no reading falls into the phase", "Sample more often, or make the phase longer"},
    {Counter::reading_stuck, "reading_stuck", Severity::warning,
     "a rail gave the same reading through more than fifty of its windows",
     "Check that the chip is alive: a rail of a running board moves; an idle one may be constant"},
    {Counter::setting_not_reached, "setting_not_reached", Severity::warning,
     "a knob reads back other than requested",
     "Look for a power mode or another program that holds it"},
    {Counter::state_unreadable, "state_unreadable", Severity::warning,
     "a temperature, a throttle counter or a watched clock could not be read",
     "Look at `isojoule probe`; throttling, heat or another clock may have gone unseen"},
    {Counter::rail_missing, "rail_missing", Severity::data_loss,
     "a rail of the board gave nothing at all",
     "Run as root, and look at the problems that the board's opening named"},
    {Counter::trace_ends_in_phase, "trace_ends_in_phase", Severity::data_loss,
     "the readings end before the phase does", "Repeat the run"},
    {Counter::negative_power, "negative_power", Severity::info,
     "a reading was below zero; it is kept", "Nothing to do; chips have an offset"},
    {Counter::out_of_memory, "out_of_memory", Severity::data_loss,
     "the engine could not hold the batch", "Choose a smaller batch"},
    {Counter::engine_failed, "engine_failed", Severity::data_loss, "the engine failed",
     "See the run's failure text"},
    {Counter::temperature_high, "temperature_high", Severity::warning,
     "the run began above the plan's start temperature", "Allow a longer cool-down"},
    {Counter::spread_high, "spread_high", Severity::warning,
     "the repeats differ by more than the plan's criterion", "Make more repeats"},
    {Counter::time_backwards, "time_backwards", Severity::warning,
     "a reading is dated at or before the one before it; it is left out",
     "Look at the clock of what wrote the trace: was it set, or did summer time end?"},
    {Counter::not_a_number, "not_a_number", Severity::warning,
     "a reading is no number, or infinite; it is left out", "Look at the line in the log"},
    {Counter::line_malformed, "line_malformed", Severity::warning,
     "a line of the log says nothing that can be read; it is left out",
     "Look at the line; name the columns and units if they were guessed wrongly"},
    {Counter::line_truncated, "line_truncated", Severity::info,
     "the log's last line has no end; it is left out", "Nothing to do: its writer was stopped"},
    {Counter::gap_not_bridged, "gap_not_bridged", Severity::data_loss,
     "readings are missing for too long to guess the power between them",
     "Ask for a window without the gap, or measure again"},
    {Counter::marker_outside, "marker_outside", Severity::data_loss,
     "a marker or window lies outside of what the trace covers",
     "Compare the clocks of the two, and their time zones"},
    {Counter::clock_offset_unsure, "clock_offset_unsure", Severity::warning,
     "two clocks could not be matched well",
     "Give both a marker that they see, or a longer overlap"},
    {Counter::calibration_exceeded, "calibration_exceeded", Severity::warning,
     "the power lies beyond what its rail was calibrated with",
     "Calibrate again with loads that reach so far: isojoule calibrate"},
    {Counter::window_not_ended, "window_not_ended", Severity::warning,
     "a window was begun and never ended; it ends where the program did",
     "End every window, on the ways of an error too"},
    {Counter::window_not_begun, "window_not_begun", Severity::warning,
     "a window's end came without its begin, or twice; it is left out",
     "Give isojoule_window_end what isojoule_window_begin returned, once"},
    {Counter::window_lost, "window_lost", Severity::data_loss,
     "more windows than are kept, or more open at a time; the further ones are left out",
     "Make fewer, longer windows: docs/api.md has the limits"},
}};

}  // namespace

std::span<const CounterInfo> all_counters() { return kCounters; }

const CounterInfo& info_of(Counter counter) { return kCounters[static_cast<std::size_t>(counter)]; }

std::optional<Counter> counter_named(std::string_view name) {
  const auto found = std::find_if(kCounters.begin(), kCounters.end(),
                                  [name](const CounterInfo& info) { return info.name == name; });
  return found == kCounters.end() ? std::nullopt : std::optional(found->counter);
}

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::info: return "info";
    case Severity::warning: return "warning";
    case Severity::data_loss: return "data loss";
  }
  return "";
}

bool Counters::any() const {
  return std::any_of(counts_.begin(), counts_.end(), [](std::uint64_t n) { return n != 0; });
}

Counters& Counters::operator+=(const Counters& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  return *this;
}

}  // namespace isojoule
