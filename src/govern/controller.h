// Keeps a running service at the setting that costs least energy while its requests stay in time.
//
// The controller only thinks: app/ measures, sets the knobs and tells it, once an epoch (a second
// or so), what was seen. It keeps no clock and no board, so that a simulation, a test and a service
// are the same to it. Sources of the recipe: docs/govern.md.
#pragma once

#include <cstdint>
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
  std::vector<double> batch_s;                     // durations of the batches that ended here
  std::vector<std::int64_t> batch_requests;        // and how many requests each held
  std::vector<double> latency_s;   // of requests answered here; may be a sample of them
  std::optional<double> energy_j;  // of the epoch; absent: it was not measured
  std::optional<double> temperature_c;
  std::string blind;  // "" or why the service cannot be seen: samples missing, a clock refused, our
                      // own deadline missed
};

struct Decision {
  std::optional<GridPoint> point;  // to be set now; absent: the stock governors
  bool exploring = false;
  std::string why;  // a few words for people
};

}  // namespace isojoule
