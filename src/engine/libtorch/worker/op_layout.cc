// What moves elements without changing them.
#include <algorithm>
#include <limits>
#include <numeric>

#include "engine/libtorch/worker/operator.h"

namespace isojoule::libtorch {
namespace {

using at::Tensor;

Tensor reshaped(const Tensor& x, Ints shape, bool zero_is_zero) {
  for (std::size_t d = 0; d < shape.size(); ++d)
    if (shape[d] == 0 && !zero_is_zero) shape[d] = x.size(static_cast<std::int64_t>(d));
  return x.reshape(shape);
}

Kernel reshape(const Step& step) {
  const bool zero = step.integer("allowzero", 0) != 0;
  const Ints attribute = step.ints("shape");
  return one(
      [=](const Inputs& in) { return reshaped(in[0], in.has(1) ? in.ints(1) : attribute, zero); });
}

Kernel flatten(const Step& step) {
  const std::int64_t axis = step.integer("axis", 1);
  return one([=](const Inputs& in) {
    const Ints sizes = sizes_of(in[0]);
    const auto rank = static_cast<std::int64_t>(sizes.size());
    const std::int64_t cut = axis == rank ? rank : (rank == 0 ? 0 : wrap_axis(axis, rank));
    const auto middle = sizes.begin() + cut;
    const std::int64_t first =
        std::accumulate(sizes.begin(), middle, std::int64_t{1}, std::multiplies<>());
    const std::int64_t rest =
        std::accumulate(middle, sizes.end(), std::int64_t{1}, std::multiplies<>());
    return in[0].reshape({first, rest});
  });
}

Kernel squeeze(const Step& step) {
  const Ints attribute = step.ints("axes");
  return one([=](const Inputs& in) {
    const Tensor& x = in[0];
    Ints axes = wrap_axes(in.has(1) ? in.ints(1) : attribute, x.dim());
    Ints sizes;
    for (std::int64_t d = 0; d < x.dim(); ++d) {
      const bool named = std::find(axes.begin(), axes.end(), d) != axes.end();
      if (named && x.size(d) != 1)
        throw Refusal(ErrorKind::invalid, "a dimension that is not 1 cannot be left out");
      if (named || (axes.empty() && x.size(d) == 1)) continue;
      sizes.push_back(x.size(d));
    }
    return x.reshape(sizes);
  });
}

Kernel unsqueeze(const Step& step) {
  const Ints attribute = step.ints("axes");
  return one([=](const Inputs& in) {
    Ints axes = in.has(1) ? in.ints(1) : attribute;
    axes = wrap_axes(axes, in[0].dim() + static_cast<std::int64_t>(axes.size()));
    std::sort(axes.begin(), axes.end());
    Tensor x = in[0];
    for (const std::int64_t axis : axes) x = x.unsqueeze(axis);
    return x;
  });
}

Kernel transpose(const Step& step) {
  const Ints order = step.ints("perm");
  return one([=](const Inputs& in) {
    if (!order.empty()) return in[0].permute(order);
    Ints reversed(static_cast<std::size_t>(in[0].dim()));
    std::iota(reversed.rbegin(), reversed.rend(), 0);
    return in[0].permute(reversed);
  });
}

Kernel concat(const Step& step) {
  const std::int64_t axis = step.integer("axis", 1);
  return one([=](const Inputs& in) { return at::cat(in.all(), axis); });
}

Tensors split_evenly(const Tensor& x, std::int64_t axis, std::int64_t parts) {
  const std::int64_t each = (x.size(axis) + parts - 1) / parts;
  Ints sizes(static_cast<std::size_t>(parts), each);
  sizes.back() = x.size(axis) - each * (parts - 1);
  if (sizes.back() < 0) throw Refusal(ErrorKind::invalid, "more parts than there is to split");
  return at::split_with_sizes(x, sizes, axis);
}

Kernel split(const Step& step) {
  const std::int64_t axis = step.integer("axis", 0);
  const Ints attribute = step.ints("split");
  const std::int64_t parts = step.integer("num_outputs", static_cast<std::int64_t>(step.outputs()));
  return [=](const Inputs& in) {
    if (in.has(1)) return at::split_with_sizes(in[0], in.ints(1), axis);
    if (!attribute.empty()) return at::split_with_sizes(in[0], attribute, axis);
    return split_evenly(in[0], wrap_axis(axis, in[0].dim()), parts);
  };
}

// LibTorch has no negative steps: the elements are picked by their numbers.
Tensor sliced_backwards(const Tensor& x, std::int64_t axis, std::int64_t start, std::int64_t end,
                        std::int64_t step) {
  const std::int64_t size = x.size(axis);
  const auto clamped = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + size : at, -1, size - 1);
  };
  // An end below -size means: to the first element.
  const std::int64_t from = clamped(start), to = end < -size ? -1 : clamped(end);
  if (to >= from) return x.narrow(axis, 0, 0);
  return x.index_select(axis, at::arange(from, to, step, x.options().dtype(at::kLong)));
}

Tensor sliced(Tensor x, const Ints& starts, const Ints& ends, Ints axes, Ints steps) {
  if (axes.empty()) {
    axes.resize(starts.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  if (steps.empty()) steps.assign(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    throw Refusal(ErrorKind::invalid, "starts, ends, axes and steps differ in length");
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::int64_t axis = wrap_axis(axes[i], x.dim());
    if (steps[i] == 0) throw Refusal(ErrorKind::invalid, "a step of 0");
    x = steps[i] > 0 ? x.slice(axis, starts[i], ends[i], steps[i])
                     : sliced_backwards(x, axis, starts[i], ends[i], steps[i]);
  }
  return x;
}

Kernel slice(const Step& step) {
  if (step.opset < 10) {
    const Ints starts = step.ints("starts"), ends = step.ints("ends"), axes = step.ints("axes");
    return one([=](const Inputs& in) { return sliced(in[0], starts, ends, axes, {}); });
  }
  return one([](const Inputs& in) {
    return sliced(in[0], in.ints(1), in.ints(2), in.has(3) ? in.ints(3) : Ints(),
                  in.has(4) ? in.ints(4) : Ints());
  });
}

// Both sides broadcast: a 1 of the shape keeps the tensor's own size.
Kernel expand(const Step&) {
  return one([](const Inputs& in) {
    Ints shape = in.ints(1);
    const Ints own = sizes_of(in[0]);
    if (shape.size() < own.size()) shape.insert(shape.begin(), own.size() - shape.size(), 1);
    const std::size_t shift = shape.size() - own.size();
    for (std::size_t d = 0; d < own.size(); ++d)
      if (shape[shift + d] == 1) shape[shift + d] = own[d];
    return in[0].expand(shape);
  });
}

Kernel tile(const Step& step) {
  if (step.opset < 6) refuse("Tile of opset 1");
  return one([](const Inputs& in) { return in[0].repeat(in.ints(1)); });
}

// Which element of `size` lies at `at`, beyond the edges too.
std::int64_t mirrored(const std::string& mode, std::int64_t at, std::int64_t size) {
  if (mode == "edge") return std::clamp<std::int64_t>(at, 0, size - 1);
  if (mode == "wrap") return ((at % size) + size) % size;
  if (size == 1) return 0;
  const std::int64_t period = 2 * (size - 1);
  const std::int64_t inside = ((at % period) + period) % period;
  return inside < size ? inside : period - inside;
}

Tensor padded_by_copies(Tensor x, const Ints& begins, const Ints& ends, const std::string& mode) {
  for (std::int64_t d = 0; d < x.dim(); ++d) {
    const std::int64_t before = begins[static_cast<std::size_t>(d)];
    const std::int64_t after = ends[static_cast<std::size_t>(d)];
    if (before == 0 && after == 0) continue;
    Ints picked;
    for (std::int64_t at = -before; at < x.size(d) + after; ++at)
      picked.push_back(mirrored(mode, at, x.size(d)));
    x = x.index_select(d, noted(picked).to(x.device()));
  }
  return x;
}

Tensor padded(const Tensor& x, const Ints& pads, Ints axes, const std::string& mode,
              const at::Scalar& value) {
  const auto rank = static_cast<std::size_t>(x.dim());
  if (axes.empty()) {
    axes.resize(rank);
    std::iota(axes.begin(), axes.end(), 0);
  }
  axes = wrap_axes(axes, x.dim());
  if (pads.size() != 2 * axes.size())
    throw Refusal(ErrorKind::invalid, "pads do not fit the number of axes");
  Ints begins(rank, 0), ends(rank, 0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    begins[static_cast<std::size_t>(axes[i])] = pads[i];
    ends[static_cast<std::size_t>(axes[i])] = pads[axes.size() + i];
  }
  if (mode != "constant") return padded_by_copies(x, begins, ends, mode);
  Ints order;  // LibTorch: begin and end of the last dimension first
  for (std::size_t d = rank; d-- > 0;) order.insert(order.end(), {begins[d], ends[d]});
  return at::constant_pad_nd(x, order, value);
}

Kernel pad(const Step& step) {
  const std::string mode = step.text("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
    refuse("mode=" + mode);
  const Ints attribute = step.ints(step.has("paddings") ? "paddings" : "pads");
  const double value = step.number("value", 0);
  return one([=](const Inputs& in) {
    return padded(in[0], in.has(1) ? in.ints(1) : attribute, in.has(3) ? in.ints(3) : Ints(), mode,
                  in.has(2) ? in[2].item() : at::Scalar(value));
  });
}

Kernel depth_to_space(const Step& step) {
  const std::int64_t b = step.integer("blocksize", 1);
  const bool columns_first = step.text("mode", "DCR") == "CRD";
  if (b < 1) throw Refusal(ErrorKind::invalid, "blocksize=" + std::to_string(b));
  return one([=](const Inputs& in) {
    const std::int64_t n = in[0].size(0), c = in[0].size(1), h = in[0].size(2), w = in[0].size(3);
    const Tensor parts =
        columns_first ? in[0].reshape({n, c / (b * b), b, b, h, w}).permute({0, 1, 4, 2, 5, 3})
                      : in[0].reshape({n, b, b, c / (b * b), h, w}).permute({0, 3, 4, 1, 5, 2});
    return parts.reshape({n, c / (b * b), h * b, w * b});
  });
}

Kernel space_to_depth(const Step& step) {
  const std::int64_t b = step.integer("blocksize", 1);
  if (b < 1) throw Refusal(ErrorKind::invalid, "blocksize=" + std::to_string(b));
  return one([=](const Inputs& in) {
    const std::int64_t n = in[0].size(0), c = in[0].size(1), h = in[0].size(2), w = in[0].size(3);
    const Tensor parts = in[0].reshape({n, c, h / b, b, w / b, b}).permute({0, 3, 5, 1, 2, 4});
    return parts.reshape({n, c * b * b, h / b, w / b});
  });
}

Kernel triangle(const Step& step) {
  const bool upper = step.integer("upper", 1) != 0;
  return one([=](const Inputs& in) {
    const std::int64_t k = in.has(1) ? in.ints(1).at(0) : 0;
    return upper ? at::triu(in[0], k) : at::tril(in[0], k);
  });
}

}  // namespace

std::span<const Operator> layout_operators() {
  static const Operator rows[] = {
      {"Reshape", reshape, 0b10},
      {"Flatten", flatten},
      {"Squeeze", squeeze, 0b10},
      {"Unsqueeze", unsqueeze, 0b10},
      {"Transpose", transpose},
      {"Concat", concat},
      {"Split", split, 0b10},
      {"Slice", slice, 0b11110},
      {"Expand", expand, 0b10},
      {"Tile", tile, 0b10},
      {"Pad", pad, 0b1110},
      {"DepthToSpace", depth_to_space},
      {"SpaceToDepth", space_to_depth},
      {"Trilu", triangle, 0b10},
  };
  return rows;
}

}  // namespace isojoule::libtorch
