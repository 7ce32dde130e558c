// Reductions, and what orders or counts along an axis.
#include <algorithm>
#include <numeric>

#include "engine/libtorch/worker/operator.h"

namespace isojoule::libtorch {
namespace {

using at::Tensor;

at::ScalarType same(const Tensor& x) { return x.scalar_type(); }
// LibTorch refuses the mean, logarithm and root of whole numbers.
Tensor as_real(const Tensor& x) { return x.is_floating_point() ? x : x.to(at::kFloat); }

Tensor reduce_sum(const Tensor& x, const Ints& d, bool k) { return at::sum(x, d, k, same(x)); }
Tensor reduce_mean(const Tensor& x, const Ints& d, bool k) {
  return at::mean(as_real(x), d, k).to(same(x));
}
Tensor reduce_max(const Tensor& x, const Ints& d, bool k) { return at::amax(x, d, k); }
Tensor reduce_min(const Tensor& x, const Ints& d, bool k) { return at::amin(x, d, k); }
Tensor reduce_l1(const Tensor& x, const Ints& d, bool k) { return reduce_sum(at::abs(x), d, k); }
Tensor reduce_square(const Tensor& x, const Ints& d, bool k) { return reduce_sum(x * x, d, k); }
Tensor reduce_l2(const Tensor& x, const Ints& d, bool k) {
  return at::sqrt(as_real(reduce_square(x, d, k))).to(same(x));
}
Tensor reduce_log(const Tensor& x, const Ints& d, bool k) {
  return at::log(as_real(reduce_sum(x, d, k))).to(same(x));
}
Tensor reduce_log_exp(const Tensor& x, const Ints& d, bool k) {
  return at::logsumexp(as_real(x), d, k).to(same(x));
}
Tensor reduce_product(const Tensor& x, const Ints& dims, bool keep) {
  Ints order = dims;  // one at a time, the last first, so that the others keep their numbers
  std::sort(order.rbegin(), order.rend());
  Tensor result = x;
  for (const std::int64_t d : order) result = at::prod(result, d, keep, same(x));
  return result;
}

using Reduction = Tensor (*)(const Tensor&, const Ints&, bool);

// Axes are an attribute in older operator sets and an input in newer ones, whichever is there.
template <Reduction Function>
Kernel reduction(const Step& step) {
  const Ints attribute = step.ints("axes");
  const bool keep = step.integer("keepdims", 1) != 0;
  const bool nothing = step.integer("noop_with_empty_axes", 0) != 0;
  return one([=](const Inputs& in) {
    const Tensor& x = in[0];
    Ints axes = in.has(1) ? wrap_axes(in.ints(1), x.dim()) : wrap_axes(attribute, x.dim());
    if (axes.empty() && nothing) return x;
    if (x.dim() == 0) return Function(x.reshape({1}), {0}, false);
    if (axes.empty()) {
      axes.resize(static_cast<std::size_t>(x.dim()));
      std::iota(axes.begin(), axes.end(), 0);
    }
    return Function(x, axes, keep);
  });
}

template <bool Largest>
Kernel arg(const Step& step) {
  const std::int64_t axis = step.integer("axis", 0);
  const bool keep = step.integer("keepdims", 1) != 0;
  const bool last = step.integer("select_last_index", 0) != 0;
  const auto find = [=](const Tensor& x) {
    return Largest ? at::argmax(x, axis, keep) : at::argmin(x, axis, keep);
  };
  return one([=](const Inputs& in) {
    if (!last) return find(in[0]);
    return in[0].size(axis) - 1 - find(in[0].flip({axis}));
  });
}

Kernel top_k(const Step& step) {
  const std::int64_t axis = step.integer("axis", -1), attribute = step.integer("k", 1);
  const bool largest = step.integer("largest", 1) != 0, sorted = step.integer("sorted", 1) != 0;
  return [=](const Inputs& in) {
    const std::int64_t k = in.has(1) ? in.ints(1).at(0) : attribute;
    auto [values, index] = at::topk(in[0], k, axis, largest, sorted);
    return Tensors{values, index};
  };
}

Kernel cumulated_sum(const Step& step) {
  const bool exclusive = step.integer("exclusive", 0) != 0;
  const bool reverse = step.integer("reverse", 0) != 0;
  return one([=](const Inputs& in) {
    const std::int64_t axis = in.ints(1).at(0);
    const Tensor x = reverse ? in[0].flip({axis}) : in[0];
    Tensor sum = at::cumsum(x, axis, same(x));
    if (exclusive) sum = sum - x;
    return reverse ? sum.flip({axis}) : sum;
  });
}

}  // namespace

std::span<const Operator> reduce_operators() {
  static const Operator rows[] = {
      {"ReduceSum", reduction<reduce_sum>, 0b10},
      {"ReduceMean", reduction<reduce_mean>, 0b10},
      {"ReduceMax", reduction<reduce_max>, 0b10},
      {"ReduceMin", reduction<reduce_min>, 0b10},
      {"ReduceProd", reduction<reduce_product>, 0b10},
      {"ReduceL1", reduction<reduce_l1>, 0b10},
      {"ReduceL2", reduction<reduce_l2>, 0b10},
      {"ReduceSumSquare", reduction<reduce_square>, 0b10},
      {"ReduceLogSum", reduction<reduce_log>, 0b10},
      {"ReduceLogSumExp", reduction<reduce_log_exp>, 0b10},
      {"ArgMax", arg<true>},
      {"ArgMin", arg<false>},
      {"TopK", top_k, 0b10},
      {"CumSum", cumulated_sum, 0b10},
  };
  return rows;
}

}  // namespace isojoule::libtorch
