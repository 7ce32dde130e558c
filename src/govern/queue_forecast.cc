#include "govern/queue_forecast.h"

#include <algorithm>
#include <cmath>

namespace isojoule {
namespace {

constexpr int kRounds = 12;           // of the fixed point; it contracts by rate x t1 < 1
constexpr double kClose = 1e-3;       // relative: no forecast is nearer
constexpr double kLeastRate = 1e-6;   // requests a second: less is none
constexpr double kFarQuantile = 2.3;  // standard deviations to the 99th percentile of a normal

// E[K] of a service whose batches begin when the last has ended; at most `batch`.
double arrivals_in_a_batch(const BatchLine& line, double rate) {
  const auto most = static_cast<double>(line.batch);
  double m = std::min(most, rate * line.duration_s(1));
  for (int i = 0; i < kRounds; ++i) {
    const double next = std::min(most, rate * line.duration_s(std::min(most, m + std::exp(-m))));
    if (std::abs(next - m) <= kClose * m) return next;
    m = next;
  }
  return m;
}

}  // namespace

double BatchLine::busy_w() const {
  const auto n = static_cast<double>(batch);
  return energy_j(n) / duration_s(n);
}

QueueForecast forecast(const BatchLine& line, const Arrivals& arrivals, double late_share,
                       std::optional<double> fill_wait_s, double queued) {
  QueueForecast out;
  const auto most = static_cast<double>(line.batch);
  const double rate = std::max(kLeastRate, arrivals.rate_hz);
  const double peak = std::max(rate, arrivals.peak_hz);
  const double wait = fill_wait_s ? std::min(*fill_wait_s, (most - 1) / rate) : 0;
  out.load = peak * line.duration_s(most) / most;

  const double m = arrivals_in_a_batch(line, rate);
  out.mean_batch = std::min(most, m + std::exp(-m) + rate * wait);
  const double cycle = std::max(out.mean_batch / rate, line.duration_s(out.mean_batch));
  out.busy = line.duration_s(out.mean_batch) / cycle;
  const double idle_s = cycle - line.duration_s(out.mean_batch);
  out.energy_j = (line.energy_j(out.mean_batch) + line.idle_w * idle_s) / out.mean_batch;
  out.watts = out.energy_j * out.mean_batch / cycle;

  // A request waits for the rest of the batch that runs, then for those before it, then for its
  // own.
  const double at_peak = arrivals_in_a_batch(line, peak);
  const double many = at_peak + kFarQuantile * std::sqrt(arrivals.dispersion * at_peak);
  const double before = std::max(many, queued);
  const double own = line.duration_s(std::clamp(before, 1.0, most));
  const double rounds = std::max(1.0, before / most);
  const double rest = out.busy > late_share ? (1 - late_share / out.busy) * own : 0;
  out.latency_s = wait + rest + rounds * own;
  return out;
}

}  // namespace isojoule
