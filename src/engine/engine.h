// What runs a network. The core talks to a session; behind it is a worker program of its own, or a
// twin's simulated one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "data/run.h"
#include "data/setting.h"

namespace isojoule {

struct Job {
  std::string model_path;  // an ONNX file
  std::string network;     // its name, for people
  std::int64_t batch = 1;
  std::int64_t inferences = 1;       // rounded up to whole batches by the session, which says so
  std::int64_t warmup_batches = 0;   // at least so many,
  Duration warmup_time;              // at least so long,
  bool warmup_until_stable = false;  // and until the batches' times have settled (worker_run.h)
  std::int64_t profile_batches = 0;  // under the engine's own profiler, after the inference phase
  std::int64_t threads = 0;          // 0: the engine's own choice
  // The engine axes of data/setting.h; empty: the engine's own choice.
  std::string graph, loading, accelerator, precision, implementation;
  // Of the core's clock just before the engine's process was started: where its first phase begins.
  Instant started;
  std::uint64_t seed = 1;  // of the input data
  std::map<std::string, std::string> options;
  std::vector<std::string> command;  // of engine command: the program and its arguments
};

enum class EventKind : std::uint8_t {
  phase_begin,
  phase_end,
  batch,     // one batch of the inference phase, begin and end
  note,      // key = value about the engine: version, provider, threads
  layers,    // times of the layers, from the profiling phase; of a long list the next part
  windows,   // stretches of time that a program named, as they end
  alive,     // nothing but that it still works
  finished,  // the worker ended well; the last event
  failed,    // it did not; `error` says why; the last event
};

// What is wrong with a program's windows: counters window_not_ended, ...
struct WindowFaults {
  std::uint64_t not_ended = 0, not_begun = 0, lost = 0;
  bool operator==(const WindowFaults&) const = default;
};

struct Event {
  EventKind kind = EventKind::note;
  PhaseKind phase = PhaseKind::idle;
  Instant begin;           // phase_begin: when; batch: its begin
  Instant end;             // phase_end: when; batch: its end
  std::string key, value;  // of a note
  std::vector<LayerTime> layers;
  std::optional<Error> error;
  std::vector<Window> windows;
  WindowFaults faults;  // of windows: since the event of that kind before
};

class Session {
 public:
  virtual ~Session() = default;  // kills what still runs, and waits for it
  // The next event, or nothing when `deadline` comes first. While it waits, time goes on and
  // tickers tick. After finished or failed nothing more comes. A worker that dies gives `failed`
  // (kind engine, or out_of_memory told by error.what starting "out of memory").
  Result<std::optional<Event>> next_event(Instant deadline) { return do_next_event(deadline); }

 private:
  virtual Result<std::optional<Event>> do_next_event(Instant deadline) = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  const std::string& name() const { return do_name(); }
  // Starts the work at once. Errors that are known before: not_found (no worker, no library, no
  // model), invalid.
  Result<std::unique_ptr<Session>> start(const Job& job) { return do_start(job); }

 private:
  virtual const std::string& do_name() const = 0;
  virtual Result<std::unique_ptr<Session>> do_start(const Job& job) = 0;
};

// What an engine makes of one engine axis: the values that it knows. An axis that is not named here
// cannot be turned; batch and threads always can.
struct EngineAxis {
  std::string_view name;
  std::vector<std::string> values;
};

struct EngineKind {
  std::string_view name;
  std::string_view help;
  std::vector<EngineAxis> axes;
  // `worker_directory`: where the worker programs lie (beside the program, or in libexec).
  Result<std::unique_ptr<Engine>> (*open)(const std::string& worker_directory, Clock& clock);
  int opset = 0;              // of zoo models: what this engine reads best; 0: the newest
  bool runs_networks = true;  // false: the user's program, which needs neither worker nor model
  bool makes_inputs = false;  // by itself: options input.* and post.* are not for it
};

// Whether an engine's error says that memory was the reason: its words begin so.
bool is_out_of_memory(const Error& error);
// Option timeout_s: 0.01 to 1,000,000 seconds. Errors: invalid.
Result<Duration> read_timeout(const std::string& text);

// Sets the job's fields from the setting's engine axes (batch, threads, graph, ...), `engine`
// aside.
void take_engine_axes(const Setting& setting, Job& job);
// Whether an engine of this kind knows every value of the setting's engine axes. Errors:
// unsupported, with the values that it knows.
Status check_engine_axes(const EngineKind& kind, const Setting& setting);

std::span<const EngineKind> engine_kinds();                    // generated
Result<const EngineKind*> find_engine(std::string_view name);  // not_found, with the nearest
// What the engine here is, as its worker says without a job ("version" -> "1.27.0"). Errors:
// not_found (no worker program), engine (it cannot run: its library is missing; it says why),
// timeout.
Result<std::map<std::string, std::string>> describe_engine(const std::string& name,
                                                           const std::string& worker_directory);
Result<std::unique_ptr<Engine>> open_engine(std::string_view name,
                                            const std::string& worker_directory, Clock& clock);

}  // namespace isojoule
