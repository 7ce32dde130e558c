// Elements by their indices.
#include <ATen/TensorIndexing.h>

#include <algorithm>

#include "engine/libtorch/worker/operator.h"

namespace isojoule::libtorch {
namespace {

using at::Tensor;

Tensor gathered(const Tensor& x, const Tensor& index, std::int64_t axis) {
  Ints shape = sizes_of(x);
  const auto place = shape.erase(shape.begin() + axis);
  shape.insert(place, index.sizes().begin(), index.sizes().end());
  return x.index_select(axis, index.reshape({-1})).reshape(shape);
}

// An index that the model fixes needs no look at its sign in every batch, and a single one is a
// view.
Kernel gather(const Step& step) {
  const std::int64_t axis = step.integer("axis", 0);
  const Tensor index = step.constant(1);
  if (index.defined() && index.dim() == 0) {
    const std::int64_t at = index.item().toLong();
    return one([=](const Inputs& in) { return in[0].select(axis, at); });
  }
  const bool plain = index.defined() && index.numel() > 0 && index.min().item().toLong() >= 0;
  return one([=](const Inputs& in) {
    const std::int64_t from = wrap_axis(axis, in[0].dim());
    return gathered(in[0], plain ? in[1].to(at::kLong) : wrap_index(in[1], in[0].size(from)), from);
  });
}

Kernel gather_elements(const Step& step) {
  const std::int64_t axis = step.integer("axis", 0);
  return one([=](const Inputs& in) {
    return at::gather(in[0], axis, wrap_index(in[1], in[0].size(axis)));
  });
}

// The last dimension of `index` are coordinates in x, after `batches` dimensions that both share.
std::vector<at::indexing::TensorIndex> coordinates(const Tensor& x, const Tensor& index,
                                                   std::int64_t batches) {
  if (batches < 0 || batches >= index.dim())
    throw Refusal(ErrorKind::invalid, "batch_dims=" + std::to_string(batches) +
                                          " for indices with " + std::to_string(index.dim()) +
                                          " dimensions");
  std::vector<at::indexing::TensorIndex> result;
  // Never moved: LibTorch 1.13 copies a member then that it has not set.
  result.reserve(static_cast<std::size_t>(batches + index.size(-1)));
  for (std::int64_t d = 0; d < batches; ++d) {
    Ints shape(static_cast<std::size_t>(index.dim() - 1), 1);
    shape[static_cast<std::size_t>(d)] = x.size(d);
    result.emplace_back(at::arange(x.size(d), index.options().dtype(at::kLong)).reshape(shape));
  }
  for (const Tensor& part : index.to(at::kLong).unbind(-1)) result.emplace_back(part);
  return result;
}

Kernel gather_nd(const Step& step) {
  const std::int64_t batches = step.integer("batch_dims", 0);
  return one([=](const Inputs& in) { return in[0].index(coordinates(in[0], in[1], batches)); });
}

// ONNX's word for a reduction -> LibTorch's; "": elements are replaced.
std::string reduction_of(const Step& step) {
  const std::string word = step.text("reduction", "none");
  if (word == "none") return "";
  if (word == "add") return "sum";
  if (word == "mul") return "prod";
  if (word == "max") return "amax";
  if (word == "min") return "amin";
  refuse("reduction=" + word);
}

Kernel scatter_elements(const Step& step) {
  const std::int64_t axis = step.integer("axis", 0);
  const std::string reduction = reduction_of(step);
  return one([=](const Inputs& in) {
    const Tensor index = wrap_index(in[1], in[0].size(axis));
    if (reduction.empty()) return at::scatter(in[0], axis, index, in[2]);
    return at::scatter_reduce(in[0], axis, index, in[2], reduction, true);
  });
}

// As one dimension of slices, so that reductions are those of scatter_reduce.
Tensor scattered_slices(const Tensor& x, const Tensor& index, const Tensor& updates,
                        const std::string& reduction) {
  const std::int64_t depth = index.size(-1);
  Tensor linear = at::zeros(index.sizes().slice(0, static_cast<std::size_t>(index.dim() - 1)),
                            index.options().dtype(at::kLong));
  std::int64_t rows = 1;
  for (std::int64_t d = 0; d < depth; ++d) {
    linear = linear * x.size(d) + wrap_index(index.select(-1, d), x.size(d));
    rows *= x.size(d);
  }
  const Tensor flat = x.reshape({rows, -1});
  const Tensor source = updates.reshape({-1, flat.size(1)});
  const Tensor target = linear.reshape({-1, 1}).expand_as(source);
  return at::scatter_reduce(flat, 0, target, source, reduction, true).reshape(x.sizes());
}

Kernel scatter_nd(const Step& step) {
  const std::string reduction = reduction_of(step);
  return one([=](const Inputs& in) {
    if (!reduction.empty()) return scattered_slices(in[0], in[1], in[2], reduction);
    Tensor result = in[0].clone();
    result.index_put_(coordinates(result, in[1], 0), in[2]);
    return result;
  });
}

Kernel one_hot(const Step& step) {
  const std::int64_t axis = step.integer("axis", -1);
  return one([=](const Inputs& in) {
    const std::int64_t depth = in.ints(1).at(0);
    const std::int64_t rank = in[0].dim() + 1, place = wrap_axis(axis, rank);
    Ints shape(static_cast<std::size_t>(rank), 1);
    shape[static_cast<std::size_t>(place)] = depth;
    const Tensor index = wrap_index(in[0], depth).unsqueeze(place);
    const Tensor classes = at::arange(depth, index.options()).reshape(shape);
    return at::where(index == classes, in[2].select(0, 1), in[2].select(0, 0));
  });
}

Kernel non_zero(const Step&) {
  return one([](const Inputs& in) { return at::nonzero(in[0]).t(); });
}

Kernel compress(const Step& step) {
  const bool whole = !step.has("axis");
  const std::int64_t axis = step.integer("axis", 0);
  return one([=](const Inputs& in) {
    const Tensor index = at::nonzero(in[1]).reshape({-1});
    return whole ? in[0].reshape({-1}).index_select(0, index) : in[0].index_select(axis, index);
  });
}

Kernel grid_sample(const Step& step) {
  const std::string mode = step.text("mode", "bilinear");
  const std::string padding = step.text("padding_mode", "zeros");
  const bool align = step.integer("align_corners", 0) != 0;
  // The numbers of ATen/native/GridSamplerUtils.h.
  const std::vector<std::string> modes{"bilinear", "nearest", "bicubic"};
  const std::vector<std::string> paddings{"zeros", "border", "reflection"};
  const auto number = [](const std::vector<std::string>& words, const std::string& word) {
    const auto found = std::find(words.begin(), words.end(), word);
    if (found == words.end()) refuse("mode " + word);
    return found - words.begin();
  };
  const std::int64_t m = number(modes, mode == "linear"  ? "bilinear"
                                       : mode == "cubic" ? "bicubic"
                                                         : mode);
  const std::int64_t p = number(paddings, padding);
  return one([=](const Inputs& in) { return at::grid_sampler(in[0], in[1], m, p, align); });
}

}  // namespace

std::span<const Operator> gather_operators() {
  static const Operator rows[] = {
      {"Gather", gather},
      {"GatherElements", gather_elements},
      {"GatherND", gather_nd},
      {"Scatter", scatter_elements},
      {"ScatterElements", scatter_elements},
      {"ScatterND", scatter_nd},
      {"OneHot", one_hot, 0b10},
      {"NonZero", non_zero},
      {"Compress", compress},
      {"GridSample", grid_sample},
  };
  return rows;
}

}  // namespace isojoule::libtorch
