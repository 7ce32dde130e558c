// The answers of a study as data: what every report, `show`, `reproduce` and the JSON print from.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "data/run.h"
#include "data/study_file.h"
#include "trace/drift.h"
#include "trace/layer_energies.h"
#include "trace/repeats.h"
#include "trace/visible.h"

namespace isojoule {

// Mean over the repeats, standard uncertainty of the mean (measurement and spread), the spread.
struct Estimate {
  double value = 0;
  double uncertainty = 0;     // k = 1
  double spread_percent = 0;  // standard deviation of the repeats over their mean
  std::int64_t count = 0;
};

// All good runs of one network, setting and baseline.
struct Point {
  std::string network;
  std::string baseline;  // empty: a grid point
  Setting setting;
  std::optional<Estimate> energy_j;      // of the inference phase, module total, gross
  std::optional<Estimate> net_energy_j;  // without the idle power
  std::optional<Estimate> power_w;       // mean in the inference phase
  std::optional<Estimate> latency_s;     // of the whole inference phase
  // load and graph_initialisation; and everything from the process's start to the end of the
  // inference phase. Absent where a phase of them has no energy.
  std::optional<Estimate> loading_energy_j, whole_energy_j;
  std::string why_absent;             // where energy is absent
  double inferences = 0;              // of one run
  std::optional<TooShort> too_short;  // the inference phase, in the first run where it is
  std::map<std::string, std::map<double, double>> residency_percent;  // mean over the runs
  Counters counters;
  std::int64_t runs = 0, failed = 0, throttled = 0;
  std::vector<std::int64_t> run_ids;
  // What the repeats say of energy_j; absent where it is.
  std::optional<RepeatStatistics> repeats;
};

// What was asked of the engine at a point, the batch aside.
Setting job_of(const Point& point);

// The best grid point of one network at one batch size and the same engine axes, against every
// baseline there.
struct Comparison {
  std::string baseline;
  Point point;
  double saving_percent = 0;  // 1 - E(best) / E(baseline)
  double saving_uncertainty_percent = 0;
  double latency_change_percent = 0;  // T(best) / T(baseline) - 1
};
struct Minimum {
  std::string network;
  Setting job;  // the engine axes of its points, the batch aside; empty where none was turned
  double batch = 0;
  Point best;
  std::vector<Comparison> comparisons;
  std::int64_t grid_points = 0;
  std::int64_t within_one_percent = 0;  // grid points whose energy is within 1 % of the least
};

// The layers of a point, from its first complete run that was profiled.
struct ProfiledPoint {
  std::string network;
  Setting setting;
  LayerEnergies layers;
};

struct StudySummary {
  StudyInfo info;
  std::vector<Point> points;
  std::vector<ProfiledPoint> profiles;
  std::vector<Minimum> minima;  // where at least half of cpu_frequency x gpu_frequency is there
  DriftTest drift;              // of the inference phase's energy, over all complete runs
  Counters counters;
  std::int64_t runs = 0, failed = 0, throttled = 0;
  // Notes of the runs on rails that were measured with a calibration: "calibration VDD_IN" -> what.
  std::map<std::string, std::set<std::string>> calibrations;
  // What it was made from, so that nobody reads them again; null where it was not made from a file.
  std::shared_ptr<const std::vector<Run>> runs_read;
};

// Those, or read now. Errors: those of reading.
Result<std::shared_ptr<const std::vector<Run>>> runs_of(const StudySummary& summary,
                                                        StudyFile& study);

// What is averaged: runs that are complete; failed and throttled ones are only counted.
//
// Uncertainties (k = 1) of repeats: trace/combine.h. The chip's gain and offset, and a calibration,
// are the same in every repeat and do not average out; what is random (quantisation, sampling,
// edges, gaps, and the board itself) falls with the root of the repeats and is the larger of the
// budget's and the spread's. In a saving, a ratio of two energies from one chip, the gain cancels
// and is left out; offset and calibration count by the difference of their shares.
//
// Outliers are named in `repeats` and stay in the means. docs/statistics.md says what each figure
// is.
//
// Raises spread_high at points that spread wider than the protocol's variation_percent (5 %).
// Errors: those of reading the study.
Result<StudySummary> summarise(StudyFile& study);

}  // namespace isojoule
