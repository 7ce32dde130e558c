// For tests of exports: studies in memory, made run by run, and sinks that count.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/study_file.h"
#include "report/report.h"

namespace isojoule::test {

inline Run empty_run(std::int64_t id) {
  Run run;
  run.id = id;
  run.sequence = id - 1;
  return run;
}

// Runs and traces are made when they are asked for, so that a huge study takes no memory.
class MadeStudy final : public StudyFile {
 public:
  using MakeRun = std::function<Run(std::int64_t id)>;
  using MakeTrace = std::function<std::optional<Trace>(std::int64_t id)>;
  MadeStudy(std::int64_t runs, MakeRun run, MakeTrace trace)
      : count_(runs), make_run_(std::move(run)), make_trace_(std::move(trace)) {
    info_.name = "made";
    info_.board = "jetson-nano";
    info_.release = "32.7";
    info_.engine = "twin";
    info_.simulated = true;
    info_.program_version = "0.1.0";
    info_.command = "isojoule sweep \"a b\"";
    info_.created = "2026-01-01T00:00:00Z";
    info_.planned_runs = runs;
    info_.total = "VDD_IN";
    info_.rails = {{"VDD_IN", "", "module input"}, {"VDD_GPU", "VDD_IN", "GPU"}};
  }
  std::int64_t traces_read = 0;

 private:
  const StudyInfo& do_info() const override { return info_; }
  Result<std::int64_t> do_add(const Run&, const Trace*) override { return 0; }
  Result<std::vector<std::int64_t>> do_sequences() override { return std::vector<std::int64_t>{}; }
  Result<std::vector<std::int64_t>> do_ids() override {
    std::vector<std::int64_t> ids;
    for (std::int64_t id = 1; id <= count_; ++id) ids.push_back(id);
    return ids;
  }
  Result<std::vector<Run>> do_runs(bool) override {
    return fail(ErrorKind::internal, "an export takes one run after another");
  }
  Result<Run> do_run(std::int64_t id) override { return make_run_(id); }
  Result<Trace> do_trace(std::int64_t id) override {
    ++traces_read;
    auto trace = make_trace_(id);
    if (!trace) return fail(ErrorKind::no_data, "no trace");
    return std::move(*trace);
  }
  std::int64_t count_;
  MakeRun make_run_;
  MakeTrace make_trace_;
  StudyInfo info_;
};

inline Channel voltage_channel(const std::string& rail, std::vector<std::int64_t> times,
                               std::vector<std::int32_t> millivolts,
                               std::vector<std::int32_t> milliamperes) {
  Channel channel;
  channel.info.rail = rail;
  channel.info.sensor = "ina3221 1-0040 channel 0";
  channel.info.kind = ChannelKind::voltage_current;
  channel.info.window = Second(0.05376);
  channel.time_ns = std::move(times);
  channel.a = std::move(millivolts);
  channel.b = std::move(milliamperes);
  return channel;
}

inline Channel power_channel(const std::string& rail, ChannelKind kind, double step,
                             std::vector<std::int64_t> times, std::vector<std::int32_t> values) {
  Channel channel;
  channel.info.rail = rail;
  channel.info.sensor = "made";
  channel.info.kind = kind;
  channel.info.step_a = step;
  channel.time_ns = std::move(times);
  channel.a = std::move(values);
  return channel;
}

inline constexpr std::int64_t kMs = 1'000'000;

// Two phases, nested and overlapping windows, three kinds of channels, a rail that gives nothing at
// one tick, a name with all that must be escaped. Times begin where a double loses nanoseconds.
inline constexpr std::int64_t kStart = 9'007'199'254'740'993;  // 2^53 + 1

inline Run small_run(std::int64_t id) {
  Run run = empty_run(id);
  run.network = id == 1 ? "alexnet" : "a\"b\\c\nd, \xff";
  run.setting.set("batch", 16.0);
  run.setting.set("gpu_frequency", 921.6e6);
  run.inferences = 32;
  run.wall_time = "2026-01-01T00:00:01Z";
  run.phases = {{PhaseKind::idle, {kStart}, {kStart + 200 * kMs}},
                {PhaseKind::inference, {kStart + 200 * kMs}, {kStart + 600 * kMs}}};
  run.batches = {{{kStart + 200 * kMs}, {kStart + 300 * kMs + 1}},
                 {{kStart + 300 * kMs + 1}, {kStart + 600 * kMs}}};
  run.windows = {{"request", {kStart + 210 * kMs}, {kStart + 400 * kMs}},
                 {"decode", {kStart + 220 * kMs}, {kStart + 250 * kMs}},
                 {"request", {kStart + 390 * kMs}, {kStart + 500 * kMs}}};
  PhaseEnergy inference{PhaseKind::inference, "total", Second(0.4), {}, {}, {}};
  inference.gross = {Joule(1.25), Joule(0.015625), ""};
  inference.net = {Joule(0.5), Joule(0.03125), ""};
  inference.budget_j = {{"gain", 0.0125}, {"offset", 0.009375}};
  PhaseEnergy idle{PhaseKind::idle, "total", Second(0.2), {}, {}, {}};
  idle.gross = {std::nullopt, std::nullopt, "no reading falls into it"};
  idle.net = idle.gross;
  run.energies = {idle, inference};
  WindowEnergy first{0, "total", {Joule(0.75), Joule(0.125), ""}, {}, {}};
  WindowEnergy second{2, "total", {Joule(0.25), Joule(0.125), ""}, {}, {}};
  run.window_energies = {first, second};
  run.layers = {{"conv1", "Conv", "GPU", Second(0.125), Second(0), 5}};
  run.residency_percent["gpu_frequency"] = {{921.6e6, 100}};
  run.temperature_start_c["GPU-therm"] = 31.5;
  run.temperature_end_c["GPU-therm"] = 33;
  run.counters.add(Counter::sample_gap, 2);
  run.notes["provider"] = "CPU";
  return run;
}

inline Run failed_run(std::int64_t id) {
  Run run = empty_run(id);
  run.network = "alexnet";
  run.baseline = "default";
  run.state = RunState::failed;
  run.failure = "out of memory: 3 GiB";
  run.counters.add(Counter::out_of_memory);
  return run;
}

inline Trace small_trace() {
  const auto at = [](std::int64_t ms, std::int64_t ns = 0) { return kStart + ms * kMs + ns; };
  Trace trace;
  trace.total = "VDD_IN";
  trace.period = Duration::milliseconds(100);
  trace.channels = {
      voltage_channel("VDD_IN", {at(0), at(100), at(200), at(300, 7)}, {5024, 5016, 5008, 4992},
                      {516, 520, 912, 1000}),
      power_channel("VDD_GPU", ChannelKind::power, 1e-3, {at(1), at(201), at(301)},
                    {1234, -5, 40}),  // nothing at the second tick
      power_channel("package-0", ChannelKind::energy_counter, 1.0 / 65536,
                    {at(2), at(102), at(202), at(302)}, {0, 16384, 81920, 65536 * 2})};
  trace.watches = {
      {"gpu_frequency", {at(3), at(103), at(203), at(303)}, {921.6e6, 921.6e6, 76.8e6, 921.6e6}},
      {"temperature_gpu", {at(4)}, {31.5}}};
  return trace;
}

inline MadeStudy small_study() {
  return MadeStudy(
      3, [](std::int64_t id) { return id == 2 ? failed_run(id) : small_run(id); },
      [](std::int64_t id) { return id == 2 ? std::nullopt : std::optional<Trace>(small_trace()); });
}

inline Result<std::string> exported(StudyFile& study, const char* format,
                                    std::optional<std::int64_t> run = std::nullopt) {
  TextSink sink;
  const auto kind = find_report(format);
  if (!kind) return tl::unexpected<Error>(kind.error());
  const Status written = write_report(**kind, study, {run}, sink);
  if (!written) return tl::unexpected<Error>(written.error());
  return sink.text();
}

}  // namespace isojoule::test
