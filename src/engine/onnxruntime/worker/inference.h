// One job from the model file to the last batch, phase by phase.
#pragma once

#include "base/error.h"
#include "engine/engine.h"
#include "engine/worker_channel.h"

namespace isojoule {

// The runtime is loaded. Phases: load (the file's bytes into memory), graph_initialisation (the
// session: parsing, optimisation, weights packed), warm_up (when asked for), inference, tear_down.
// Errors: invalid, not_found, unsupported, parse (not a model); engine; what starts with "out of
// memory" where memory was the reason.
Status run_job(const Job& job, WorkerChannel& channel);

}  // namespace isojoule
