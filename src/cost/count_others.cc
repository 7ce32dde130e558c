#include <cmath>

#include "cost/operator_counts.h"

namespace isojoule {
namespace {

void an_output(const CostedLayer& layer, LayerCost& cost, std::int64_t operations) {
  cost.other_ops = saturating_product({layer.outputs(), operations});
}

// Taps of an interpolation over `axes` axes, and the sums of them.
std::int64_t interpolation(const std::string& mode, std::size_t axes) {
  std::int64_t taps = 1;
  for (std::size_t i = 0; i < std::min<std::size_t>(axes, 8); ++i)
    taps *= mode == "cubic" || mode == "bicubic" ? 4 : 2;
  return 2 * taps - 1;
}

// A fast Fourier transform of n complex numbers: 5 n log2 n additions and multiplications
// (Cooley and Tukey's radix 2, the convention of FFTW's benchmarks); of real ones half of it.
std::int64_t transform(std::int64_t n, bool real) {
  if (n < 2) return 0;
  const double size = static_cast<double>(n);
  return std::llround((real ? 2.5 : 5.0) * size * std::log2(size));
}

}  // namespace

// One operation an element of the output, whether a comparison, an addition or an exponential.
void count_elementwise(const CostedLayer& layer, LayerCost& cost) { an_output(layer, cost, 1); }

void count_nothing(const CostedLayer&, LayerCost&) {}

void count_max_pool(const CostedLayer& layer, LayerCost& cost) {  // kernel - 1 comparisons
  an_output(layer, cost, std::max<std::int64_t>(layer.kernel_elements() - 1, 0));
}

void count_average_pool(const CostedLayer& layer, LayerCost& cost) {
  an_output(layer, cost, layer.kernel_elements());  // kernel - 1 additions, one division
}

void count_lp_pool(const CostedLayer& layer, LayerCost& cost) {
  // A power each, kernel - 1 additions, a root.
  an_output(layer, cost, saturating_product({layer.kernel_elements(), 2}));
}

// Each element of the input once.
void count_reduction(const CostedLayer& layer, LayerCost& cost) { cost.other_ops = layer.inputs(); }

// A power or an exponential each, and the sum.
void count_two_an_input(const CostedLayer& layer, LayerCost& cost) {
  cost.other_ops = saturating_product({layer.inputs(), 2});
}

// In inference: one multiplication and one addition, scale and shift being known.
void count_batch_norm(const CostedLayer& layer, LayerCost& cost) { an_output(layer, cost, 2); }

// Mean (1), difference (1), variance (2), division (1), scale and shift (2).
void count_layer_norm(const CostedLayer& layer, LayerCost& cost) { an_output(layer, cost, 7); }

// The same without scale and shift.
void count_mean_variance(const CostedLayer& layer, LayerCost& cost) { an_output(layer, cost, 5); }

// LpNormalization: power, sum, division. DynamicQuantizeLinear: least, largest, rounding.
// RotaryEmbedding: two products and a sum.
void count_three(const CostedLayer& layer, LayerCost& cost) { an_output(layer, cost, 3); }

// Square, sum, division, scale.
void count_rms_norm(const CostedLayer& layer, LayerCost& cost) { an_output(layer, cost, 4); }

// The sum with the other branch, and with a bias (input 4), before the normalisation.
void count_skip_layer_norm(const CostedLayer& layer, LayerCost& cost) {
  an_output(layer, cost, 8 + (layer.has_input(4) ? 1 : 0));
}
void count_skip_rms_norm(const CostedLayer& layer, LayerCost& cost) {
  an_output(layer, cost, 5 + (layer.has_input(3) ? 1 : 0));
}

// Words and places, and segments where there are any, are added and normalised.
void count_embed_norm(const CostedLayer& layer, LayerCost& cost) {
  an_output(layer, cost, 7 + 1 + (layer.has_input(4) ? 1 : 0));
}

// Largest (1), difference (1), exponential (1), sum (1), division (1).
void count_softmax(const CostedLayer& layer, LayerCost& cost) { an_output(layer, cost, 5); }
void count_bias_softmax(const CostedLayer& layer, LayerCost& cost) { an_output(layer, cost, 6); }

void count_biased_activation(const CostedLayer& layer, LayerCost& cost) {
  an_output(layer, cost, layer.has_input(1) ? 2 : 1);
}

// As many terms as there are inputs.
void count_variadic(const CostedLayer& layer, LayerCost& cost) {
  const auto terms = static_cast<std::int64_t>(layer.node().inputs.size()) - 1;
  an_output(layer, cost, std::max<std::int64_t>(terms, 0));
}

// Nearest: a copy. Linear: 2 taps a scaled axis, cubic: 4; a multiplication a tap and the sums.
void count_resize(const CostedLayer& layer, LayerCost& cost) {
  const std::string mode = layer.text("mode", "nearest");
  if (mode == "nearest") return;
  std::size_t axes = 0;
  for (std::size_t i = 0; i < std::min(layer.input(0).size(), layer.output().size()); ++i)
    axes += layer.input(0)[i] != layer.output()[i] ? 1 : 0;
  an_output(layer, cost, interpolation(mode, axes));
}

// Two operations a coordinate make it one of the input, then as Resize.
void count_grid_sample(const CostedLayer& layer, LayerCost& cost) {
  const std::string mode = layer.text("mode", "linear");
  if (layer.output().size() < 3) return leave_unknown(cost, "it has no axes to sample along");
  if (mode != "nearest") an_output(layer, cost, interpolation(mode, layer.output().size() - 2));
  cost.other_ops = saturating_sum(cost.other_ops, saturating_product({layer.inputs(1), 2}));
}

// sampling_ratio^2 samples an output, each interpolated between four, and their mean or largest.
void count_roi_align(const CostedLayer& layer, LayerCost& cost) {
  const std::int64_t ratio = layer.integer("sampling_ratio", 0);
  if (ratio < 1) return leave_unknown(cost, "how many samples it takes depends on the regions");
  an_output(layer, cost, saturating_product({ratio, ratio, interpolation("linear", 2) + 1}));
}

// A copy, and with a reduction one operation an element that is put in.
void count_scatter(const CostedLayer& layer, LayerCost& cost) {
  if (layer.text("reduction", "none") != "none") cost.other_ops = layer.inputs(2);
}

// Each element is compared with the k best so far: log2(k) in a heap, one for the very best.
void count_top_k(const CostedLayer& layer, LayerCost& cost) {
  const CostShape &x = layer.input(0), &y = layer.output();
  std::int64_t k = 1;
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i)
    if (x[i] != y[i]) k = y[i];
  if (x == y && !y.empty()) k = y.back();
  const auto each = static_cast<std::int64_t>(std::ceil(std::log2(static_cast<double>(k) + 1)));
  cost.other_ops = saturating_product({layer.inputs(), std::max<std::int64_t>(each, 1)});
}

// By elimination: 2/3 n^3 (Golub and Van Loan, Matrix Computations, 3.2).
void count_determinant(const CostedLayer& layer, LayerCost& cost) {
  const CostShape& x = layer.input(0);
  if (x.size() < 2) return leave_unknown(cost, "its input is no matrix");
  cost.other_ops = saturating_product({layer.inputs(), x.back(), 2}) / 3;
}

void count_dft(const CostedLayer& layer, LayerCost& cost) {
  const CostShape &x = layer.input(0), &y = layer.output();
  if (x.size() < 2 || y.size() != x.size()) return leave_unknown(cost, "its input has no signal");
  // The transformed axis is the one whose output differs; else the named one.
  const auto rank = static_cast<std::int64_t>(x.size());
  std::int64_t axis = layer.integer("axis", rank == 2 ? 0 : 1);
  for (std::int64_t i = 0; i + 1 < rank; ++i)
    if (x[static_cast<std::size_t>(i)] != y[static_cast<std::size_t>(i)]) axis = i;
  axis = std::clamp<std::int64_t>(axis < 0 ? axis + rank : axis, 0, rank - 2);
  const std::int64_t n = x[static_cast<std::size_t>(axis)];
  const std::int64_t numbers = layer.inputs() / std::max<std::int64_t>(x.back(), 1);
  if (n < 1) return;
  cost.other_ops = saturating_product({numbers / n, transform(n, x.back() == 1)});
}

// Frames of the window's length, each weighted and transformed.
void count_stft(const CostedLayer& layer, LayerCost& cost) {
  const CostShape& y = layer.output();
  if (y.size() != 4) return leave_unknown(cost, "its output has not four axes");
  const CostShape& window = layer.input(2);
  const bool half = layer.integer("onesided", 1) != 0;
  std::int64_t length = half ? 2 * (y[2] - 1) : y[2];
  if (window.size() == 1) length = window[0];
  const bool real = layer.input(0).size() < 3 || layer.input(0).back() == 1;
  const std::int64_t each =
      saturating_sum(transform(length, real), window.empty() ? 0 : length * (real ? 1 : 2));
  cost.other_ops = saturating_product({y[0], y[1], each});
}

void count_by_data(const CostedLayer&, LayerCost& cost) {
  leave_unknown(cost, "how much it computes depends on the data");
}

}  // namespace isojoule
