// Pools. LibTorch allows pads of at most half the kernel; others, and those that differ at the two
// ends, are a step before.
#include <algorithm>
#include <limits>

#include "engine/libtorch/worker/window.h"

namespace isojoule::libtorch {
namespace {

struct Pool {
  Window window;
  bool ceil = false;
  bool count_padding = false;
};

Pool pool_of(const Step& step) {
  if (step.ints("kernel_shape").empty()) throw Refusal(ErrorKind::invalid, "no kernel_shape");
  Pool pool{window_of(step), step.integer("ceil_mode", 0) != 0,
            step.integer("count_include_pad", 0) != 0};
  pool.window.complete(pool.window.kernel.size());
  if (pool.window.kernel.size() > 3) refuse("a pool over more than three dimensions");
  return pool;
}

bool own_pads(const Ints& pads, const Ints& kernel) {
  if (!symmetric(pads)) return false;
  for (std::size_t d = 0; d < kernel.size(); ++d)
    if (pads[d] > kernel[d] / 2) return false;
  return true;
}

at::Tensor maximum(const at::Tensor& x, const Window& w, const Ints& pads, bool ceil) {
  switch (w.kernel.size()) {
    case 1: return at::max_pool1d(x, w.kernel, w.strides, pads, w.dilations, ceil);
    case 2: return at::max_pool2d(x, w.kernel, w.strides, pads, w.dilations, ceil);
    default: return at::max_pool3d(x, w.kernel, w.strides, pads, w.dilations, ceil);
  }
}

std::tuple<at::Tensor, at::Tensor> maximum_and_index(const at::Tensor& x, const Window& w,
                                                     const Ints& pads, bool ceil) {
  switch (w.kernel.size()) {
    case 1: return at::max_pool1d_with_indices(x, w.kernel, w.strides, pads, w.dilations, ceil);
    case 2: return at::max_pool2d_with_indices(x, w.kernel, w.strides, pads, w.dilations, ceil);
    default: return at::max_pool3d_with_indices(x, w.kernel, w.strides, pads, w.dilations, ceil);
  }
}

// LibTorch's indices count within a channel, ONNX's within the whole tensor.
at::Tensor global_index(const at::Tensor& index, const at::Tensor& x) {
  Ints sizes(static_cast<std::size_t>(x.dim()), 1);
  sizes[0] = x.size(0);
  sizes[1] = x.size(1);
  const std::int64_t channels = x.size(0) * x.size(1);
  const std::int64_t inside = channels == 0 ? 0 : x.numel() / channels;
  return index + at::arange(channels, index.options()).reshape(sizes) * inside;
}

at::Tensor max_pool(const at::Tensor& x, const Pool& pool) {
  const Ints pads = pool.window.pads_for(x.sizes());
  if (own_pads(pads, pool.window.kernel)) return maximum(x, pool.window, begins(pads), pool.ceil);
  const at::Tensor wide = padded(x, pads, -std::numeric_limits<double>::infinity());
  return maximum(wide, pool.window, Ints(pool.window.kernel.size(), 0), pool.ceil);
}

Tensors max_pool_with_index(const at::Tensor& x, const Pool& pool) {
  const Ints pads = pool.window.pads_for(x.sizes());
  if (!own_pads(pads, pool.window.kernel)) refuse("indices with pads that differ at the two ends");
  auto [values, index] = maximum_and_index(x, pool.window, begins(pads), pool.ceil);
  return {values, global_index(index, x)};
}

Kernel max_pool_kernel(const Step& step) {
  const Pool pool = pool_of(step);
  if (step.wants_output(1)) {
    if (step.integer("storage_order", 0) != 0) refuse("storage_order=1");
    return [=](const Inputs& in) { return max_pool_with_index(in[0], pool); };
  }
  return one([=](const Inputs& in) {
    if (in[0].is_floating_point()) return max_pool(in[0], pool);
    return max_pool(in[0].to(at::kFloat), pool).to(in[0].scalar_type());  // 8-bit numbers
  });
}

at::Tensor average(const at::Tensor& x, const Window& w, const Ints& pads, bool ceil, bool count) {
  switch (w.kernel.size()) {
    case 1: return at::avg_pool1d(x, w.kernel, w.strides, pads, ceil, count);
    case 2: return at::avg_pool2d(x, w.kernel, w.strides, pads, ceil, count);
    default: return at::avg_pool3d(x, w.kernel, w.strides, pads, ceil, count);
  }
}

at::Tensor average_pool(const at::Tensor& x, const Pool& pool) {
  const Ints pads = pool.window.pads_for(x.sizes());
  if (own_pads(pads, pool.window.kernel))
    return average(x, pool.window, begins(pads), pool.ceil, pool.count_padding);
  const Ints none(pool.window.kernel.size(), 0);
  const at::Tensor sums = average(padded(x, pads, 0), pool.window, none, pool.ceil, true);
  if (pool.count_padding) return sums;
  const at::Tensor there = padded(at::ones_like(x), pads, 0);
  return sums / average(there, pool.window, none, pool.ceil, true);
}

void refuse_dilations(const Pool& pool) {
  for (const std::int64_t dilation : pool.window.dilations)
    if (dilation != 1) refuse("dilations of an average");
}

Kernel average_pool_kernel(const Step& step) {
  const Pool pool = pool_of(step);
  refuse_dilations(pool);
  return one([=](const Inputs& in) { return average_pool(in[0], pool); });
}

Kernel lp_pool(const Step& step) {
  Pool pool = pool_of(step);
  // An average divides by the part of the window that is inside, and has no dilations.
  if (pool.ceil) refuse("ceil_mode of LpPool");
  refuse_dilations(pool);
  pool.count_padding = true;  // the sum over the whole window is wanted
  const double p = static_cast<double>(step.integer("p", 2));
  double elements = 1;
  for (const std::int64_t size : pool.window.kernel) elements *= static_cast<double>(size);
  return one([=](const Inputs& in) {
    return at::pow(average_pool(at::pow(at::abs(in[0]), p), pool) * elements, 1 / p);
  });
}

Ints spatial(const at::Tensor& x) {
  Ints dims;
  for (std::int64_t d = 2; d < x.dim(); ++d) dims.push_back(d);
  if (dims.empty()) throw Refusal(ErrorKind::invalid, "an input without spatial dimensions");
  return dims;
}

Kernel global_average(const Step&) {
  return one([](const Inputs& in) { return at::mean(in[0], spatial(in[0]), true); });
}
Kernel global_maximum(const Step&) {
  return one([](const Inputs& in) { return at::amax(in[0], spatial(in[0]), true); });
}
Kernel global_lp(const Step& step) {
  const double p = static_cast<double>(step.integer("p", 2));
  return one([=](const Inputs& in) { return at::norm(in[0], p, spatial(in[0]), true); });
}

}  // namespace

std::span<const Operator> pool_operators() {
  static const Operator rows[] = {
      {"MaxPool", max_pool_kernel},
      {"AveragePool", average_pool_kernel},
      {"LpPool", lp_pool},
      {"GlobalAveragePool", global_average},
      {"GlobalMaxPool", global_maximum},
      {"GlobalLpPool", global_lp},
  };
  return rows;
}

}  // namespace isojoule::libtorch
