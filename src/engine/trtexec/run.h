// One job through trtexec, from the build of its engine to the times of its layers.
//
// Phases: process_start; graph_initialisation (the call that builds; absent where the engine comes
// from a cache); load (the second call from its start until its inference begins: CUDA, the
// engine's bytes, buffers); first_inference (where its times are exported); warm_up; inference;
// tear_down (its report and its end); profiling (a third call, whole). Those of the second call are
// told after it ended, with the times at which they were.
#pragma once

#include "base/error.h"
#include "engine/worker_channel.h"

namespace isojoule::trtexec {

// Tells everything but the last word. Errors: those of take_options, find_program,
// read_model_inputs, close_inputs, run_call and place_batches.
Status run_job(const Job& job, WorkerChannel& channel);

}  // namespace isojoule::trtexec
