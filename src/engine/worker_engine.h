// The core's side of every engine that is a worker program: starts it, checks what it says and
// turns that into events. Whatever the worker does (crash, hang, nonsense, early exit) ends as one
// `failed` event; it never takes the core with it.
#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"

namespace isojoule {

// Job option read here and not passed on: seconds without any word from the worker after which it
// counts as hung. A worker that runs batches says something every two seconds, so this has to
// cover the longest of: loading, graph initialisation, one batch.
inline constexpr const char* kWorkerTimeoutOption = "timeout_s";
inline constexpr double kWorkerTimeoutDefault_s = 600;

// The program isojoule-engine-<name> in `worker_directory`, then ../libexec/isojoule beside it.
// Errors: not_found (with the places tried).
Result<std::string> find_worker(const std::string& name, const std::string& worker_directory);

// Errors: those of find_worker; unsupported (a virtual clock: a real engine takes real time).
// `clock` outlives the engine, the engine its sessions. A session is used by the thread that
// started it, and that thread outlives it (see base/subprocess.h).
Result<std::unique_ptr<Engine>> make_worker_engine(const std::string& name,
                                                   const std::string& worker_directory,
                                                   Clock& clock);

}  // namespace isojoule
