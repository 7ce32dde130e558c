// How a job wants its network run, and what that means on one board: the engine axes of
// data/setting.h as numbers of the twin's constants.
//
// Where nothing is chosen a twin does what its constants were fitted to: the precision of
// memory.element_bytes and gpu.macs_per_cycle; a graph built node by node, kernels loaded when they
// are first used, a Python program with its garbage collector (the report's studies ran PyTorch);
// or, where graph.own is "static", a compiled engine without an interpreter (trtexec).
//
// Options of a job: gc = on | off; fallback = on | off (layers that the DLA cannot run go to the
// GPU); gpu_operators = Resize,Softmax (kept off the DLA).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "twin/constants.h"

namespace isojoule::twin {

struct Execution {
  std::optional<Precision> precision;  // none: the constants' own
  bool static_graph = false;
  bool eager = false;
  bool cpp = false;
  bool garbage_collection = true;
  bool on_dla = false;
  int dla_core = 0;
  bool fallback = true;
  std::vector<std::string> gpu_operators;
};

// Errors: unsupported (what the board or its twin does not have, and why), invalid (an option's
// value), not_found (an unknown option).
Result<Execution> execution_of(const Job& job, const Constants& constants);

// What an Execution changes of the work, in the constants' units.
struct WorkOptions {
  double mac_rate = 1;       // of gpu.macs_per_cycle
  double mac_energy = 1;     // of gpu.mac_pj
  double element_bytes = 0;  // 0: the constants' own
  double kernel_share = 1;   // of a kernel's time
  double cycles_share = 1;   // of cpu_cycles_per_inference
  double input_share = 1;    // of a batch's wait for its inputs
  bool fused = false;        // what follows a matrix product element by element runs in its kernel
};
WorkOptions work_options(const Execution& execution, const Constants& constants);

// CPU cycles of the phases before the first batch.
struct StartCycles {
  double process = 0;    // process_start
  double graph = 0;      // graph_initialisation, without the kernels' launches
  double first_use = 0;  // first_inference: what was put off
};
StartCycles start_cycles(const Execution& execution, const Constants& constants, double layers);

}  // namespace isojoule::twin
