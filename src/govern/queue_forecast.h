// What a service would do at a setting: how large its batches become, how busy it is, what a
// request costs and how long the slowest of them wait.
//
// The service takes what waits, up to `batch`, whenever the last batch has ended. While a batch of
// n runs, t(n) = t0 + t1 n, about K ~ Poisson(m) requests come, m = rate E[t(n)]; the next batch
// holds max(1, K), and where K = 0 the board waits 1/rate for the next request. This closes in m
// (M. F. Neuts, "A General Class of Bulk Queues with Poisson Input", Ann. Math. Stat. 38, 1967, has
// the exact chain; here K is taken as independent of the last one).
#pragma once

#include <cstdint>
#include <optional>

namespace isojoule {

// A setting as it is now: slow-down and power scale are in it.
struct BatchLine {
  double t0_s = 0, t1_s = 0;  // duration of a batch of n: t0 + t1 n
  double j0_j = 0, j1_j = 0;  // energy of the board meanwhile: j0 + j1 n
  double idle_w = 0;
  std::int64_t batch = 1;  // the most
  double duration_s(double n) const { return t0_s + t1_s * n; }
  double energy_j(double n) const { return j0_j + j1_j * n; }
  double busy_w() const;  // in a full batch
};

struct Arrivals {
  double rate_hz = 0;     // mean
  double peak_hz = 0;     // that has to be kept up with
  double dispersion = 1;  // variance over mean of counts
};

struct QueueForecast {
  double load = 0;        // share of the highest throughput, at the peak; >= 1: it falls behind
  double mean_batch = 1;  // at the mean rate
  double busy = 0;        // share of the time, at the mean rate
  double energy_j = 0;    // a request, idle time included
  double watts = 0;       // mean
  double latency_s = 0;   // that `late_share` of the requests are beyond, at the peak
};

// `fill_wait_s`: how long a batch waits to be filled. `queued`: requests that wait already.
QueueForecast forecast(const BatchLine& line, const Arrivals& arrivals, double late_share,
                       std::optional<double> fill_wait_s, double queued);

}  // namespace isojoule
