// A model as a list of calls of LibTorch: built once, run op by op. What depends on the weights
// alone is computed while it is built.
//
// What follows from shapes alone (Shape and everything made of it) stays on the host, wherever the
// network runs, so that no shape has to wait for a device.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/libtorch/worker/operator.h"

namespace isojoule::libtorch {

struct ProgramOptions {
  at::Device device = at::kCPU;
  bool half = false;
  // The program will be traced: refused where a shape follows from the data, because a trace would
  // keep the shape of one input for all.
  bool traced = false;
};

struct StepName {
  std::string name, operation;
};

class Program {
 public:
  // Errors: unsupported (an operator or its mode, named with its node), parse (a graph that uses
  // what nobody makes), engine.
  static Result<Program> build(const OnnxModel& model, const ProgramOptions& options);

  // `inputs` in the model's order, on the device, in the type that they are computed with. Throws
  // Fault. `after_step(i)` is called between the steps.
  template <typename AfterStep>
  Tensors run(const Tensors& inputs, AfterStep after_step);
  Tensors run(const Tensors& inputs) {
    return run(inputs, [](std::size_t) {});
  }
  std::vector<StepName> steps() const;

 private:
  friend class ProgramBuilder;
  struct Feed {  // an input that is made during the run
    std::size_t place, slot;
    bool moved;  // from the host to where the network runs
  };
  struct Call {
    StepName name;
    Kernel kernel;
    Tensors fixed;  // inputs that the model fixes, at their places
    std::vector<Feed> feeds;
    std::vector<std::pair<std::size_t, std::size_t>> results;  // output -> slot
    std::vector<std::size_t> released;                         // slots that nobody reads later
    std::string words;                                         // for errors
  };

  void start(const Tensors& inputs);
  void call(const Call& call);
  Tensors finish();
  at::Tensor moved(const at::Tensor& value) const;

  ProgramOptions options_;
  std::vector<Call> calls_;
  std::vector<std::size_t> inputs_, outputs_;  // slots
  Tensors values_;                             // by slot; what the model fixes stays
};

template <typename AfterStep>
Tensors Program::run(const Tensors& inputs, AfterStep after_step) {
  start(inputs);
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    call(calls_[i]);
    after_step(i);
  }
  return finish();
}

}  // namespace isojoule::libtorch
