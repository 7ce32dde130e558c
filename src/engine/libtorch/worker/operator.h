// How an operator of ONNX is run: a row names it and makes a kernel for one node of the model. What
// can be refused from the model alone (a mode, an attribute) is refused while the kernel is made,
// so that no batch meets it.
//
// Inside the program of operators faults are exceptions: LibTorch's own and Refusal; program.cc
// turns both into errors.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/libtorch/worker/onnx_model.h"

namespace isojoule::libtorch {

using Tensors = std::vector<at::Tensor>;
using Ints = std::vector<std::int64_t>;

class Refusal : public std::runtime_error {
 public:
  Refusal(ErrorKind refusal_kind, const std::string& what)
      : std::runtime_error(what), kind(refusal_kind) {}
  ErrorKind kind;
};
[[noreturn]] void refuse(const std::string& what);  // unsupported

// A node's inputs; those that are left out are undefined tensors.
class Inputs {
 public:
  explicit Inputs(const Tensors& values) : values_(values) {}
  std::size_t size() const { return values_.size(); }
  bool has(std::size_t i) const { return i < values_.size() && values_[i].defined(); }
  const at::Tensor& operator[](std::size_t i) const;  // refuses where it is left out
  at::Tensor optional(std::size_t i) const { return has(i) ? values_[i] : at::Tensor(); }
  const Tensors& all() const { return values_; }
  // Of an input that is a parameter: its whole numbers; one number.
  Ints ints(std::size_t i) const;
  double number(std::size_t i) const;

 private:
  const Tensors& values_;
};

using Kernel = std::function<Tensors(const Inputs&)>;

// One node of the model, as the maker of its kernel sees it.
class Step {
 public:
  Step(const OnnxNode& node, std::int64_t model_opset, bool in_half, Tensors constants)
      : opset(model_opset), half(in_half), node_(node), constants_(std::move(constants)) {}

  bool has(std::string_view attribute) const { return find(attribute) != nullptr; }
  std::int64_t integer(std::string_view attribute, std::int64_t otherwise) const;
  double number(std::string_view attribute, double otherwise) const;
  std::string text(std::string_view attribute, const std::string& otherwise) const;
  Ints ints(std::string_view attribute, const Ints& otherwise = {}) const;
  std::vector<double> numbers(std::string_view attribute) const;
  at::Tensor tensor(std::string_view attribute) const;  // undefined: not there
  std::size_t inputs() const { return node_.inputs.size(); }
  std::size_t outputs() const { return node_.outputs.size(); }
  bool wants_output(std::size_t i) const { return i < outputs() && !node_.outputs[i].empty(); }
  // The input's value where the model fixes it, otherwise undefined.
  at::Tensor constant(std::size_t i) const {
    return i < constants_.size() ? constants_[i] : at::Tensor();
  }
  // A type of the model, with fp32 become fp16 where the job says so.
  at::ScalarType type(std::int64_t onnx_type) const;

  const std::int64_t opset;
  const bool half;

 private:
  const OnnxAttribute* find(std::string_view attribute) const;

  const OnnxNode& node_;
  Tensors constants_;
};

struct Operator {
  std::string_view name;
  Kernel (*make)(const Step& step);
  // Bit i: input i is a parameter (a shape, an axis, a bound) that is read on the host.
  std::uint32_t parameters = 0;
};

const Operator* find_operator(std::string_view name);  // null: not known
std::size_t operator_count();

// Each family in a file of its own.
std::span<const Operator> activation_operators();
std::span<const Operator> convolution_operators();
std::span<const Operator> elementwise_operators();
std::span<const Operator> gather_operators();
std::span<const Operator> generator_operators();
std::span<const Operator> layout_operators();
std::span<const Operator> matrix_operators();
std::span<const Operator> normalise_operators();
std::span<const Operator> pool_operators();
std::span<const Operator> quantise_operators();
std::span<const Operator> reduce_operators();
std::span<const Operator> resize_operators();

// Helpers of several families.
inline Kernel one(std::function<at::Tensor(const Inputs&)> work) {
  return [work = std::move(work)](const Inputs& in) { return Tensors{work(in)}; };
}
at::Tensor tensor_of(const OnnxData& data);  // a copy in LibTorch's own memory
// Numbers that a kernel works out itself. A trace keeps them as they are: it would record how
// at::tensor() makes room for them, and not what is written there.
at::Tensor noted(const Ints& values);
at::Tensor noted(const std::vector<double>& values);
// -1 is the last of `rank` dimensions; refuses what is outside.
std::int64_t wrap_axis(std::int64_t axis, std::int64_t rank);
Ints wrap_axes(Ints axes, std::int64_t rank);
Ints sizes_of(const at::Tensor& tensor);
// Negative indices count from the end.
at::Tensor wrap_index(const at::Tensor& index, std::int64_t size);

}  // namespace isojoule::libtorch
