// For tests of reports: a study in memory from runs that were made up, some with traces.
#pragma once

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "data/study_file.h"

namespace isojoule::test {

class ListedStudy final : public StudyFile {
 public:
  ListedStudy() {
    info_.name = "listed";
    info_.board = "jetson-nano";
    info_.release = "32.7";
    info_.simulated = true;
    info_.engine = "twin";
    info_.program_version = "0.1.0";
    info_.command = "isojoule sweep plan.toml";
    info_.created = "2026-01-01T00:00:00Z";
    info_.total = "VDD_IN";
    info_.rails = {{"VDD_IN", "", "module input"}};
    info_.protocol_json = R"({"repeats": 2})";
  }
  StudyInfo& info() { return info_; }
  // Its id is its place, from 1.
  Run& add(Run run) {
    run.id = std::ssize(runs_) + 1;
    run.sequence = run.id - 1;
    runs_.push_back(std::move(run));
    info_.planned_runs = std::ssize(runs_);
    return runs_.back();
  }
  void add(Run run, Trace trace) { traces_[add(std::move(run)).id] = std::move(trace); }
  std::int64_t traces_read = 0;

 private:
  const StudyInfo& do_info() const override { return info_; }
  Result<std::int64_t> do_add(const Run&, const Trace*) override { return 0; }
  Result<std::vector<std::int64_t>> do_sequences() override { return std::vector<std::int64_t>{}; }
  Result<std::vector<Run>> do_runs(bool with_batches) override {
    std::vector<Run> runs = runs_;
    if (!with_batches)
      for (Run& run : runs) run.batches.clear();
    return runs;
  }
  Result<Run> do_run(std::int64_t id) override {
    if (id < 1 || id > std::ssize(runs_)) return fail(ErrorKind::not_found, "no such run");
    return runs_[static_cast<std::size_t>(id - 1)];
  }
  Result<Trace> do_trace(std::int64_t id) override {
    ++traces_read;
    const auto found = traces_.find(id);
    if (found == traces_.end()) return fail(ErrorKind::no_data, "no trace");
    return found->second;
  }
  StudyInfo info_;
  std::vector<Run> runs_;
  std::map<std::int64_t, Trace> traces_;
};

inline Instant second_at(double seconds) { return {std::llround(seconds * 1e9)}; }

// A second of idling, one of loading, then batches of 8 inferences each for `seconds` at `watts`.
inline Run listed_run(const std::string& network, const std::string& baseline, Setting setting,
                      double watts, double seconds) {
  Run run;
  run.network = network;
  run.baseline = baseline;
  run.setting = std::move(setting);
  run.phases = {{PhaseKind::idle, second_at(0), second_at(1)},
                {PhaseKind::load, second_at(1), second_at(2)},
                {PhaseKind::inference, second_at(2), second_at(2 + seconds)}};
  constexpr int kBatches = 10;
  for (int i = 0; i < kBatches; ++i)
    run.batches.push_back(
        {second_at(2 + seconds * i / kBatches), second_at(2 + seconds * (i + 1) / kBatches)});
  run.inferences = 8 * kBatches;
  PhaseEnergy energy{PhaseKind::inference, "total", Second(seconds), {}, {}, {}};
  energy.budget_j = {{"gain", 0.01 * watts * seconds}, {"sampling", 0.1}};
  energy.gross = {Joule(watts * seconds), Joule(std::hypot(0.01 * watts * seconds, 0.1)), ""};
  energy.net = energy.gross;
  run.energies = {energy};
  run.wall_time = "2026-01-01T00:00:00Z";
  return run;
}

// 1 W for two seconds, then `watts` until a second after `seconds` of inference; read every 50 ms.
inline Trace listed_trace(double watts, double seconds) {
  Trace trace;
  trace.total = "VDD_IN";
  trace.period = Duration::milliseconds(50);
  Channel channel;
  channel.info.rail = "VDD_IN";
  channel.info.sensor = "made";
  channel.info.kind = ChannelKind::power;
  Watch clock{"gpu_frequency", {}, {}}, heat{"temperature_gpu", {}, {}};
  for (double at = -0.5; at <= 3 + seconds; at += 0.05) {
    channel.time_ns.push_back(second_at(at).ns);
    channel.a.push_back(static_cast<std::int32_t>(std::lround(1000 * (at < 2 ? 1 : watts))));
    clock.time_ns.push_back(second_at(at).ns + 7000);
    clock.value.push_back(at < 2 ? 76.8e6 : 921.6e6);
    heat.time_ns.push_back(second_at(at).ns + 9000);
    heat.value.push_back(31.5);
  }
  trace.channels = {channel};
  trace.watches = {clock, heat};
  return trace;
}

inline Setting clocks(double cpu, double gpu, double batch = 8) {
  Setting setting;
  setting.set("cpu_frequency", cpu);
  setting.set("gpu_frequency", gpu);
  setting.set("batch", batch);
  return setting;
}

// 2 x 2 clocks and two governors, two repeats, all with traces. Least at (1 GHz, 300 MHz).
inline void fill_grid(ListedStudy& study, const std::string& network = "alexnet") {
  for (int repeat = 0; repeat < 2; ++repeat) {
    for (const double cpu : {1e9, 1.4e9})
      for (const double gpu : {300e6, 900e6}) {
        const double watts = 4 + (cpu > 1e9 ? 1 : 0) + (gpu > 300e6 ? 0.5 : 0) + 0.01 * repeat;
        study.add(listed_run(network, "", clocks(cpu, gpu), watts, 4), listed_trace(watts, 4));
      }
    for (const char* baseline : {"powersave", "default"}) {
      Setting setting;
      setting.set("batch", 8.0);
      setting.set("cpu_governor", std::string("schedutil"));
      const double watts = baseline[0] == 'd' ? 6 : 7;
      study.add(listed_run(network, baseline, setting, watts, 4), listed_trace(watts, 4));
    }
  }
}

// Markup, quotes, right to left, controls, bytes that are no UTF-8.
inline const std::string kHostileName =
    "</script><script>alert(1)</script>\"'&<!-- "
    "\xe2\x80\xae\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d\x01\xff";

struct OddStudy {
  const char* what;
  ListedStudy study;
};

inline std::vector<OddStudy> odd_studies() {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<OddStudy> odd(9);
  odd[0].what = "no runs";
  odd[1].what = "one run without a trace";
  odd[1].study.add(listed_run("alexnet", "", clocks(1e9, 3e8), 4, 4));
  odd[2].what = "every run failed";
  odd[3].what = "every run throttled";
  for (int i = 0; i < 4; ++i) {
    Run run = listed_run("alexnet", i % 2 == 0 ? "" : "default", clocks(1e9, 3e8), 4, 4);
    run.state = RunState::throttled;
    run.counters.add(Counter::throttled);
    odd[3].study.add(run, listed_trace(4, 4));
    run.state = RunState::failed;
    run.failure = "out of memory";
    run.energies.clear();
    run.phases.clear();
    run.batches.clear();
    odd[2].study.add(run);
  }
  odd[4].what = "hostile names";
  StudyInfo& info = odd[4].study.info();
  info.name = info.board = info.release = info.engine = info.command = info.plan_toml =
      kHostileName;
  info.total = kHostileName;
  info.rails = {{kHostileName, kHostileName, kHostileName}};
  fill_grid(odd[4].study, kHostileName);
  odd[5].what = "a name of 10 kB";
  fill_grid(odd[5].study, std::string(10'000, 'x'));
  odd[6].what = "energies that are no finite number";
  for (const double bad : {kNan, kInfinity, -kInfinity}) {
    Run run = listed_run("alexnet", "", clocks(1e9, 3e8), 4, 4);
    run.energies[0].gross = {Joule(bad), Joule(bad), ""};
    run.energies[0].net = run.energies[0].gross;
    run.energies[0].budget_j = {{"gain", bad}};
    run.residency_percent["gpu_frequency"] = {{3e8, bad}};
    Trace trace = listed_trace(4, 4);
    for (double& value : trace.watches[0].value) value = bad;
    odd[6].study.add(run, trace);
  }
  odd[7].what = "a trace without readings, phases without length";
  Run empty = listed_run("alexnet", "", clocks(1e9, 3e8), 4, 4);
  for (Phase& phase : empty.phases) phase.end = phase.begin;
  empty.batches.clear();
  odd[7].study.add(empty, Trace{});
  odd[8].what = "a protocol and rails that are nothing";
  odd[8].study.info().protocol_json = "{";
  odd[8].study.info().rails.clear();
  fill_grid(odd[8].study);
  return odd;
}

}  // namespace isojoule::test
