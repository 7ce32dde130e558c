// `isojoule measure`: one network, one engine, one setting, on one target.
#pragma once

#include <atomic>
#include <map>
#include <string>

#include "app/target.h"
#include "experiment/experiment.h"

namespace isojoule {

struct MeasureRequest {
  TargetOptions target;
  std::string engine = "onnxruntime";
  std::string network;  // a zoo name or a file
  std::int64_t batch = 1;
  std::int64_t inferences = 100;
  std::int64_t warmup_batches = 2;
  std::int64_t threads = 0;
  std::map<std::string, std::string> options;  // the engine's own
  Setting setting;                             // knobs to set; empty: the board is left as it is
  Duration sampling_period = Duration::milliseconds(100);
  Duration idle = Duration::milliseconds(1000);
  std::string command;               // as the user typed it: what another program is told meanwhile
  std::vector<std::string> program;  // of engine command, with its arguments; no network then
};

struct MeasureResult {
  MeasuredRun measured;
  std::string engine;  // that ran: a twin's own, whatever was asked for
  std::string board;
  std::string board_title;
  bool simulated = false;
  std::string why_unmeasured;  // empty when the inference phase has an energy
  std::string caution;         // caution_of() the target
};

// Every knob is as before when it returns. A failed engine is a run with state failed, not an
// error.
Result<MeasureResult> measure_once(const Paths& paths, const MeasureRequest& request,
                                   const std::atomic<bool>& interrupted);

// Quantiles of the batches' durations by linear interpolation; q in 0..1; empty: absent.
std::optional<Second> batch_quantile(const Run& run, double q);

}  // namespace isojoule
