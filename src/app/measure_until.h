// `isojoule measure --until 1%`: runs until the energy of an inference is known so well.
//
// What is asked for is the relative expanded uncertainty of the total (coverage of k = 2) of the
// mean over all joined runs; trace/combine.h says how they are joined. Gain, offset and calibration
// are the same in every run, so there is a floor that no number of runs goes below: it is said
// before the first run as far as the sensors' own figures show it, and after it as far as its
// budget does.
//
// Of a run's random part, edges fall with the length of the inference phase and readings' scatter
// with its root; what the board does differently from run to run falls with the root of the runs.
// So the first run is looked at: where the causes of its budget alone would keep `least_repeats`
// runs above half of what is allowed, further runs are made as much longer, and the first one is
// not joined (it is of another length).
//
// To stop as soon as the spread looks small would stop too early too often. So there are at least
// `least_repeats` runs, the spread counts with Student's t, and the wanted figure has to be held
// after two runs in a row. docs/uncertainty.md says what that comes to.
#pragma once

#include <functional>

#include "app/measure_once.h"
#include "trace/combine.h"

namespace isojoule {

struct UntilRequest {
  MeasureRequest measure;  // its inferences are the first run's
  double percent = 1;
  Duration at_most = Duration::milliseconds(600'000);  // of the target's clock, a twin's too
  std::int64_t least_repeats = 5;
  std::string study_path;  // where all runs are kept; "": nowhere
};

struct UntilProgress {
  std::int64_t repeats = 0;
  double percent = 0;  // so far
  Duration spent;
};

struct UntilResult {
  MeasureResult last;     // the last run that was joined, or the one that failed
  std::vector<Run> runs;  // joined
  // The energy of all runs' inference phases, of one inference, or of one run where nobody knows
  // their number. For every phase that a run has: of one run.
  Joined energy;
  std::vector<Joined> phases;
  bool is_per_inference = true;
  std::int64_t inferences = 0;  // of one run
  double percent = 0;           // reached; expanded, relative
  double floor_percent = 0;     // of it, what further runs do not lessen (k = 2)
  bool reached = false;
  bool unreachable = false;    // what all runs share turned out to be above the wanted figure
  bool interrupted = false;    // with at least one run joined
  bool failed = false;         // a run failed: `last` is it
  std::int64_t throttled = 0;  // runs that were not joined
  std::string lengthened;      // why the first run was not joined; "" = it was
  Duration spent;
};

// When to stop. To be asked once after every run.
class StopRule {
 public:
  StopRule(double percent, std::int64_t least_repeats)
      : percent_(percent), least_repeats_(least_repeats) {}
  bool is_reached(const Joined& energy);

 private:
  double percent_;
  std::int64_t least_repeats_;
  int held_ = 0;  // looks in a row that showed the wanted figure
};

// The relative expanded uncertainty in percent; infinite for an energy that is absent or 0.
double relative_percent(const Joined& energy);

// Errors: unmeasured (there is no power source), out_of_range (the floor is above the wanted
// figure), those of measure_once() and of the study file. An engine that fails ends it with
// `failed`.
Result<UntilResult> measure_until(const Paths& paths, const UntilRequest& request,
                                  const std::atomic<bool>& interrupted,
                                  const std::function<void(const UntilProgress&)>& progress);

// The least that the gains (or calibrations) of a total's rails can make up of it, relative (k =
// 1): of one chip, or of one meter's calibrations, the smallest; chips and meters are independent,
// and the best shares of the total are taken. 0 where a rail of the total has no channel.
double least_gain(const std::string& total, const std::vector<ChannelInfo>& channels);

}  // namespace isojoule
