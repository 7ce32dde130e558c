// What the worker program of one engine brings; everything around it (the job, phases, marks,
// inputs, post-processing, last words) is the same for all and stands in worker_run.h.
//
// One thread. Errors of a kind that the user can mend (not_found, invalid, parse, unsupported) say
// how; what starts with "out of memory" is that. A library's exceptions stay inside.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/run.h"
#include "data/tensor.h"
#include "engine/engine.h"

namespace isojoule {

class WorkerNetwork {
 public:
  virtual ~WorkerNetwork() = default;
  // Phase load: the model's bytes from storage into memory. Errors: not_found, io.
  Status load() { return do_load(); }
  // Phase graph_initialisation: whatever comes before a batch could run. Errors: parse (no model of
  // this engine's kind), unsupported (an operator, a precision, a device that is not here), invalid
  // (a shape).
  Status initialise() { return do_initialise(); }
  // After initialise: what a batch takes; no dimension is open any more. worker_run.h has
  // resolve_inputs() for it.
  Result<std::vector<TensorSpec>> inputs() { return do_inputs(); }
  // After phase inputs, in none: keeps one batch for run(), by the order of the calls: 0, 1, ... In
  // the host's memory; what an application would copy to a device for every batch is copied in
  // run().
  Status add_batch(std::vector<Tensor> batch) { return do_add_batch(std::move(batch)); }
  // One batch. Returns when its outputs are computed: a device is synchronised.
  Status run(std::size_t batch) { return do_run(batch); }
  // Outputs of the last run, in the model's order, copied to the host.
  Result<std::vector<Tensor>> outputs() { return do_outputs(); }
  // Phase profiling: `batches` more batches under the engine's own profiler. Errors: unsupported.
  Result<std::vector<LayerTime>> profile(std::int64_t batches) { return do_profile(batches); }
  // Phase tear_down.
  void tear_down() { do_tear_down(); }
  // About what runs, for people: "provider" -> "CPU", "threads" -> "2". After initialise.
  std::map<std::string, std::string> notes() const { return do_notes(); }

 private:
  virtual Status do_load() = 0;
  virtual Status do_initialise() = 0;
  virtual Result<std::vector<TensorSpec>> do_inputs() = 0;
  virtual Status do_add_batch(std::vector<Tensor> batch) = 0;
  virtual Status do_run(std::size_t batch) = 0;
  virtual Result<std::vector<Tensor>> do_outputs() = 0;
  virtual Result<std::vector<LayerTime>> do_profile(std::int64_t batches) = 0;
  virtual void do_tear_down() = 0;
  virtual std::map<std::string, std::string> do_notes() const = 0;
};

struct CommonOptions;  // worker_run.h

struct WorkerKind {
  std::string_view name;  // of the engine
  // Loads the engine's library. Both arguments outlive what is opened; the job's options are the
  // engine's own only, those that are the same for all engines stand in `common`. Errors: not_found
  // (the library; an unknown option, with the nearest name), invalid (an option's value).
  Result<std::unique_ptr<WorkerNetwork>> (*open)(const Job& job, const CommonOptions& common);
  // Without a job: version, library, devices. Errors: not_found (the library).
  Result<std::map<std::string, std::string>> (*describe)();
};

}  // namespace isojoule
