// `isojoule govern --simulate`: a service on a twin for some hours of virtual time, under the
// controller and under what stands beside it.
#pragma once

#include <atomic>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/govern/service_run.h"
#include "app/govern/service_survey.h"
#include "app/paths.h"
#include "base/error.h"

namespace isojoule {

struct SimulateRequest {
  std::string board;  // "twin:jetson-nano"
  std::string network;
  std::int64_t batch = 8;
  std::string trace = "all";
  double seconds = 3600;
  double epoch_s = 0.5;
  std::uint64_t seed = 1;
  std::int64_t probes = 32;               // of the survey that the controller begins with
  std::optional<double> latency_limit_s;  // absent: four full batches at the highest clocks
  std::optional<double> power_limit_w, temperature_limit_c;
  double late_share = 0.01;
  bool drift = true;
  bool others = true;  // the policies beside the controller and the clairvoyant, too
  double blind_from_s = 0, blind_to_s = 0;         // the meter is gone meanwhile
  ControllerOptions controller;                    // its seed is `seed`
  const std::atomic<bool>* interrupted = nullptr;  // absent: nobody interrupts
};

struct PolicyResult {
  std::string name, what;
  ServiceOutcome outcome;
  double over_clairvoyant = 0;  // energy over its, minus 1
};

struct SimulateResult {
  std::string board, network, trace;
  double seconds = 0, latency_limit_s = 0, late_share = 0;
  std::int64_t settings = 0, requests = 0, probes = 0;
  std::uint64_t seed = 1;
  std::vector<PolicyResult> policies;  // the controller first, the clairvoyant last
  ControllerState state;               // the controller's at the end
  double longest_decision_s = 0;       // of the controller, of this machine's time
  double mean_decision_s = 0;
};

// Errors: those of open_service_board() and make_trace(); out_of_range (epoch, probes, late_share);
// interrupted;
// invalid (a limit below what the fastest setting needs for one request: which).
Result<SimulateResult> simulate_service(const Paths& paths, const SimulateRequest& request);

std::string simulate_text(const SimulateResult& result);
nlohmann::json to_json(const SimulateResult& result);

}  // namespace isojoule
