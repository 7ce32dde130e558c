// `isojoule sweep PLAN --fleet URL`: publishes a plan's blocks once, collects the runs into one
// study file. Everything that must outlive it is on the server or in the study file: it may be
// stopped at any moment and started again here or elsewhere, also twice at the same time with
// different files.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "app/paths.h"
#include "base/error.h"
#include "experiment/experiment.h"
#include "fleet/block.h"
#include "fleet/bus.h"
#include "fleet/catalogue.h"

namespace isojoule {

struct FleetSweepRequest {
  std::string plan_path;
  std::string study_path;
  std::string engine;  // instead of the plan's
  std::string command;
  fleet::BusOptions bus;
  std::string boards;  // a selection; "" = every board of the plan's type
  fleet::BlockOptions blocks;
  Duration claim =
      Duration::milliseconds(30'000);  // without a sign of life a block goes to another board
  int replicas = 1;                    // servers that keep a copy, where streams are made
  bool wait = true;                    // false: publish, collect what is there, and go
};

struct FleetBoardProgress {
  std::string name, state, doing, trouble;  // for people
  std::int64_t runs = 0;                    // of this study
  double last_seen_s = 0;
};
struct FleetProgress {
  std::int64_t done = 0, total = 0, failed = 0;
  std::int64_t blocks_waiting = 0, blocks_claimed = 0;
  Second elapsed{0};
  Second left{0};                          // infinite where nobody measures
  std::vector<FleetBoardProgress> boards;  // of this study, by name
  std::vector<std::string> troubles;  // "lane 1 has no board", "3 boards refuse this study: ..."
};

struct FleetSweepResult {
  std::string study;  // its id on the server
  std::int64_t planned = 0, collected = 0, already_there = 0, failed = 0, twice = 0;
  std::int64_t refused = 0, damaged = 0;  // messages that became no run
  std::int64_t without_trace = 0;         // runs whose trace did not come
  std::int64_t boards = 0;                // that the file has runs of
  std::int64_t published = 0;             // blocks, by this call
  std::int64_t published_again = 0;       // of those, blocks that were in nobody's hands
  std::int64_t given_up = 0;              // blocks that stayed incomplete after that
  bool interrupted = false;
  bool simulated = false;
  std::vector<std::string> left_out;  // boards that could not take part, and why
  std::vector<std::string> troubles;  // that a reader of the study should know; one line each
};

// Errors: those of the connection and the plan, not_found (no board fits), invalid (the study file
// is another's).
Result<FleetSweepResult> sweep_fleet(const Paths& paths, const FleetSweepRequest& request,
                                     const std::atomic<bool>& interrupted,
                                     const std::function<void(const FleetProgress&)>& progress);

}  // namespace isojoule
