#include "cli/overhead_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/measure_report.h"
#include "report/table.h"

namespace isojoule::cli {
namespace {

using nlohmann::json;

// A period longer than asked by so much is another one.
constexpr double kMissed = 1.1;

std::string period_text(const std::optional<Duration>& period) {
  if (!period) return "without";
  const double s = period->seconds().value();
  return s >= 1 ? fmt::format("{:g} s", s) : fmt::format("{:g} ms", s * 1e3);
}

// Where the source cannot be read so often, how often it was: "1 ms (reached 2.3 ms)".
std::string sampling_text(const OverheadWay& way) {
  std::string text = period_text(way.period);
  if (way.period && way.reached_period && *way.reached_period > way.period->seconds() * kMissed)
    text += fmt::format(" (reached {:.3g} ms)", way.reached_period->value() * 1e3);
  return text;
}

// "10.21 ms ±0.05"
std::string milliseconds(const std::optional<BlockMean>& mean) {
  if (!mean) return "-";
  std::string text = fmt::format("{:.3f}", mean->value * 1e3);
  if (mean->half) text += fmt::format(" ±{:.3f}", *mean->half * 1e3);
  return text;
}

std::string change(const std::optional<BlockMean>& percent) {
  if (!percent || !percent->half) return "-";
  if (percent->differs()) return fmt::format("{:+.2f} ±{:.2f}", percent->value, *percent->half);
  return fmt::format("none shown (below {:.2f})", percent->below());
}

std::string plain(const std::optional<BlockMean>& mean) {
  return mean ? fmt::format("{:.3f}", mean->value) : "-";
}

json json_of(const std::optional<BlockMean>& mean) {
  if (!mean) return nullptr;
  return {{"value", mean->value},
          {"half_width_95", mean->half ? json(*mean->half) : json(nullptr)},
          {"blocks", mean->blocks}};
}

json change_json(const std::optional<BlockMean>& percent) {
  json object = json_of(percent);
  if (percent && percent->half) {
    object["differs"] = percent->differs();
    if (!percent->differs()) object["below"] = percent->below();
  }
  return object;
}

bool has_energy(const OverheadResult& result) {
  return std::any_of(result.ways.begin(), result.ways.end(),
                     [](const OverheadWay& way) { return way.energy_j.has_value(); });
}

std::string table_of(const OverheadResult& result) {
  const std::string what = result.has_batches ? "batch" : "run";
  Table table;
  table.add_column("sampling");
  if (result.has_batches) {
    table.add_column("median batch, ms");
    table.add_column("overhead, %");
  }
  table.add_column("mean " + what + ", ms");
  for (const char* header : {"overhead, %", "CPU, %", "us/tick"}) table.add_column(header);
  if (has_energy(result)) table.add_column("energy, %");
  for (const OverheadWay& way : result.ways) {
    std::vector<std::string> row = {sampling_text(way)};
    if (result.has_batches) {
      row.push_back(milliseconds(way.median_s));
      row.push_back(way.period ? change(way.median_percent) : "");
    }
    row.push_back(milliseconds(way.mean_s));
    row.push_back(way.period ? change(way.mean_percent) : "");
    row.push_back(way.period ? plain(way.thread_cpu_percent) : "");
    row.push_back(way.cpu_us_per_tick ? fmt::format("{:.1f}", *way.cpu_us_per_tick) : "");
    if (has_energy(result)) row.push_back(way.energy_percent ? change(way.energy_percent) : "");
    table.add_row(std::move(row));
  }
  return table.to_text(0);
}

void print_energy_words(const OverheadResult& result) {
  if (!result.meter_failed.empty())
    fmt::print("attention: the meter's log cannot be read: {}\n", result.meter_failed);
  if (has_energy(result) && result.meter)
    fmt::print("{}", wrapped("Energy: of the inference phase by the meter's log, against the runs "
                             "without sampling of the same block.",
                             0));
  else if (has_energy(result))
    fmt::print("{}", wrapped("Energy: of the inference phase, against the slowest sampling, since "
                             "without any there is none.",
                             0));
  else if (!result.why_no_energy.empty())
    fmt::print("{}", wrapped("Energy is absent: " + result.why_no_energy, 0));
  if (has_energy(result) && !result.why_no_energy.empty())
    fmt::print("{}", wrapped("A run has no energy: " + result.why_no_energy, 0));
}

json ways_json(const OverheadResult& result) {
  json ways = json::array();
  for (const OverheadWay& way : result.ways)
    ways.push_back({{"period_s", way.period ? json(way.period->seconds().value()) : json(nullptr)},
                    {"batch_median_s", json_of(way.median_s)},
                    {"batch_mean_s", json_of(way.mean_s)},
                    {"median_overhead_percent", change_json(way.median_percent)},
                    {"mean_overhead_percent", change_json(way.mean_percent)},
                    {"sampling_cpu_percent", json_of(way.thread_cpu_percent)},
                    {"process_cpu_percent", json_of(way.process_cpu_percent)},
                    {"cpu_per_tick_s",
                     way.cpu_us_per_tick ? json(*way.cpu_us_per_tick * 1e-6) : json(nullptr)},
                    {"ticks", way.ticks},
                    {"reached_period_s",
                     way.reached_period ? json(way.reached_period->value()) : json(nullptr)},
                    {"counters", json_of_counters(way.counters)},
                    {"energy_j", json_of(way.energy_j)},
                    {"energy_percent", change_json(way.energy_percent)}});
  return ways;
}

json runs_json(const OverheadRequest& request, const OverheadResult& result) {
  json runs = json::array();
  for (const OverheadRun& run : result.runs)
    runs.push_back(
        {{"block", run.block},
         {"period_s",
          run.way == 0 ? json(nullptr) : json(request.periods[run.way - 1].seconds().value())},
         {"batch_median_s", run.median ? json(run.median->value()) : json(nullptr)},
         {"batch_mean_s", run.mean.value()},
         {"energy_j", run.energy ? json(run.energy->value()) : json(nullptr)},
         {"inference_begin_ns", run.begin.ns},
         {"inference_end_ns", run.end.ns},
         {"inference_begin_unix_s",
          static_cast<double>((run.begin + run.wall_less_ours).ns) * 1e-9},
         {"inference_end_unix_s", static_cast<double>((run.end + run.wall_less_ours).ns) * 1e-9},
         {"throttled", run.throttled},
         {"begun", run.wall_time}});
  return runs;
}

}  // namespace

void print_overhead_text(const OverheadRequest& request, const OverheadResult& result) {
  fmt::print("{}, batch {}, {} inferences a run, {} blocks on {} ({}); {} channels at every tick\n",
             result.first.measured.run.network, request.measure.batch, result.inferences,
             result.blocks, result.first.board, result.first.board_title, result.rails);
  print_notes(result.first.engine, result.first.measured.run.notes);
  fmt::print("\n{}", table_of(result));
  fmt::print(
      "{}", wrapped("Overhead: against the runs without sampling of the same block, mean and 95 % "
                    "interval (Student's t over the blocks); 'none shown' where the interval holds "
                    "0, with what would have been seen. CPU: of the sampling thread, in percent of "
                    "one core.",
                    0));
  print_energy_words(result);
  for (const std::string& sentence : result.notes) fmt::print("assumed: {}\n", sentence);
  if (result.throttled > 0)
    fmt::print("{} runs throttled and are compared with nothing\n", result.throttled);
  for (const OverheadWay& way : result.ways)
    if (way.reached_period && *way.reached_period > way.period->seconds() * kMissed)
      fmt::print("attention: {} was not reached: reading takes longer, or the machine was busy\n",
                 period_text(way.period));
  if (result.meter) print_counters(*result.meter);
  if (!result.first.caution.empty()) fmt::print("\nattention: {}\n", result.first.caution);
}

void print_overhead_json(const OverheadRequest& request, const OverheadResult& result) {
  json root = {{"board", result.first.board},
               {"simulated", result.first.simulated},
               {"engine", result.first.engine},
               {"network", result.first.measured.run.network},
               {"batch", request.measure.batch},
               {"inferences", result.inferences},
               {"blocks", result.blocks},
               {"channels", result.rails},
               {"notes", result.first.measured.run.notes},
               {"energy_of", result.meter ? "meter" : "rails"},
               {"throttled", result.throttled},
               {"ways", ways_json(result)},
               {"runs", runs_json(request, result)}};
  if (!has_energy(result)) root["why_no_energy"] = result.why_no_energy;
  if (result.meter) root["meter_counters"] = json_of_counters(*result.meter);
  if (!result.meter_failed.empty()) root["meter_failed"] = result.meter_failed;
  if (!result.notes.empty()) root["meter_notes"] = result.notes;
  if (!result.first.caution.empty()) root["caution"] = result.first.caution;
  print_json(root);
}

}  // namespace isojoule::cli
