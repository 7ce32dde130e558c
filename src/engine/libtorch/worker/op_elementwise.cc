// Element by element, with broadcasting.
#include <cmath>
#include <limits>

#include "engine/libtorch/worker/operator.h"

namespace isojoule::libtorch {
namespace {

using at::Tensor;

// The functions of ATen are overloaded: a lambda chooses.
template <typename Function>
Kernel of_one(Function function) {
  return one([function](const Inputs& in) { return function(in[0]); });
}
template <typename Function>
Kernel of_two(Function function) {
  return one([function](const Inputs& in) { return function(in[0], in[1]); });
}
template <typename Function>
Kernel of_many(Function function) {
  return one([function](const Inputs& in) {
    Tensor result = in[0];
    for (std::size_t i = 1; i < in.size(); ++i) result = function(result, in[i]);
    return result;
  });
}

#define UNARY(function) \
  [](const Step&) { return of_one([](const Tensor& x) { return at::function(x); }); }
#define BINARY(function)                                                                \
  [](const Step&) {                                                                     \
    return of_two([](const Tensor& a, const Tensor& b) { return at::function(a, b); }); \
  }
#define VARIADIC(function)                                                               \
  [](const Step&) {                                                                      \
    return of_many([](const Tensor& a, const Tensor& b) { return at::function(a, b); }); \
  }

bool whole(const Tensor& tensor) { return !tensor.is_floating_point(); }

Tensor divide(const Tensor& a, const Tensor& b) {
  return whole(a) && whole(b) ? at::div(a, b, "trunc") : at::div(a, b);
}

Tensor power(const Tensor& base, const Tensor& exponent) {
  return at::pow(base, exponent).to(base.scalar_type());
}

// A constant exponent is a scalar: LibTorch has fast ways for 2, 0.5 and -1.
Kernel pow(const Step& step) {
  const Tensor exponent = step.constant(1);
  if (!exponent.defined() || exponent.numel() != 1 || exponent.dim() > 1) return of_two(power);
  const at::Scalar value = exponent.item();
  return one([value](const Inputs& in) {
    const Tensor& base = in[0];
    const Tensor result = at::pow(base, value).to(base.scalar_type());
    return base.dim() == 0 && in[1].dim() == 1 ? result.reshape({1}) : result;
  });
}

Kernel modulo(const Step& step) {
  if (step.integer("fmod", 0) != 0) return BINARY(fmod)(step);
  return BINARY(remainder)(step);
}

Kernel mean(const Step&) {
  return one([](const Inputs& in) {
    Tensor sum = in[0];
    for (std::size_t i = 1; i < in.size(); ++i) sum = sum + in[i];
    return sum / static_cast<double>(in.size());
  });
}

Kernel is_infinite(const Step& step) {
  const bool negative = step.integer("detect_negative", 1) != 0;
  const bool positive = step.integer("detect_positive", 1) != 0;
  return one([=](const Inputs& in) {
    if (negative && positive) return at::isinf(in[0]);
    if (negative) return at::isneginf(in[0]);
    if (positive) return at::isposinf(in[0]);
    return at::zeros_like(in[0], at::kBool);
  });
}

Kernel shift_bits(const Step& step) {
  const bool left = step.text("direction", "LEFT") == "LEFT";
  return of_two([=](const Tensor& a, const Tensor& b) {
    return left ? at::bitwise_left_shift(a, b) : at::bitwise_right_shift(a, b);
  });
}

Kernel where(const Step&) {
  return one([](const Inputs& in) { return at::where(in[0], in[1], in[2]); });
}

// Until opset 6 a second operand was laid over the first from `axis` on.
template <typename Function>
Kernel old_broadcast(const Step& step, Function function) {
  if (step.opset >= 7 || !step.has("axis")) return of_two(function);
  const std::int64_t axis = step.integer("axis", 0);
  return of_two([=](const Tensor& a, const Tensor& b) {
    const std::int64_t behind = a.dim() - wrap_axis(axis, a.dim()) - b.dim();
    Ints sizes = sizes_of(b);
    sizes.insert(sizes.end(), static_cast<std::size_t>(std::max<std::int64_t>(behind, 0)), 1);
    return function(a, b.reshape(sizes));
  });
}

Kernel add(const Step& step) {
  return old_broadcast(step, [](const Tensor& a, const Tensor& b) { return at::add(a, b); });
}
Kernel subtract(const Step& step) {
  return old_broadcast(step, [](const Tensor& a, const Tensor& b) { return at::sub(a, b); });
}
Kernel multiply(const Step& step) {
  return old_broadcast(step, [](const Tensor& a, const Tensor& b) { return at::mul(a, b); });
}
Kernel quotient(const Step& step) { return old_broadcast(step, divide); }

// Casting a number that the whole type cannot hold is open in ONNX; LibTorch's way is taken.
Kernel cast(const Step& step) {
  const at::ScalarType type = step.type(step.integer("to", 0));
  return one([=](const Inputs& in) { return in[0].to(type); });
}

Kernel cast_like(const Step&) {
  return one([](const Inputs& in) { return in[0].to(in[1].scalar_type()); });
}

Kernel identity(const Step&) {
  return one([](const Inputs& in) { return in[0]; });
}

Kernel dropout(const Step& step) {
  const bool mask = step.wants_output(1);
  return [=](const Inputs& in) {
    if (in.has(2) && in[2].item().toBool()) refuse("training_mode");
    Tensors outputs{in[0]};
    if (mask) outputs.push_back(at::ones_like(in[0], at::kBool));
    return outputs;
  };
}

}  // namespace

std::span<const Operator> elementwise_operators() {
  static const Operator rows[] = {
      {"Add", add},
      {"Sub", subtract},
      {"Mul", multiply},
      {"Div", quotient},
      {"Pow", pow},
      {"Mod", modulo},
      {"Mean", mean},
      {"Sum", VARIADIC(add)},
      {"Min", VARIADIC(minimum)},
      {"Max", VARIADIC(maximum)},
      {"Sqrt", UNARY(sqrt)},
      {"Exp", UNARY(exp)},
      {"Log", UNARY(log)},
      {"Abs", UNARY(abs)},
      {"Neg", UNARY(neg)},
      {"Reciprocal", UNARY(reciprocal)},
      {"Floor", UNARY(floor)},
      {"Ceil", UNARY(ceil)},
      {"Round", UNARY(round)},
      {"Sign", UNARY(sign)},
      {"Erf", UNARY(erf)},
      {"Sin", UNARY(sin)},
      {"Cos", UNARY(cos)},
      {"Tan", UNARY(tan)},
      {"Asin", UNARY(asin)},
      {"Acos", UNARY(acos)},
      {"Atan", UNARY(atan)},
      {"Sinh", UNARY(sinh)},
      {"Cosh", UNARY(cosh)},
      {"Asinh", UNARY(asinh)},
      {"Acosh", UNARY(acosh)},
      {"Atanh", UNARY(atanh)},
      {"Not", UNARY(logical_not)},
      {"IsNaN", UNARY(isnan)},
      {"IsInf", is_infinite},
      {"Equal", BINARY(eq)},
      {"Greater", BINARY(gt)},
      {"GreaterOrEqual", BINARY(ge)},
      {"Less", BINARY(lt)},
      {"LessOrEqual", BINARY(le)},
      {"And", BINARY(logical_and)},
      {"Or", BINARY(logical_or)},
      {"Xor", BINARY(logical_xor)},
      {"BitShift", shift_bits},
      {"BitwiseAnd", BINARY(bitwise_and)},
      {"BitwiseOr", BINARY(bitwise_or)},
      {"BitwiseXor", BINARY(bitwise_xor)},
      {"BitwiseNot", UNARY(bitwise_not)},
      {"Where", where},
      {"Cast", cast},
      {"CastLike", cast_like},
      {"Identity", identity},
      {"Dropout", dropout, 0b110},
  };
  return rows;
}

}  // namespace isojoule::libtorch
