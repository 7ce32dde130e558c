// `isojoule calibrate`: a pattern of loads recorded beside an external meter, and the line between
// a rail and that meter's log.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "app/calibration_store.h"
#include "app/load_pattern.h"
#include "import/import.h"
#include "trace/calibrate.h"

namespace isojoule {

struct RecordRequest {
  TargetOptions target;
  std::string study_path;
  Duration sampling_period = Duration::milliseconds(100);
  Duration step = Duration::milliseconds(10'000);
  // Between two lines of the meter's log: a marker's steps must be longer than that.
  Second meter_period{1};
  // On a twin: where to write what a perfect meter would have logged, by a clock of its own, and
  // the rail in whose supply it is ("" = the total).
  std::string twin_meter_path, rail;
  std::string command;
};

struct Recorded {
  Run run;
  std::string board, what;  // what drew the power
  bool simulated = false;
  std::string caution;
  Duration length;
  std::size_t readings = 0;  // of the channel that has most
};

// Records the pattern into a new study file of one run. Errors: those of open_target;
// unmeasured (no power source), interrupted, of the file.
Result<Recorded> record_calibration(const Paths& paths, const RecordRequest& request,
                                    const std::atomic<bool>& interrupted);

struct CalibrateRequest {
  std::string study_path;
  std::optional<std::int64_t> run;  // its id; none: the only one, or the last
  std::string log_path;
  ImportOptions import;
  std::string rail;        // "" = the total
  std::string meter_rail;  // of the log; "" = its total or its only one
  // Of a log that shows a wall clock that clock less UTC, of one that counts from a zero of its own
  // what it shows at our first reading (Log::time_base); with `within` it is looked for that near.
  std::optional<Second> offset, within;
  Second offset_uncertainty{0};
  bool marker_only = false;  // match by the recorded markers alone
  MeterAccuracy meter;       // name "": the log's file name
  bool store = true;
  // The board, for a study that does not say which it was made on.
  TargetOptions target;
};

struct CalibrateResult {
  CalibrationFit fit;
  ClockMatch match;
  StoredCalibration calibration;
  std::optional<Calibration> before;  // that it takes the place of
  // Of the log; clock_offset_unsure where the clocks are matched (or stated) to no better than the
  // distance of two readings.
  Counters counters;
  Second clock_bound{0};           // of the offset, anywhere in the overlap, k = 2
  std::string clocks;              // which two a stated offset joins, for people; "" = it was found
  std::vector<std::string> notes;  // what was assumed of the log, a sentence each
  bool stored = false;
  std::string file;
};

// Errors: of the files; invalid (the total is a sum of rails: each needs a calibration of its own);
// unmeasured (the clocks cannot be matched, gain and offset cannot be told apart); unsupported (an
// offset to a wall clock that the record does not know); no_data.
Result<CalibrateResult> calibrate(const Paths& paths, const CalibrateRequest& request);
// The same from a log that is read already (`log` is named in messages only).
Result<CalibrateResult> calibrate(const Paths& paths, const CalibrateRequest& request,
                                  const Log& log);

}  // namespace isojoule
