// What a simulated service is asked for and what happens around it: requests with their work, and
// what moves on the board meanwhile. All of it from a seed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace isojoule {

struct ServiceRequest {
  double at_s = 0;
  float work = 1;  // of the usual request's: the input mix
};

// Holds from at_s until the next one.
struct ServiceWeather {
  double at_s = 0;
  double slow_down = 1;       // of every batch: what else runs on the board
  double other_w = 0;         // drawn beside the network, a peripheral's
  double ambient_rise_k = 0;  // of the room, over the twin's own
};

struct ServiceTrace {
  double seconds = 0;
  std::vector<ServiceRequest> requests;  // in order
  std::vector<ServiceWeather> weather;   // the first at 0
  const ServiceWeather& weather_at(double s) const;
};

struct TraceKind {
  std::string_view name, summary;
};
std::span<const TraceKind> trace_kinds();

struct TraceOptions {
  std::string kind = "all";
  double seconds = 3600;
  double capacity_hz = 10;  // requests a second at the highest clocks in full batches
  double usual_w = 5;       // of the board when busy: what other_w is a share of
  bool drift = true;
  std::uint64_t seed = 1;
};
// Errors: not_found (a kind, with the nearest), out_of_range (seconds).
Result<ServiceTrace> make_trace(const TraceOptions& options);

}  // namespace isojoule
