// Products of matrices.
#include "engine/libtorch/worker/operator.h"

namespace isojoule::libtorch {
namespace {

Kernel matmul(const Step&) {
  return one([](const Inputs& in) { return at::matmul(in[0], in[1]); });
}

Kernel gemm(const Step& step) {
  const double alpha = step.number("alpha", 1), beta = step.number("beta", 1);
  const bool left = step.integer("transA", 0) != 0, right = step.integer("transB", 0) != 0;
  return one([=](const Inputs& in) {
    const at::Tensor a = left ? in[0].t() : in[0];
    const at::Tensor b = right ? in[1].t() : in[1];
    if (in.has(2)) return at::addmm(in[2], a, b, beta, alpha);
    const at::Tensor product = at::mm(a, b);
    return alpha == 1 ? product : product * alpha;
  });
}

Kernel einsum(const Step& step) {
  const std::string equation = step.text("equation", "");
  return one([=](const Inputs& in) { return at::einsum(equation, in.all()); });
}

// A zero point a row (of A) or a column (of B), or one for all.
at::Tensor shifted(const at::Tensor& matrix, const Inputs& in, std::size_t i, bool rows) {
  const at::Tensor wide = matrix.to(at::kInt);
  if (!in.has(i)) return wide;
  at::Tensor zero = in[i].to(at::kInt);
  if (rows && zero.dim() == 1 && zero.numel() > 1) zero = zero.unsqueeze(-1);
  return wide - zero;
}

Kernel matmul_integer(const Step&) {
  return one([](const Inputs& in) {
    return at::matmul(shifted(in[0], in, 2, true), shifted(in[1], in, 3, false));
  });
}

Kernel determinant(const Step&) {
  return one([](const Inputs& in) { return at::det(in[0]); });
}

}  // namespace

std::span<const Operator> matrix_operators() {
  static const Operator rows[] = {
      {"MatMul", matmul},   {"Gemm", gemm}, {"Einsum", einsum}, {"MatMulInteger", matmul_integer},
      {"Det", determinant},
  };
  return rows;
}

}  // namespace isojoule::libtorch
