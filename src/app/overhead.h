// `isojoule measure --overhead`: what our own sampling costs the work that is measured.
//
// The same run without any power sampling and with sampling at several periods, in blocks: each
// block makes every way once, in an order drawn anew, so that a drift of the machine falls on all
// alike. A way is compared with 'without' of the same block; the interval is Student's t over the
// blocks (95 %). 'Without' is truly without: no tick comes; phases and batches are timed by the
// worker all the same.
//
// Energy needs readings, so it is compared with the slowest period; an external meter's log has
// that of the runs without sampling, too. A run that throttled is not compared.
//
// Models: figure 2 of the AGX Orin paper (latency of 500 inferences with and without sampling), and
// the RPE report's protocol (energy at 100 ms: below 0.5 % more).
#pragma once

#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/measure_once.h"
#include "import/import.h"

namespace isojoule {

// An external meter that logs meanwhile.
struct OverheadMeter {
  std::string path;  // "" = there is none
  ImportOptions import;
  std::string rail;  // of the log; "" = its only one
  Second offset{0};  // the wall clock that the log shows less UTC
};

struct OverheadRequest {
  MeasureRequest measure;
  std::vector<Duration> periods;  // descending
  std::int64_t blocks = 10;
  // How long an inference phase shall be where the user gave no number of inferences.
  Second phase = Second(3);
  std::uint64_t seed = 1;  // of the orders
  OverheadMeter meter;
};

// A mean over blocks; `half` is half of its 95 % interval, absent with fewer than two blocks.
struct BlockMean {
  double value = 0;
  std::optional<double> half;
  std::int64_t blocks = 0;
  // Whether the interval leaves out 0. Nothing is shown where there is none.
  bool differs() const { return half && std::abs(value) > *half; }
  // "No difference shown": one above this would have been.
  double below() const { return std::abs(value) + half.value_or(0); }
};
std::optional<BlockMean> block_mean(const std::vector<double>& values);

struct OverheadRun {
  std::int64_t block = 0;
  std::size_t way = 0;  // 0: without; else periods[way - 1]
  std::optional<Second> median;
  Second mean{0};  // of a batch; of the inference phase where batches are not marked
  std::optional<Joule> energy;
  Instant begin, end;       // of the inference phase, CLOCK_MONOTONIC: for a meter's own log
  Duration wall_less_ours;  // UTC less that clock, at the run's end
  std::string wall_time;
  bool throttled = false;  // kept, and compared with nothing
};

struct OverheadWay {
  std::optional<Duration> period;                         // nothing: without sampling
  std::optional<BlockMean> median_s, mean_s;              // of a batch
  std::optional<BlockMean> median_percent, mean_percent;  // against without, paired
  // The latter against the runs without sampling where a meter tells their energy, else against the
  // slowest sampling.
  std::optional<BlockMean> energy_j, energy_percent;
  // Of one core, while it samples: of the sampling thread, of our whole process.
  std::optional<BlockMean> thread_cpu_percent, process_cpu_percent;
  std::optional<double> cpu_us_per_tick;
  std::int64_t ticks = 0;
  // Between two ticks as they came: longer than asked where a reading takes longer than the period.
  std::optional<Second> reached_period;
  Counters counters;  // of its runs
};

struct OverheadResult {
  MeasureResult first;            // of the run that sized the others
  std::vector<OverheadWay> ways;  // without first, then by period
  std::vector<OverheadRun> runs;
  std::int64_t inferences = 0, blocks = 0;  // blocks that were begun
  bool has_batches = false;
  bool interrupted = false;        // with one whole block at least
  std::string why_no_energy;       // "" where there is one
  std::int64_t throttled = 0;      // runs that are compared with nothing
  std::optional<Counters> meter;   // of the meter's log; absent: there is none
  std::vector<std::string> notes;  // what was assumed of that log
  std::string meter_failed;        // why it could not be read in the end; the rest stands
  std::size_t rails = 0;           // that are read at every tick
};

// Errors: unsupported (a twin, whose time is not spent by reading it), unmeasured (there is no
// power source to sample), those of measure_once() and of the meter's log before anything runs;
// engine (a run failed: the first one's words).
Result<OverheadResult> measure_overhead(
    const Paths& paths, const OverheadRequest& request, const std::atomic<bool>& interrupted,
    const std::function<void(std::int64_t done, std::int64_t total)>& progress);

// From the runs alone: what the table says. For tests, too.
std::vector<OverheadWay> compare_ways(const std::vector<OverheadRun>& runs,
                                      const std::vector<Duration>& periods);

}  // namespace isojoule
