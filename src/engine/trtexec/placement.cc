#include "engine/trtexec/placement.h"

#include <algorithm>
#include <cmath>

namespace isojoule::trtexec {
namespace {

Duration milliseconds(double value) {
  return {static_cast<std::int64_t>(std::llround(value * 1e6))};
}

// Beside the printed step: the times are those of the GPU's clock, which runs apart from ours by
// less than 100 millionths, and reading a line takes the scheduler's time.
Duration slack(double last_end_ms) {
  return milliseconds(1 + step_ms(last_end_ms) + last_end_ms * 1e-4);
}

constexpr Duration kLongest = Duration::milliseconds(100LL * 24 * 3600 * 1000);

struct Span {
  double begin, duration;
};

Span span_of(const BatchTimes& times, Overlap overlap) {
  if (overlap == Overlap::none) return {times.copy_in_begin, times.latency};
  return {times.compute_begin, times.compute};
}

}  // namespace

Result<TimeZero> find_time_zero(std::optional<Instant> inference_line,
                                std::optional<Instant> report_line, double last_end_ms) {
  if (!inference_line && !report_line)
    return fail(ErrorKind::engine, "trtexec printed neither the begin nor the end of its inference",
                "Its batches cannot be placed in time: is this trtexec of TensorRT 8.0 or later?");
  const Duration length = milliseconds(last_end_ms);
  if (!inference_line)
    return TimeZero{*report_line - length, std::nullopt, "no line told of the begin"};
  if (!report_line) return TimeZero{*inference_line, std::nullopt, "no line told of the end"};
  const Instant earliest = *inference_line, latest = *report_line - length;
  const Duration width = latest - earliest;
  TimeZero zero;
  zero.at = earliest + Duration{width.ns / 2};
  zero.uncertainty = Duration{std::abs(width.ns) / 2} + milliseconds(step_ms(last_end_ms) / 2);
  if (width < Duration{0} - slack(last_end_ms))
    zero.fault = "trtexec's times are longer than what passed between its lines";
  return zero;
}

Result<PlacedBatches> place_batches(std::vector<BatchTimes> times, std::size_t batches,
                                    double warm_up_ms, Instant zero, Overlap overlap) {
  if (times.size() < batches)
    return fail(ErrorKind::engine, "trtexec gives the times of " + std::to_string(times.size()) +
                                       " batches of " + std::to_string(batches));
  PlacedBatches placed;
  std::stable_sort(times.begin(), times.end(),
                   [](const auto& a, const auto& b) { return a.compute_end < b.compute_end; });
  const bool whole =
      !times.empty() && (warm_up_ms <= 0 || times.front().compute_begin < warm_up_ms);
  Instant free = zero;
  const std::size_t skipped = times.size() - batches;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const Span span = span_of(times[i], overlap);
    BatchMark mark;
    mark.begin = std::max(zero + milliseconds(span.begin), free);
    mark.end = mark.begin + milliseconds(span.duration);
    if (overlap == Overlap::streams) {
      mark.end = std::max(zero + milliseconds(times[i].compute_end), free);
      if (i > 0) mark.begin = free;
      mark.begin = std::min(mark.begin, mark.end);
    }
    if (mark.end - zero > kLongest)
      return fail(ErrorKind::engine, "trtexec's times add up to more than a hundred days");
    free = mark.end;
    if (i == 0 && whole && skipped > 0) placed.first = mark;
    if (i >= skipped) placed.batches.push_back(mark);
  }
  placed.warm_up = skipped - (placed.first ? 1 : 0);
  return placed;
}

}  // namespace isojoule::trtexec
