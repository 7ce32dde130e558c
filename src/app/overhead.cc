#include "app/overhead.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "app/metered_clock.h"
#include "app/overhead_meter.h"
#include "base/random.h"
#include "base/wall_time.h"
#include "sensor/background_reader.h"
#include "trace/statistic.h"

namespace isojoule {
namespace {

constexpr double kConfidence = 0.95;

// The value of one way in every block that has it.
using ByBlock = std::map<std::int64_t, double>;

std::optional<BlockMean> mean_of(const ByBlock& blocks) {
  std::vector<double> values;
  for (const auto& [block, value] : blocks) values.push_back(value);
  return block_mean(values);
}

// 100 (a / b - 1) in every block that has both.
std::optional<BlockMean> percent_above(const ByBlock& a, const ByBlock& b) {
  std::vector<double> changes;
  for (const auto& [block, value] : a)
    if (const auto other = b.find(block); other != b.end() && other->second > 0)
      changes.push_back(100 * (value / other->second - 1));
  return block_mean(changes);
}

class Overhead {
 public:
  Overhead(const Paths& paths, const OverheadRequest& request, const std::atomic<bool>& interrupted,
           const std::function<void(std::int64_t, std::int64_t)>& progress)
      : paths_(paths), request_(request), interrupted_(interrupted), progress_(progress) {}

  Result<OverheadResult> make() {
    MeasureRequest measure = request_.measure;
    measure.idle = {};  // nothing is compared with it
    ISOJOULE_TRY(session_, MeasureSession::open(paths_, measure));
    ISOJOULE_CHECK(check());
    Board& board = session_->board();
    for (const auto& sensor : board.sensors) result_.rails += sensor->channels().size();
    // Ticks go through ours from now on; the engines' waiting does not.
    Clock* const own = board.clock;
    MeteredClock metered(*own);
    board.clock = &metered;
    const Status made = make_runs(metered);
    board.clock = own;
    ISOJOULE_CHECK(made);
    ISOJOULE_CHECK(session_->restore());
    finish();
    return std::move(result_);
  }

 private:
  Status check() {
    if (session_->target().twin)
      return fail(ErrorKind::unsupported,
                  "a twin has no overhead: reading its sensors costs none of its time",
                  "Measure on the board, or on this machine with --sysroot");
    if (const std::string why = session_->why_no_power_source(); !why.empty())
      return fail(ErrorKind::unmeasured, "--overhead: there is nothing to sample: " + why);
    return request_.meter.path.empty() ? Status{} : check_meter(request_.meter);
  }

  Duration period_of(std::size_t way) const {
    return request_.periods[way == 0 ? 0 : way - 1];  // without: for the margins' sake
  }

  // A source that is read by a thread of its own goes on for a while after the last tick. Its
  // readings cannot be dated by when they were asked for, so it is among those that date them.
  Status rest() {
    Board& board = session_->board();
    const auto dates_itself = [](const auto& sensor) {
      const auto& channels = sensor->channels();
      return std::any_of(channels.begin(), channels.end(),
                         [](const ChannelInfo& info) { return info.is_dated_by_source; });
    };
    if (std::none_of(board.sensors.begin(), board.sensors.end(), dates_itself)) return {};
    const Instant end = board.clock->now() + BackgroundReader::kIdle + Duration::milliseconds(500);
    while (board.clock->now() < end) {
      if (interrupted_.load(std::memory_order_relaxed))
        return fail(ErrorKind::interrupted, "--overhead was interrupted");
      board.clock->sleep_for(Duration::milliseconds(50));
    }
    return {};
  }

  Result<MeasureResult> run(MeteredClock& clock, std::size_t way) {
    if (way == 0 && sequence_ > 0) ISOJOULE_CHECK(rest());
    clock.set_silent(way == 0);
    clock.forget();
    ISOJOULE_TRY(MeasureResult one,
                 session_->run({sequence_++, result_.inferences, period_of(way)}, interrupted_));
    const Run& run = one.measured.run;
    if (run.state == RunState::failed)
      return fail(ErrorKind::engine, "--overhead: a run failed: " + run.failure);
    return one;
  }

  Status make_runs(MeteredClock& clock) {
    result_.inferences = request_.measure.inferences;
    ISOJOULE_CHECK(make_first(clock));
    const std::size_t ways = request_.periods.size() + 1;
    const std::int64_t total = request_.blocks * static_cast<std::int64_t>(ways);
    Random random(seed_for(request_.seed, "overhead"));
    for (std::int64_t block = 0; block < request_.blocks; ++block) {
      std::vector<std::size_t> order(ways);
      std::iota(order.begin(), order.end(), std::size_t{0});
      random.shuffle(order);
      for (const std::size_t way : order) {
        const auto one = run(clock, way);
        if (!one && one.error().kind == ErrorKind::interrupted && block > 0) {
          result_.interrupted = true;  // what was measured until then is not lost
          return {};
        }
        if (!one) return tl::unexpected<Error>(one.error());
        keep(*one, block, way, clock.cost());
        result_.blocks = block + 1;
        if (progress_) progress_(static_cast<std::int64_t>(result_.runs.size()), total);
      }
    }
    return {};
  }

  // Warms the machine's caches, says how long a batch takes, and is not counted.
  Status make_first(MeteredClock& clock) {
    ISOJOULE_TRY(result_.first, run(clock, 0));
    const Run& first = result_.first.measured.run;
    result_.has_batches = !first.batches.empty();
    if (request_.measure.inferences_given || !request_.measure.program.empty()) return {};
    const double seconds = first.phase(PhaseKind::inference)->duration().value();
    const std::int64_t batch = std::max<std::int64_t>(1, request_.measure.batch);
    const double batches = seconds > 0 ? static_cast<double>(first.inferences) / double(batch) *
                                             request_.phase.value() / seconds
                                       : 1;
    result_.inferences = batch * std::max<std::int64_t>(1, std::llround(std::ceil(batches)));
    return {};
  }

  void keep(const MeasureResult& one, std::int64_t block, std::size_t way, const TickerCost& cost) {
    const Run& run = one.measured.run;
    const Phase& inference = *run.phase(PhaseKind::inference);
    OverheadRun kept;
    kept.block = block;
    kept.way = way;
    kept.begin = inference.begin;
    kept.end = inference.end;
    kept.wall_less_ours = Duration{wall_clock_ns() - session_->board().clock->now().ns};
    kept.wall_time = run.wall_time;
    kept.throttled = run.state == RunState::throttled;
    result_.throttled += kept.throttled ? 1 : 0;
    kept.mean = inference.duration();
    if (!run.batches.empty()) {
      Second sum{0};
      for (const BatchMark& mark : run.batches) sum += (mark.end - mark.begin).seconds();
      kept.mean = sum / static_cast<double>(run.batches.size());
      kept.median = batch_quantile(run, 0.5);
    }
    const PhaseEnergy* energy = run.energy(PhaseKind::inference);
    if (way > 0 && energy != nullptr) {
      kept.energy = energy->gross.value;
      if (!kept.energy) result_.why_no_energy = energy->gross.why_absent;
    }
    result_.runs.push_back(std::move(kept));
    if (way == 0) return;
    counters_[way] += run.counters;
    if (cost.wall > Second(0)) costs_[way].emplace_back(cost);
  }

  // What was measured so long is not lost for a log that cannot be read any more.
  void take_meter() {
    auto reading = isojoule::take_meter(request_.meter, result_.runs);
    if (!reading) {
      result_.meter_failed = to_string(reading.error());
      return;
    }
    result_.meter = reading->counters;
    result_.notes = std::move(reading->notes);
    result_.why_no_energy = std::move(reading->why_absent);
  }

  void finish() {
    if (!request_.meter.path.empty()) take_meter();
    result_.ways = compare_ways(result_.runs, request_.periods);
    for (const auto& [way, counters] : counters_) result_.ways[way].counters = counters;
    for (auto& [way, costs] : costs_) {
      OverheadWay& told = result_.ways[way];
      std::vector<double> thread, process;
      double cpu = 0, wall = 0;
      for (const TickerCost& cost : costs) {
        thread.push_back(100 * (cost.thread_cpu / cost.wall));
        process.push_back(100 * (cost.process_cpu / cost.wall));
        told.ticks += cost.ticks;
        cpu += cost.thread_cpu.value();
        wall += cost.wall.value();
      }
      told.thread_cpu_percent = block_mean(thread);
      told.process_cpu_percent = block_mean(process);
      if (told.ticks == 0) continue;
      told.cpu_us_per_tick = 1e6 * cpu / static_cast<double>(told.ticks);
      told.reached_period = Second(wall / static_cast<double>(told.ticks));
    }
  }

  const Paths& paths_;
  const OverheadRequest& request_;
  const std::atomic<bool>& interrupted_;
  const std::function<void(std::int64_t, std::int64_t)>& progress_;
  std::unique_ptr<MeasureSession> session_;
  std::map<std::size_t, std::vector<TickerCost>> costs_;  // by way
  std::map<std::size_t, Counters> counters_;
  std::int64_t sequence_ = 0;
  OverheadResult result_;
};

}  // namespace

std::optional<BlockMean> block_mean(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  const auto n = static_cast<double>(values.size());
  BlockMean mean;
  mean.blocks = static_cast<std::int64_t>(values.size());
  for (const double value : values) mean.value += value / n;
  if (values.size() < 2) return mean;
  double square = 0;
  for (const double value : values) square += (value - mean.value) * (value - mean.value);
  mean.half = student_t(kConfidence, n - 1) * std::sqrt(square / (n - 1) / n);
  return mean;
}

std::vector<OverheadWay> compare_ways(const std::vector<OverheadRun>& runs,
                                      const std::vector<Duration>& periods) {
  struct Columns {
    ByBlock median, mean, energy;
  };
  std::vector<Columns> columns(periods.size() + 1);
  for (const OverheadRun& run : runs) {
    if (run.throttled) continue;
    Columns& of_way = columns[run.way];
    if (run.median) of_way.median[run.block] = run.median->value();
    of_way.mean[run.block] = run.mean.value();
    if (run.energy) of_way.energy[run.block] = run.energy->value();
  }
  // The lowest that has an energy is what the others are compared with.
  const std::size_t base = columns[0].energy.empty() ? 1 : 0;
  std::vector<OverheadWay> ways(columns.size());
  for (std::size_t i = 0; i < ways.size(); ++i) {
    OverheadWay& way = ways[i];
    if (i > 0) way.period = periods[i - 1];
    way.median_s = mean_of(columns[i].median);
    way.mean_s = mean_of(columns[i].mean);
    way.energy_j = mean_of(columns[i].energy);
    if (i > 0) {
      way.median_percent = percent_above(columns[i].median, columns[0].median);
      way.mean_percent = percent_above(columns[i].mean, columns[0].mean);
    }
    if (i > base) way.energy_percent = percent_above(columns[i].energy, columns[base].energy);
  }
  return ways;
}

Result<OverheadResult> measure_overhead(
    const Paths& paths, const OverheadRequest& request, const std::atomic<bool>& interrupted,
    const std::function<void(std::int64_t done, std::int64_t total)>& progress) {
  return Overhead(paths, request, interrupted, progress).make();
}

}  // namespace isojoule
