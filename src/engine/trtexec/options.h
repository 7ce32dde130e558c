// What a job asks of trtexec.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/worker_run.h"

namespace isojoule::trtexec {

struct Options {
  std::string program;  // empty: looked for
  bool fallback = true;
  bool spin = false, cuda_graph = false, overlap = true, transfers = true, tf32 = true;
  std::int64_t streams = 1;
  std::optional<double> workspace_mib, dla_sram_mib;
  std::string timing_cache, keep_engine, engine_cache;
  std::vector<std::string> arguments;  // handed to every call of trtexec as they are
  Duration silence;                    // longest time without a word and without work
  Duration limit;                      // longest time of one process
  CommonOptions common;                // shapes and limits of inputs
  // From the engine axes.
  int dla_core = -1;      // -1: the GPU
  std::string precision;  // "fp32", "fp16", "int8"
  std::string loading;    // "lazy", "eager"; empty: CUDA's own choice
};

// Errors: not_found (an unknown option, with the nearest), invalid (a value), unsupported (an axis'
// value; fp32 on a DLA; what is prepared or looked at on the host: trtexec makes its own inputs and
// keeps its outputs).
Result<Options> take_options(const Job& job);

}  // namespace isojoule::trtexec
