// The main function of a worker program: one job from its first phase to its last word.
//
// Phases: process_start (since the core started this process), load, graph_initialisation, inputs,
// first_inference, warm_up, inference, post_processing, profiling, tear_down. Those that have
// nothing to do are left out (warm_up without batches, profiling when not asked for).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/tensor.h"
#include "engine/worker_channel.h"
#include "engine/worker_network.h"

namespace isojoule {

// Reads the job from descriptor 3, or answers --describe. Returns the exit status: 0 finished,
// 1 failed, 2 no job. Ends the process itself, without the library's own clearing up at exit: what
// matters was torn down in its phase, and a crash there would say nothing about the run.
int worker_main(int argc, char** argv, const WorkerKind& kind);

// Options that are the same for every engine: taken out of `options` here.
//   shape.INPUT=1x3x224x224   for inputs with open dimensions beside the batch
//   limit.INPUT=N             random integers are drawn below N
//   memory_limit_mib=N        more is out of memory (what the process writes to, not its libraries)
//   save_outputs=FOLDER       outputs of the last batch as FOLDER/<output>.npy
//   input.*, post.*           see tensor/
struct CommonOptions {
  std::map<std::string, std::vector<std::int64_t>> shapes;
  std::map<std::string, std::int64_t> limits;
  std::int64_t memory_limit_mib = 0;  // 0: none
  std::string save_outputs;
};
// Errors: invalid (a value).
Result<CommonOptions> take_common_options(std::map<std::string, std::string>& options);

// Closes the open dimensions of a model's inputs: the first with the job's batch, others as options
// say. Errors: invalid (a batch built into the model that is not the
// job's, a dimension that is left open, an option that does not fit), not_found (an option for an
// input that is not there).
Result<std::vector<TensorSpec>> resolve_inputs(const std::vector<TensorSpec>& model,
                                               std::int64_t batch, const CommonOptions& options);

// For WorkerNetwork::load(). Errors: not_found, io.
Result<std::vector<char>> read_model(const std::string& path);

}  // namespace isojoule
