#include "govern/report_check.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace isojoule {
namespace {

constexpr double kLongestEpoch = 86400;            // s
constexpr std::int64_t kMostRequests = 1LL << 40;  // in an epoch

void check_count(std::int64_t& count, std::int64_t& odd) {
  if (count >= 0 && count <= kMostRequests) return;
  count = 0;
  ++odd;
}

void check_value(std::optional<double>& value, double least, double most, std::int64_t& odd) {
  if (!value || (std::isfinite(*value) && *value >= least && *value <= most)) return;
  value.reset();
  ++odd;
}

void check_batches(EpochReport& report, std::int64_t& odd) {
  const std::size_t whole = std::min(report.batch_s.size(), report.batch_requests.size());
  if (whole != report.batch_s.size() || whole != report.batch_requests.size()) ++odd;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < whole; ++i) {
    const double s = report.batch_s[i];
    const std::int64_t n = report.batch_requests[i];
    if (std::isfinite(s) && s > 0 && s < kLongestEpoch && n > 0 && n <= kMostRequests) {
      report.batch_s[kept] = s;
      report.batch_requests[kept++] = n;
    } else {
      ++odd;
    }
  }
  report.batch_s.resize(kept);
  report.batch_requests.resize(kept);
}

}  // namespace

CheckedReport check_report(EpochReport report, GridPoint points) {
  CheckedReport out;
  const double seconds = report.end_s - report.begin_s;
  if (std::isfinite(seconds) && seconds > 0 && seconds < kLongestEpoch)
    out.seconds = seconds;
  else
    ++out.odd;
  for (std::int64_t* count : {&report.arrived, &report.served, &report.late, &report.queued})
    check_count(*count, out.odd);
  if (report.late > report.served) {
    report.late = report.served;
    ++out.odd;
  }
  if (report.point && (*report.point < 0 || *report.point >= points)) {
    report.point.reset();
    ++out.odd;
  }
  out.odd += static_cast<std::int64_t>(
      std::erase_if(report.refused, [points](GridPoint p) { return p < 0 || p >= points; }));
  check_value(report.energy_j, 1e-12, 1e12, out.odd);
  check_value(report.busy_s, 0, 1.001 * std::max(0.0, out.seconds), out.odd);
  check_value(report.temperature_c, -100, 300, out.odd);
  check_batches(report, out.odd);
  out.report = std::move(report);
  return out;
}

}  // namespace isojoule
