// `isojoule govern` on a real board or a mounted twin: study, board, socket, program and loop
// brought together.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/govern/live_loop.h"
#include "app/govern/operating_table.h"
#include "app/govern/status_file.h"
#include "app/metrics_endpoint.h"
#include "app/target.h"
#include "base/subprocess.h"

namespace isojoule {

struct GovernRequest {
  TargetOptions target;
  std::string study_path;
  OperatingTableOptions table;
  ServiceGoal goal;
  ControllerOptions controller;
  LiveLoopOptions loop;
  std::string socket;                // "": the usual one; of a wrapped program one of its own
  std::string group;                 // whose members may connect, too
  std::vector<std::string> program;  // to be wrapped; empty: services come by themselves
  std::optional<Duration> limit;     // then it ends
  std::string command;               // as the user typed it
  MetricsEndpoint* metrics = nullptr;
};

struct GovernResult {
  LiveState state;
  GovernLabels labels;
  std::optional<ExitState> program;  // how the wrapped one ended
  bool stopped = false;              // because we asked it to
  std::string caution;               // what its reader must know first; "" = nothing
};

// What is known before the loop begins, for people.
struct GovernStart {
  GovernLabels labels;
  std::int64_t known = 0, settings = 0, runs = 0;
  std::vector<std::string> notes;
};

// Until the program ends, the time is over or somebody interrupts; every knob is as before then.
// Errors: those of the study's table, of the board (no power source, busy), of the socket and of
// starting the program; unsupported (a twin inside of this process: its time is not the service's).
Result<GovernResult> govern_service(const Paths& paths, const GovernRequest& request,
                                    const std::atomic<bool>& interrupted,
                                    const std::function<void(const GovernStart&)>& on_start,
                                    const std::function<void(const LiveState&)>& on_epoch);

}  // namespace isojoule
