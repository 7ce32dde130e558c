#include "engine/libtorch/worker/static_module.h"

#include <caffe2/serialize/read_adapter_interface.h>
#include <torch/csrc/jit/frontend/tracer.h>

#include <algorithm>
#include <cstring>

#include "engine/libtorch/worker/faults.h"

namespace isojoule::libtorch {
namespace {

// torch::jit::load reads from here, without a copy of the file.
class Bytes : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit Bytes(std::span<const char> bytes) : bytes_(bytes) {}
  std::size_t size() const override { return bytes_.size(); }
  std::size_t read(std::uint64_t at, void* to, std::size_t count, const char*) const override {
    const std::size_t from = std::min<std::size_t>(at, bytes_.size());
    const std::size_t given = std::min(count, bytes_.size() - from);
    std::memcpy(to, bytes_.data() + from, given);
    return given;
  }

 private:
  std::span<const char> bytes_;
};

void gather_outputs(const c10::IValue& value, Tensors& outputs) {
  if (value.isTensor()) {
    outputs.push_back(value.toTensor());
  } else if (value.isTuple()) {
    for (const c10::IValue& element : value.toTupleRef().elements())
      gather_outputs(element, outputs);
  } else if (value.isTensorList()) {
    for (const at::Tensor& element : value.toTensorVector()) outputs.push_back(element);
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) gather_outputs(entry.value(), outputs);
  } else if (!value.isNone()) {
    refuse("an output of type " + value.tagKind());
  }
}

}  // namespace

torch::jit::Module traced_module(Program& program, const Tensors& examples,
                                 const std::vector<std::string>& names) {
  namespace tracer = torch::jit::tracer;
  const at::NoGradGuard no_gradients;
  torch::jit::Module module("isojoule_network");
  torch::jit::Stack inputs(examples.begin(), examples.end());
  const auto work = [&](torch::jit::Stack stack) -> torch::jit::Stack {
    Tensors values;
    for (c10::IValue& value : stack) values.push_back(std::move(value).toTensor());
    Tensors outputs = program.run(values);
    // The tracer refuses an output that no input leads to, unless an operation made it.
    for (at::Tensor& output : outputs)
      if (!tracer::getTracingState()->hasValue(output)) output = output.clone();
    if (outputs.size() == 1) return {outputs[0]};
    std::vector<c10::IValue> elements(outputs.begin(), outputs.end());
    return {c10::ivalue::Tuple::create(std::move(elements))};
  };
  const auto no_name = [](const at::Tensor&) { return std::string(); };
  const auto trace = tracer::trace(std::move(inputs), work, no_name, true, false, &module, names);
  module.type()->addMethod(
      module._ivalue()->compilation_unit()->create_function("forward", trace.first->graph));
  return module;
}

torch::jit::Module loaded_module(std::span<const char> file, at::Device device) {
  torch::jit::Module module = torch::jit::load(std::make_shared<Bytes>(file), device);
  module.eval();
  return module;
}

std::vector<std::string> input_names(const torch::jit::Module& module) {
  std::vector<std::string> names;
  const auto& arguments = module.get_method("forward").function().getSchema().arguments();
  for (std::size_t i = 1; i < arguments.size(); ++i)  // the first is the module itself
    if (!arguments[i].default_value()) names.push_back(arguments[i].name());
  return names;
}

void settle(torch::jit::Module& module, const Tensors& examples, const std::string& save) {
  {
    const at::NoGradGuard
        no_gradients;  // freezing looks at gradients, which inference mode has not
    module.eval();
    module = torch::jit::freeze(module);
    if (!save.empty()) module.save(save);
    module = torch::jit::optimize_for_inference(module);
  }
  run_module(module, examples);
}

Tensors run_module(torch::jit::Module& module, const Tensors& inputs) {
  const c10::InferenceMode no_gradients;
  Tensors outputs;
  gather_outputs(module.forward({inputs.begin(), inputs.end()}), outputs);
  return outputs;
}

}  // namespace isojoule::libtorch
