// What makes a tensor from a shape, from attributes, or from nothing.
#include <algorithm>

#include "engine/libtorch/worker/operator.h"

namespace isojoule::libtorch {
namespace {

using at::Tensor;

// A shape lies on the host, wherever the tensor is.
Kernel shape(const Step& step) {
  const std::int64_t start = step.integer("start", 0);
  const bool to_end = !step.has("end");
  const std::int64_t end = step.integer("end", 0);
  return one([=](const Inputs& in) {
    const Ints sizes = sizes_of(in[0]);
    const auto rank = static_cast<std::int64_t>(sizes.size());
    const auto place = [&](std::int64_t at) {
      return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
    };
    const std::int64_t from = place(start), to = std::max(from, to_end ? rank : place(end));
    return noted(Ints(sizes.begin() + from, sizes.begin() + to));
  });
}

Kernel size(const Step&) {
  return one([](const Inputs& in) { return at::scalar_tensor(in[0].numel(), at::kLong); });
}

Tensor value_of(const Step& step) {
  if (step.has("value")) return step.tensor("value");
  if (step.has("value_int")) return at::scalar_tensor(step.integer("value_int", 0), at::kLong);
  if (step.has("value_float")) return at::scalar_tensor(step.number("value_float", 0), at::kFloat);
  if (step.has("value_ints")) return at::tensor(step.ints("value_ints"), at::kLong);
  if (step.has("value_floats")) return at::tensor(step.numbers("value_floats")).to(at::kFloat);
  refuse("a constant that is sparse or a text");
}

Kernel constant(const Step& step) {
  const Tensor value = value_of(step);
  if (!value.defined()) refuse("a constant without a value");
  return one([=](const Inputs&) { return value; });
}

Kernel constant_of_shape(const Step& step) {
  const Tensor given = step.tensor("value");
  const Tensor value = given.defined() ? given.reshape({}) : at::zeros({}, at::kFloat);
  const bool half = step.half && value.scalar_type() == at::kFloat;
  return one([=](const Inputs& in) {
    return at::full(in.ints(0), value.item(),
                    value.options().dtype(half ? at::kHalf : value.scalar_type()));
  });
}

Kernel range(const Step&) {
  return one([](const Inputs& in) {
    return at::arange(in[0].item(), in[1].item(), in[2].item(),
                      at::TensorOptions().dtype(in[0].scalar_type()));
  });
}

Kernel eye_like(const Step& step) {
  const std::int64_t k = step.integer("k", 0);
  const bool own = !step.has("dtype");
  const at::ScalarType type = own ? at::kFloat : step.type(step.integer("dtype", 1));
  return one([=](const Inputs& in) {
    const std::int64_t rows = in[0].size(0), columns = in[0].size(1);
    const auto options = in[0].options().dtype(own ? in[0].scalar_type() : type);
    const Tensor row = at::arange(rows, in[0].options().dtype(at::kLong)).unsqueeze(1);
    const Tensor column = at::arange(columns, in[0].options().dtype(at::kLong));
    return (column - row == k).to(options.dtype());
  });
}

}  // namespace

std::span<const Operator> generator_operators() {
  static const Operator rows[] = {
      {"Shape", shape},        {"Size", size},
      {"Constant", constant},  {"ConstantOfShape", constant_of_shape, 0b1},
      {"Range", range, 0b111}, {"EyeLike", eye_like},
  };
  return rows;
}

}  // namespace isojoule::libtorch
