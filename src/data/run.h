// One run of a study: what was asked, what was achieved, when what happened, what it cost.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/quantity.h"
#include "data/counter.h"
#include "data/setting.h"

namespace isojoule {

// In the order in which most engines go through them; a run has those that its engine tells apart.
enum class PhaseKind : std::uint8_t {
  idle,
  process_start,         // of the engine's process, with its library, until it could begin
  load,                  // the model's bytes from storage into memory
  graph_initialisation,  // until a batch could run: parsing, optimising, building, compiling
  inputs,                // CPU work on what goes in: decoding, resizing, tokenising
  first_inference,       // what engines put off until the first batch
  warm_up,
  inference,
  post_processing,  // CPU work on what comes out: softmax, suppression of boxes
  profiling,        // further batches under the engine's own profiler, for the layers' times
  tear_down
};
std::string_view name_of(PhaseKind kind);  // "graph_initialisation"
std::optional<PhaseKind> phase_named(std::string_view name);

struct Phase {
  PhaseKind kind;
  Instant begin;
  Instant end;
  Second duration() const { return (end - begin).seconds(); }
  bool operator==(const Phase&) const = default;
};

// One batch of the inference phase.
struct BatchMark {
  Instant begin;
  Instant end;
  bool operator==(const BatchMark&) const = default;
};

// Time of one layer in a batch, as the engine's own profiler gives it.
struct LayerTime {
  std::string name;       // of the node in the model, or what the engine made of several
  std::string operation;  // "Conv"; the engine's word where it fused several
  std::string device;     // "CPU", "GPU", "DLA"; empty: not known
  Second time{0};         // mean over the profiled batches
  Second spread{0};       // standard deviation from batch to batch; 0 where only a mean is given
  std::int64_t batches = 0;
  bool operator==(const LayerTime&) const = default;
};

// A value that was measured, with its standard uncertainty (k = 1), or the reason why it was not.
struct MeasuredEnergy {
  std::optional<Joule> value;
  std::optional<Joule> uncertainty;
  std::string why_absent;
};

struct PhaseEnergy {
  PhaseKind phase;
  std::string rail;  // "total" for the module's total expression, otherwise a rail's name
  Second duration{0};
  MeasuredEnergy gross;
  MeasuredEnergy net;                      // gross minus idle power x duration, at the same setting
  std::map<std::string, double> budget_j;  // standard uncertainty by cause: gain, offset,
                                           // quantisation, sampling, edges, gaps, calibration
};

// A stretch of a run that the measured program named (isojoule.h). Windows may lie in one another,
// overlap, and come from several threads.
struct Window {
  std::string name;
  Instant begin;
  Instant end;
  Second duration() const { return (end - begin).seconds(); }
  bool operator==(const Window&) const = default;
};

struct WindowEnergy {
  std::int64_t window = 0;  // place in Run::windows
  std::string rail;         // as PhaseEnergy's
  MeasuredEnergy gross;
  MeasuredEnergy net;
  std::map<std::string, double> budget_j;
};

struct KnobResult {
  std::string axis;
  Value requested;
  Value achieved;
};

enum class RunState : std::uint8_t {
  complete,
  failed,     // engine or board failed; `failure` says why
  throttled,  // complete, but not to be averaged in
};
std::string_view name_of(RunState state);
std::optional<RunState> run_state_named(std::string_view name);

// Why a setting is in the plan: a point of the grid, or a baseline that leaves it to the governors.
struct Run {
  std::int64_t id = 0;        // row of the study file, 1..
  std::int64_t sequence = 0;  // place in the plan's order, 0..; unique in the study
  std::int64_t block = 0;
  std::int64_t repeat = 0;
  std::string on_board;  // the fleet's name of the board that made it; empty: the study's only one
  std::string network;
  std::string baseline;  // empty: a grid point; otherwise the baseline's name ("default")
  Setting setting;
  std::vector<KnobResult> knobs;
  RunState state = RunState::complete;
  std::string failure;
  std::int64_t inferences = 0;
  std::vector<Phase> phases;
  std::vector<BatchMark> batches;
  std::vector<LayerTime> layers;  // in the order of execution; empty: not profiled
  std::vector<PhaseEnergy> energies;
  std::vector<Window> windows;  // by begin
  std::vector<WindowEnergy> window_energies;
  // Share of the inference phase at each value, in percent, by watch: "cpu_frequency" -> (hz -> %).
  std::map<std::string, std::map<double, double>> residency_percent;
  std::map<std::string, double> temperature_start_c;
  std::map<std::string, double> temperature_end_c;
  Counters counters;
  std::map<std::string, std::string> notes;  // of the engine: "provider" -> "CPU"
  std::string wall_time;                     // ISO 8601, for people

  const Phase* phase(PhaseKind kind) const;
  const PhaseEnergy* energy(PhaseKind kind, const std::string& rail = "total") const;
};

}  // namespace isojoule
