// For tests: messages compared field by field, and examples with every field filled. A new field
// does not compile here until somebody has thought of it.
#pragma once

#include <tuple>

#include "fleet/message.h"

namespace isojoule {

inline auto tied(const MeasuredEnergy& x) {
  const auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
inline bool operator==(const MeasuredEnergy& x, const MeasuredEnergy& y) {
  return tied(x) == tied(y);
}
inline auto tied(const PhaseEnergy& x) {
  const auto& [a, b, c, d, e, f] = x;
  return std::tie(a, b, c, d, e, f);
}
inline bool operator==(const PhaseEnergy& x, const PhaseEnergy& y) { return tied(x) == tied(y); }
inline auto tied(const WindowEnergy& x) {
  const auto& [a, b, c, d, e] = x;
  return std::tie(a, b, c, d, e);
}
inline bool operator==(const WindowEnergy& x, const WindowEnergy& y) { return tied(x) == tied(y); }
inline auto tied(const KnobResult& x) {
  const auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
inline bool operator==(const KnobResult& x, const KnobResult& y) { return tied(x) == tied(y); }
inline auto tied(const Run& x) {  // its id is the study file's
  const auto& [id, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w] = x;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w);
}
inline bool operator==(const Run& x, const Run& y) { return tied(x) == tied(y); }
inline auto tied(const Rail& x) {
  const auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
inline bool operator==(const Rail& x, const Rail& y) { return tied(x) == tied(y); }
inline auto tied(const PlannedRun& x) {
  const auto& [a, b, c, d, e, f, g, h] = x;
  return std::tie(a, b, c, d, e, f, g, h);
}
inline bool operator==(const PlannedRun& x, const PlannedRun& y) { return tied(x) == tied(y); }

namespace fleet {

inline auto tied(const CardKnob& x) { return std::tie(x.axis, x.values); }
inline bool operator==(const CardKnob& x, const CardKnob& y) { return tied(x) == tied(y); }
inline auto tied(const CardEngine& x) { return std::tie(x.name, x.details); }
inline bool operator==(const CardEngine& x, const CardEngine& y) { return tied(x) == tied(y); }
inline auto tied(const BoardCard& x) {
  const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r] = x;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r);
}
inline bool operator==(const BoardCard& x, const BoardCard& y) { return tied(x) == tied(y); }
inline auto tied(const Pulse& x) {
  const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = x;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
}
inline bool operator==(const Pulse& x, const Pulse& y) { return tied(x) == tied(y); }
inline auto tied(const StudyRecord& x) {
  const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u] = x;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u);
}
inline bool operator==(const StudyRecord& x, const StudyRecord& y) { return tied(x) == tied(y); }
inline auto tied(const BlockMessage& x) {
  const auto& [a, b, c, d] = x;
  return std::tie(a, b, c, d);
}
inline bool operator==(const BlockMessage& x, const BlockMessage& y) { return tied(x) == tied(y); }
inline auto tied(const RunMessage& x) {
  const auto& [a, b, c, d, e, f] = x;
  return std::tie(a, b, c, d, e, f);
}
inline bool operator==(const RunMessage& x, const RunMessage& y) { return tied(x) == tied(y); }

inline BoardCard example_card() {
  BoardCard card;
  card.name = "rack1-7";
  card.instance = "5f0c6a";
  card.serial = "1421722050000";
  card.board = "jetson-orin-nx";
  card.title = "NVIDIA Jetson Orin NX 16 GB";
  card.release = "36.4";
  card.variant = "super";
  card.simulated = true;
  card.rails = {{"VDD_IN", "", "module input"}, {"VDD_CPU_GPU_CV", "VDD_IN", "CPU, GPU"}};
  card.total = "VDD_IN";
  card.knobs = {{"cpu_frequency", {Value(115200000.0), Value(1984000000.0)}},
                {"cpu_governor", {Value("schedutil"), Value("performance")}}};
  card.engines = {{"onnxruntime", {{"version", "1.17"}}}, {"twin", {}}};
  card.sensors = {"ina3221 1-0040"};
  card.problems = {"gpu_frequency: permission denied"};
  card.protocol = 1;
  card.version = "0.1.0";
  card.allow_command = true;
  card.since = "2026-11-22T20:00:00Z";
  return card;
}

inline Pulse example_pulse() {
  Pulse pulse;
  pulse.instance = "5f0c6a";
  pulse.state = BoardState::measuring;
  pulse.why = "";
  pulse.study = "0123456789abcdef01234567";
  pulse.block = 12;
  pulse.block_runs = 20;
  pulse.block_done = 3;
  pulse.network = "alexnet";
  pulse.setting = "batch=16 cpu_frequency=1479000000";
  pulse.runs = 203;
  pulse.blocks = 11;
  pulse.unsent = 1;
  pulse.temperatures_c = {{"CPU-therm", 48.5}, {"GPU-therm", 47}};
  pulse.power_w = 7.25;
  pulse.uptime_s = 1234.5;
  pulse.wall_time = "2026-11-22T20:00:03Z";
  return pulse;
}

inline ObjectName example_object(char digit) {
  return {"plan", std::string(64, digit), 61'000'000};
}

inline StudyRecord example_study() {
  StudyRecord study;
  study.study = "0123456789abcdef01234567";
  study.name = "rpe-nano-alexnet";
  study.board = "jetson-nano";
  study.simulated = true;
  study.plan = example_object('a');
  study.card = example_object('e');
  study.engine = "onnxruntime";
  study.networks = {{"alexnet", example_object('b')}};
  study.files = {{"inputs/cat.jpg", example_object('c')}};
  study.boards = {"rack1-1", "rack1-2"};
  study.total = "VDD_IN";
  study.rails = {"VDD_IN", "VDD_CPU"};
  study.lanes = 2;
  study.blocks = 24;
  study.runs = 480;
  study.needs_command = true;
  study.open_end = true;
  study.closed = true;
  study.version = "0.1.0";
  study.created = "2026-11-22T20:00:00Z";
  return study;
}

inline BlockMessage example_block() {
  BlockMessage block;
  block.study = "0123456789abcdef01234567";
  block.lane = 1;
  block.block = 12;
  PlannedRun run;
  run.sequence = 240;
  run.block = 12;
  run.repeat = 3;
  run.grid = "map";
  run.network = "alexnet";
  run.setting.set("batch", 16.0);
  run.setting.set("cpu_frequency", 1479000000.0);
  run.setting.set("option.mode", std::string("fast \"x\" \\ \xC3\xA4"));
  run.inferences = 320;
  block.runs.push_back(run);
  run.sequence = 241;
  run.baseline = "default";
  run.setting.erase("cpu_frequency");
  run.inferences = 0;
  block.runs.push_back(run);
  return block;
}

inline Trace example_trace() {
  Trace trace;
  trace.total = "VDD_IN";
  trace.period = Duration::milliseconds(100);
  Channel channel;
  channel.info.rail = "VDD_IN";
  channel.info.sensor = "ina3221 6-0040 channel 0";
  channel.info.voltage_quantum = Volt(0.008);
  channel.info.current_quantum = Ampere(0.008);
  channel.info.window = Second(0.0538);
  channel.info.gain_uncertainty = 0.005;
  channel.info.current_offset_uncertainty = Ampere(0.001);
  channel.info.power_quantum = Watt(0.25);
  channel.info.power_offset_uncertainty = Watt(0.125);
  channel.info.update_period = Second(0.0269);
  channel.info.is_dated_by_source = true;
  channel.info.lag = Second(0.01);
  channel.info.calibration = Calibration{1.02,  Watt(-0.01),  0.001,       Watt(0.002), -0.5,
                                         "PM1", "2026-11-21", Watt(0.125), Watt(14)};
  channel.time_ns = {1'000'000'000, 1'100'000'100, 1'200'000'050};
  channel.a = {5000, 5008, 4992};
  channel.b = {1200, -8, 2400};
  trace.channels.push_back(channel);
  channel.info.kind = ChannelKind::power;
  channel.info.calibration.reset();
  channel.b.clear();
  trace.channels.push_back(channel);
  trace.watches.push_back({"cpu_frequency", {1'000'000'000, 1'100'000'000}, {1479e6, 0.1}});
  return trace;
}

inline Run example_run() {
  Run run;
  run.sequence = 240;
  run.block = 12;
  run.repeat = 3;
  run.network = "alexnet";
  run.baseline = "default";
  run.setting.set("batch", 16.0);
  run.setting.set("cpu_governor", std::string("schedutil"));
  run.knobs = {{"cpu_frequency", Value(1479e6), Value(1428e6)},
               {"cpu_governor", Value("userspace"), Value("userspace")}};
  run.state = RunState::throttled;
  run.failure = "it got hot:\n\t90 C";
  run.inferences = 320;
  run.phases = {{PhaseKind::load, Instant{-5}, Instant{0}},
                {PhaseKind::inference, Instant{1'000'000'000}, Instant{3'000'000'000}}};
  run.batches = {{Instant{1'000'000'000}, Instant{2'000'000'001}},
                 {Instant{2'000'000'001}, Instant{3'000'000'000}}};
  run.layers = {{"conv1", "Conv", "GPU", Second(0.001), Second(0.0001), 3},
                {"fc", "", "", Second(0.1 + 0.2), Second(0), 3}};
  PhaseEnergy energy;
  energy.phase = PhaseKind::inference;
  energy.rail = "total";
  energy.duration = Second(2);
  energy.gross = {Joule(12.3), Joule(0.1), ""};
  energy.net = {std::nullopt, std::nullopt, "no idle phase"};
  energy.budget_j = {{"gain", 0.05}, {"offset", 0.01}};
  run.energies = {energy};
  run.windows = {{"infer", Instant{10}, Instant{20}},
                 {"decode", Instant{12}, Instant{12}},
                 {"infer", Instant{30}, Instant{45}}};
  run.window_energies = {{1, "total", {std::nullopt, std::nullopt, "too short"}, {}, {}},
                         {2, "VDD_IN", {Joule(0.1), Joule(0.01), ""}, {}, {{"edges", 0.001}}}};
  run.residency_percent = {{"cpu_frequency", {{1428e6, 12.5}, {1479e6, 87.5}}}};
  run.temperature_start_c = {{"CPU-therm", 40.5}};
  run.temperature_end_c = {{"CPU-therm", 61}, {"PLL", 55}};
  run.counters.add(Counter::throttled);
  run.counters.add(Counter::sample_gap, 17);
  run.notes = {{"provider", "CPU"}, {"stderr", "a\nb"}};
  run.wall_time = "2026-11-22T20:00:03Z";
  run.on_board = "rack1-7";
  return run;
}

inline RunMessage example_run_message() {
  RunMessage message;
  message.study = "0123456789abcdef01234567";
  message.board = "rack1-7";
  message.instance = "5f0c6a";
  message.run = example_run();
  message.trace = example_trace();
  message.trace_object = example_object('d');
  return message;
}

}  // namespace fleet
}  // namespace isojoule
