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
  Duration warmup_time;
  bool warmup_until_stable = false;
  std::int64_t profile_batches = 0;            // for the layers' times
  std::map<std::string, std::string> options;  // the engine's own
  // Knobs to set (none: the board is left as it is) and engine axes (graph, precision, ...).
  Setting setting;
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
  std::optional<std::int64_t> batch_that_fits;  // where the batch asked for was out of memory
  std::string why_unmeasured;                   // empty when the inference phase has an energy
  std::string caution;                          // caution_of() the target
};

// Every knob is as before when it returns. A failed engine is a run with state failed, not an
// error.
Result<MeasureResult> measure_once(const Paths& paths, const MeasureRequest& request,
                                   const std::atomic<bool>& interrupted);

// Quantiles of the batches' durations by linear interpolation; q in 0..1; empty: absent.
std::optional<Second> batch_quantile(const Run& run, double q);

}  // namespace isojoule
