// From a plan to a study file: order the runs, set the board, run the engine while the rails are
// sampled, store each complete run, restore the board.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "board/board.h"
#include "board/journal.h"
#include "data/plan.h"
#include "data/study_file.h"
#include "engine/engine.h"
#include "trace/window_energies.h"

namespace isojoule {

class LiveSession;

// Errors: parse with line and column, invalid with the nearest known key or axis.
Result<Plan> parse_plan(const std::string& toml, const std::string& path);
// One JSON object with the plan file's own keys, for StudyInfo::protocol_json.
std::string protocol_json(const Protocol& protocol);

struct PlannedRun {
  std::int64_t sequence = 0;
  std::int64_t block = 0;
  std::int64_t repeat = 0;
  std::string grid;
  std::string network;
  std::string baseline;
  Setting setting;
  std::int64_t inferences = 0;  // 0: the protocol's
};
// What a run is before anything was measured; its wall time is now.
Run run_of(const PlannedRun& planned);
// Whether the board's knobs and the engine axes have these values. `where` begins the message.
// Errors: out_of_range, with the nearest.
Status check_setting(const std::string& where, const Setting& setting, const Board& board);
// Every run of the plan on this board, in the order in which it is to be made: one block a repeat,
// shuffled inside the block by the plan's seed, the baselines among them. Errors: unknown axis
// (nearest name), a value that the board does not have (the two nearest).
Result<std::vector<PlannedRun>> order_runs(const Plan& plan, const Board& board);

// One run, measured. `samples` is filled even when the run failed. `planned.network` names a key of
// `model_paths`.
struct MeasuredRun {
  Run run;
  Trace trace;
  std::vector<NamedWindows> named;    // the run's windows by name; empty where nothing is measured
  std::optional<Error> engine_error;  // why the engine failed, where it did
};
// Errors: what the board or the user cannot do. What the engine cannot do is a failed run. `live`,
// which may be null, is told how far it is (experiment/live_session.h).
Result<MeasuredRun> measure(Board& board, Engine& engine, const Job& job, const Protocol& protocol,
                            const PlannedRun& planned, const std::atomic<bool>& interrupted,
                            LiveSession* live = nullptr);

struct Progress {
  std::int64_t done = 0, total = 0;
  std::int64_t block = 0, blocks = 0;  // block counts from 0
  Second elapsed{0};                   // of real time
  Second left{0};                      // estimate, real time
  const Run* last = nullptr;           // may be null
};

struct SweepResult {
  std::int64_t made = 0, already_there = 0, failed = 0, planned = 0;
  bool interrupted = false;
  std::string caution;  // what its reader must know first; "" = nothing
};
// What runs the networks of a study, and each network as a file that it reads.
struct EngineUse {
  Engine* engine = nullptr;
  std::map<std::string, std::string> model_paths;                         // by network
  std::map<std::string, std::map<std::string, std::string>> job_options;  // by network
};
// By the value of axis `engine`; "" where the axis is not in a run's setting.
using EngineUses = std::map<std::string, EngineUse>;

// A run as its engine is told of it.
Job job_of(const PlannedRun& planned, const Protocol& protocol, const EngineUse& use);

// Makes the runs that the study lacks, under a BoardGuard with these options (board/journal.h):
// every knob is saved before the first write and restored at the end.
//
// What an engine cannot do at all (a damaged model, a device that is not here) fails
// every run of that network and those engine axes, and it is not tried again at other settings of
// the board; the rest of the study goes on. A batch that does not fit into memory fails that batch
// and all larger ones. Where nothing of the plan can be done, the first reason is the study's
// error.
Result<SweepResult> sweep(const Plan& plan, Board& board, const EngineUses& engines,
                          StudyFile& study, const GuardOptions& guard_options,
                          const std::atomic<bool>& interrupted,
                          const std::function<void(const Progress&)>& progress,
                          LiveSession* live = nullptr);

// The same for these runs, wherever their order comes from; `study` may have some of them already
// (sequences()).
Result<SweepResult> sweep_runs(const Plan& plan, std::vector<PlannedRun> runs, Board& board,
                               const EngineUses& engines, StudyFile& study,
                               const GuardOptions& guard_options,
                               const std::atomic<bool>& interrupted,
                               const std::function<void(const Progress&)>& progress,
                               LiveSession* live = nullptr);

}  // namespace isojoule
