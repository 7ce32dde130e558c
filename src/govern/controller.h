// Keeps a running service at the setting that costs least energy while its requests stay in time.
//
// The controller only thinks: app/ measures, sets the knobs and tells it, once an epoch (a second
// or so), what was seen. It keeps no clock and no board, so that a simulation, a test and a service
// are the same to it. Sources of the recipe: docs/govern.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "optimise/space.h"

namespace isojoule {

// What is known of one setting before the service runs: from a tune or sweep study, or a model's.
struct ServicePoint {
  std::int64_t batch = 1;      // the most requests that go into one batch at this setting
  double batch_s = 0;          // mean duration of such a batch; > 0
  double batch_spread = 0.02;  // relative standard deviation between batches
  double batch_j = 0;          // energy of the board while such a batch runs, gross; > 0
  double idle_w = 0;           // of the board, waiting at this setting; > 0
  double log_sd = 0.02;        // how far batch_s and batch_j may be from the truth, as a share
  bool measured = false;       // of this very board
  // Of batch_s: what a batch takes however little is in it. A first guess; batches that are not
  // full teach it.
  double fixed_share = 0.15;
  std::optional<double> fixed_energy_share;  // of batch_j; absent: as fixed_share
};

struct OperatingTable {
  SearchSpace space;
  std::vector<ServicePoint> points;  // by point; batch_s <= 0: not known, never chosen
};

struct ServiceGoal {
  double latency_limit_s = 0;  // of a request, from its arrival to its answer
  double late_share = 0.01;    // of the requests that may be beyond it
  std::optional<double> power_limit_w, temperature_limit_c;
  std::optional<double> fill_wait_s;  // how long the service waits for a batch to fill; absent: it
                                      // starts with what is there
};

// One epoch of the service at one setting.
struct EpochReport {
  double begin_s = 0, end_s = 0;  // on any steady time line
  std::optional<GridPoint>
      point;  // the setting that the board really had; absent: another one, or it moved
  std::int64_t arrived = 0, served = 0, late = 0;  // requests
  std::int64_t queued = 0;                         // waiting or in work at the end
  std::vector<double> batch_s;  // durations of batches that ended here; may be a sample of them
  std::vector<std::int64_t> batch_requests;  // and how many requests each held
  std::vector<double> latency_s;             // of requests answered here; may be a sample of them
  std::optional<double> energy_j;            // of the epoch; absent: it was not measured
  // Of the epoch, while batches ran. Absent: taken from batch_s, which is coarse where batches are
  // long, because those that begin or end outside count as a whole.
  std::optional<double> busy_s;
  std::optional<double> temperature_c;
  std::vector<GridPoint> refused;  // that the board did not take and that are left alone now: none
                                   // of them is decided for
  std::string blind;  // "" or why the service cannot be seen: samples missing, a clock refused, our
                      // own deadline missed
};

struct Decision {
  std::optional<GridPoint> point;  // to be set now; absent: the stock governors
  bool exploring = false;
  std::string why;  // a few words for people
};

// What docs/govern.md explains. Chosen on twins that no published figure is of.
struct ControllerOptions {
  std::uint64_t seed = 1;     // of which neighbour is looked at first
  double load_limit = 1.0;    // of the highest throughput, at the peak that is provided for
  double aim_share = 0.8;     // of late_share: what the margin steers for, so that luck fits above
  double quantile = 1.0;      // standard deviations of the forecast that a limit is kept with
  double hysteresis = 0.008;  // a setting must promise so much less energy than the present one
  double return_margin = 0.03;    // log latency: a setting that we come to must be so much safer
  double switch_s = 0.008;        // without the new clocks, the slowest of them (memory)
  std::int64_t dwell_epochs = 2;  // before energy alone is a reason to go
  std::int64_t calm_epochs = 6;   // at one setting before a neighbour is looked at
  double explore_share = 0.02;    // of the epochs, at most, that are spent on looking
  std::int64_t explore_after_drift = 6;  // looks beyond that share when everything is new
  std::int64_t sighted_epochs = 3;       // in a row, before a fallback ends
  std::int64_t lost_epochs = 3;          // in a row at clocks that are not ours, before one begins
  bool explore = true;
};

// Everything that a status page shows. Totals are since the controller was made.
struct ControllerState {
  std::optional<GridPoint> point;  // that it wants; absent: the stock governors
  bool exploring = false;
  std::string why;
  std::string blind;  // why the governors rule; "": the controller does

  double slow_down = 1, slow_down_sd = 0;      // of batches, over the table
  double power_scale = 1, power_scale_sd = 0;  // of the board, over the table
  double arrival_hz = 0;                       // requests a second, mean
  double arrival_peak_hz = 0;                  // that it provides for
  double dispersion = 1;                       // of arrivals: variance over mean; 1: Poisson
  std::optional<double> temperature_c;
  double margin = 0;       // learnt, in log latency: 0.1 is 10 % below the limit
  double load = 0;         // busy share that is expected at the point
  double latency_s = 0;    // that late_share of the requests are expected to be beyond
  double energy_j = 0;     // expected, a request, idle included
  std::int64_t safe = 0;   // settings that are expected to keep the limits
  double recent_late = 0;  // share of requests, over some minutes

  std::int64_t epochs = 0, arrived = 0, served = 0, late = 0;
  std::int64_t switches = 0, fallbacks = 0, drifts = 0, explorations = 0, emergencies = 0;
  std::int64_t odd_reports = 0;  // values that cannot be and were left out
};

// One thread. Deterministic: the same table, goal, options and reports give the same decisions.
class Controller {
 public:
  Controller(OperatingTable table, const ServiceGoal& goal, const ControllerOptions& options = {});
  ~Controller();
  Controller(Controller&&) noexcept;
  Controller& operator=(Controller&&) noexcept;

  Decision first();  // before anything was seen: the fastest setting
  // What is to be set for the next epoch. Under a millisecond. Values that cannot be (negative
  // counts, NaN) are left out, counted in odd_reports and never an error.
  Decision decide(const EpochReport& report);
  ControllerState state() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isojoule
