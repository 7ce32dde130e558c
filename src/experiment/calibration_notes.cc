#include "experiment/calibration_notes.h"

#include <algorithm>

#include "trace/calibration_text.h"

namespace isojoule {
namespace {

constexpr double kTolerance = 0.1;  // of the calibrated range

// As told; a counter's from its ends. Absent where nothing was read.
std::optional<double> mean_told_w(const Channel& channel, std::int64_t begin, std::int64_t end) {
  const auto& time = channel.time_ns;
  const auto first = std::lower_bound(time.begin(), time.end(), begin) - time.begin();
  const auto last = std::upper_bound(time.begin(), time.end(), end) - time.begin();
  const auto from = static_cast<std::size_t>(first), to = static_cast<std::size_t>(last);
  if (channel.info.kind == ChannelKind::energy_counter) {
    if (to < from + 2) return std::nullopt;
    const double seconds = static_cast<double>(time[to - 1] - time[from]) * 1e-9;
    double joules = 0;  // modulo 2^32 from reading to reading, as the integrator takes them
    for (std::size_t i = from + 1; i < to; ++i)
      joules += static_cast<std::int32_t>(static_cast<std::uint32_t>(channel.a[i]) -
                                          static_cast<std::uint32_t>(channel.a[i - 1])) *
                channel.info.step_a;
    return seconds > 0 ? std::optional(joules / seconds) : std::nullopt;
  }
  if (to <= from) return std::nullopt;
  double sum = 0;
  for (std::size_t i = from; i < to; ++i) sum += channel.told_power_at(i).value();
  return sum / static_cast<double>(to - from);
}

bool exceeds(const Channel& channel, const Calibration& known, const Run& run) {
  if (!(known.highest > known.lowest) || channel.time_ns.empty()) return false;
  const Phase* inference = run.phase(PhaseKind::inference);
  const auto mean =
      mean_told_w(channel, inference == nullptr ? channel.time_ns.front() : inference->begin.ns,
                  inference == nullptr ? channel.time_ns.back() : inference->end.ns);
  if (!mean) return false;
  const double slack = kTolerance * (known.highest - known.lowest).value();
  return *mean < known.lowest.value() - slack || *mean > known.highest.value() + slack;
}

}  // namespace

void note_calibrations(const Trace& trace, const std::map<std::string, std::string>& doubts,
                       Run& run) {
  for (const Channel& channel : trace.channels) {
    const auto& known = channel.info.calibration;
    if (!known) continue;
    std::string& note = run.notes["calibration " + channel.info.rail];
    note = calibration_text(*known);
    if (const auto doubt = doubts.find(channel.info.sensor); doubt != doubts.end())
      note += "; attention: " + doubt->second;
    if (exceeds(channel, *known, run)) run.counters.add(Counter::calibration_exceeded);
  }
}

}  // namespace isojoule
