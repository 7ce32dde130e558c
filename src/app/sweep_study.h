// `isojoule sweep`: a plan, a board and a study file brought together.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "app/metrics_endpoint.h"
#include "app/target.h"
#include "experiment/experiment.h"

namespace isojoule {

struct SweepRequest {
  std::string plan_path;
  TargetOptions target;
  std::string study_path;
  std::string engine;                  // instead of the plan's; "": the plan's, or onnxruntime
  std::string command;                 // as the user typed it; stored, so that it can be repeated
  MetricsEndpoint* metrics = nullptr;  // shows the session while it runs
};

// Creates the study file, or goes on with the one that is there. Errors besides those of its parts:
// invalid when the study there belongs to another plan, board, release or network.
Result<SweepResult> sweep_study(const Paths& paths, const SweepRequest& request,
                                const std::atomic<bool>& interrupted,
                                const std::function<void(const Progress&)>& progress);

}  // namespace isojoule
