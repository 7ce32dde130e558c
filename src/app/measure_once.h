// `isojoule measure`: one network, one engine, one setting, on one target.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "app/metrics_endpoint.h"
#include "app/target.h"
#include "experiment/experiment.h"

namespace isojoule {

struct MeasureRequest {
  TargetOptions target;
  std::string engine = "onnxruntime";
  std::string network;  // a zoo name or a file
  std::int64_t batch = 1;
  std::int64_t inferences = 100;
  bool inferences_given = false;  // by the user: then a program's runs are counted by it
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
  MetricsEndpoint* metrics = nullptr;  // shows the measurement while it runs
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
  StudyInfo info;                               // of a study that holds this one run
};

// A board with its engine, opened and set aside for runs of one request.
class MeasureSession {
 public:
  // What one run of it may have of its own.
  struct One {
    std::int64_t sequence = 0;  // draws a twin's noise anew
    std::int64_t inferences = 1;
    Duration period;
    std::string baseline = {};  // keeps a run apart from the others in a study
  };
  static Result<std::unique_ptr<MeasureSession>> open(const Paths& paths,
                                                      const MeasureRequest& request);
  ~MeasureSession();  // restores the knobs, without a word; restore() says whether it could
  MeasureSession(const MeasureSession&) = delete;
  MeasureSession& operator=(const MeasureSession&) = delete;

  Board& board();
  const Target& target() const;
  const std::string& engine_name() const;
  StudyInfo study_info() const;  // of a study that holds its runs
  // As measure_once(), but the board stays as it is set. After an error nothing more may be run.
  Result<MeasureResult> run(const One& one, const std::atomic<bool>& interrupted);
  Status restore();
  // Why nothing here can be sampled, and why nothing gives a total; "" where something does.
  std::string why_no_power_source() const;
  std::string why_no_total() const;

 private:
  struct Parts;
  explicit MeasureSession(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// Every knob is as before when it returns. A failed engine is a run with state failed, not an
// error.
Result<MeasureResult> measure_once(const Paths& paths, const MeasureRequest& request,
                                   const std::atomic<bool>& interrupted);

// Stores it as a study of one run with its trace, for show, report and export. The file must not be
// there. Errors: those of StudyFile::create() and add().
Status store_measured(const MeasureResult& result, const std::string& path);
// What a run's inference phase is shared by; absent of a program that says neither batches nor a
// number.
std::optional<double> inference_count(const MeasureRequest& request, const Run& run);

// Quantiles of the batches' durations by linear interpolation; q in 0..1; empty: absent.
std::optional<Second> batch_quantile(const Run& run, double q);

}  // namespace isojoule
