// Resize and Upsample. LibTorch has some of ONNX's many ways to place and weigh samples; those are
// taken where they mean the same, everything else is done dimension by dimension from the
// definition in onnx/docs/Operators.md (Resize).
#include <algorithm>
#include <array>
#include <cmath>

#include "engine/libtorch/worker/operator.h"

namespace isojoule::libtorch {
namespace {

using at::Tensor;

// A dimension beyond it would fill the memory with weights before LibTorch could refuse it.
constexpr std::int64_t kLongest = std::int64_t{1} << 26;

struct Way {
  std::string mode;         // nearest, linear, cubic
  std::string coordinates;  // half_pixel, asymmetric, ...
  std::string rounding;     // of nearest
  double cubic = -0.75;
  bool exclude_outside = false;
  double outside = 0;  // tf_crop_and_resize
};

// One dimension: sizes, the scale, and the part of it that tf_crop_and_resize takes.
struct Extent {
  std::int64_t from, to;
  double scale;
  double begin = 0, end = 1;
};

double origin(const Way& way, const Extent& e, std::int64_t i) {
  const auto at = static_cast<double>(i);
  const auto from = static_cast<double>(e.from), to = static_cast<double>(e.to);
  if (way.coordinates == "asymmetric") return at / e.scale;
  if (way.coordinates == "align_corners") return to == 1 ? 0 : at * (from - 1) / (to - 1);
  if (way.coordinates == "pytorch_half_pixel") return to > 1 ? (at + 0.5) / e.scale - 0.5 : 0;
  if (way.coordinates == "tf_half_pixel_for_nn") return (at + 0.5) / e.scale;
  if (way.coordinates == "half_pixel_symmetric") {
    const double adjustment = to / (e.scale * from), centre = from / 2;
    return centre * (1 - adjustment) + (at + 0.5) / e.scale - 0.5;
  }
  if (way.coordinates == "tf_crop_and_resize")
    return to > 1 ? e.begin * (from - 1) + at * (e.end - e.begin) * (from - 1) / (to - 1)
                  : 0.5 * (e.begin + e.end) * (from - 1);
  return (at + 0.5) / e.scale - 0.5;  // half_pixel
}

double rounded(const std::string& rounding, double x) {
  if (rounding == "floor") return std::floor(x);
  if (rounding == "ceil") return std::ceil(x);
  if (rounding == "round_prefer_ceil") return std::floor(x + 0.5);
  return std::ceil(x - 0.5);  // round_prefer_floor
}

// Weights of the samples from floor(x) - 1 to floor(x) + 2 (Keys' cubic convolution).
std::array<double, 4> cubic_weights(double t, double a) {
  const auto far = [&](double s) { return ((a * s - 5 * a) * s + 8 * a) * s - 4 * a; };
  const auto near = [&](double s) { return ((a + 2) * s - (a + 3)) * s * s + 1; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

// Samples of one output element: `first` and weights from there on.
struct Samples {
  std::int64_t first;
  std::vector<double> weights;
};

Samples samples_at(const Way& way, double x, std::int64_t size) {
  if (way.mode == "nearest") return {static_cast<std::int64_t>(rounded(way.rounding, x)), {1}};
  const double floor = std::floor(x), t = x - floor;
  const auto at = static_cast<std::int64_t>(floor);
  if (way.mode == "linear") return {at, {1 - t, t}};
  const auto weights = cubic_weights(t, way.cubic);
  Samples samples{at - 1, {weights.begin(), weights.end()}};
  if (!way.exclude_outside) return samples;
  double sum = 0;
  for (std::size_t k = 0; k < 4; ++k) {
    const std::int64_t place = samples.first + static_cast<std::int64_t>(k);
    if (place < 0 || place >= size) samples.weights[k] = 0;
    sum += samples.weights[k];
  }
  for (double& weight : samples.weights) weight /= sum;
  return samples;
}

Tensor resized_dimension(const Tensor& x, std::int64_t axis, const Way& way, const Extent& e) {
  const std::size_t taps = way.mode == "nearest" ? 1 : way.mode == "linear" ? 2 : 4;
  std::vector<Ints> places(taps);
  std::vector<std::vector<double>> weights(taps);
  std::vector<double> inside;
  for (std::int64_t i = 0; i < e.to; ++i) {
    const double at = origin(way, e, i);
    const Samples samples = samples_at(way, at, e.from);
    inside.push_back(at >= 0 && at <= static_cast<double>(e.from - 1) ? 1 : 0);
    for (std::size_t k = 0; k < taps; ++k) {
      const std::int64_t place = samples.first + static_cast<std::int64_t>(k);
      places[k].push_back(std::clamp<std::int64_t>(place, 0, e.from - 1));
      weights[k].push_back(samples.weights[k]);
    }
  }
  Ints shape(static_cast<std::size_t>(x.dim()), 1);
  shape[static_cast<std::size_t>(axis)] = e.to;
  const auto laid = [&](const std::vector<double>& values) {
    return noted(values).to(x.options()).reshape(shape);
  };
  Tensor result;
  for (std::size_t k = 0; k < taps; ++k) {
    Tensor part = x.index_select(axis, noted(places[k]).to(x.device()));
    if (taps > 1) part = part * laid(weights[k]);
    result = k == 0 ? part : result + part;
  }
  if (way.coordinates != "tf_crop_and_resize") return result;
  const Tensor kept = laid(inside);
  return result * kept + way.outside * (1 - kept);
}

// Whether LibTorch's nearest (floor of i / scale) is what is asked for. With whole scales, rounding
// half pixels down is the same.
bool own_nearest(const Way& way, const std::vector<Extent>& extents) {
  if (way.mode != "nearest") return false;
  if (way.coordinates == "asymmetric" && way.rounding == "floor") return true;
  return (way.coordinates == "half_pixel" || way.coordinates == "pytorch_half_pixel") &&
         way.rounding == "round_prefer_floor" &&
         std::all_of(extents.begin(), extents.end(), [](const Extent& e) {
           return e.to >= e.from && e.to % e.from == 0 && e.to == e.from * std::llround(e.scale);
         });
}

bool exact_scale(const Extent& e) {
  return std::abs(e.scale * static_cast<double>(e.from) - static_cast<double>(e.to)) < 1e-6;
}

bool own_linear(const Way& way, const std::vector<Extent>& extents) {
  if (way.mode != "linear") return false;
  if (way.coordinates == "align_corners") return true;
  return (way.coordinates == "half_pixel" || way.coordinates == "pytorch_half_pixel") &&
         std::all_of(extents.begin(), extents.end(),
                     [](const Extent& e) { return exact_scale(e) && e.to > 1; });
}

// With scales that give the output's size exactly, LibTorch works them out alike from the sizes.
Tensor by_libtorch(const Tensor& x, const Way& way, const Ints& sizes) {
  const bool align = way.coordinates == "align_corners";
  const bool nearest = way.mode == "nearest";
  switch (sizes.size()) {
    case 1:
      return nearest ? at::upsample_nearest1d(x, sizes) : at::upsample_linear1d(x, sizes, align);
    case 2:
      return nearest ? at::upsample_nearest2d(x, sizes) : at::upsample_bilinear2d(x, sizes, align);
    default:
      return nearest ? at::upsample_nearest3d(x, sizes) : at::upsample_trilinear3d(x, sizes, align);
  }
}

Tensor resized(const Tensor& x, const Way& way, const std::vector<Extent>& extents) {
  // Weights are fractions: among whole numbers they would be cut to 0.
  if (!x.is_floating_point() && way.mode != "nearest")
    return resized(x.to(at::kFloat), way, extents).to(x.scalar_type());
  const auto spatial = [&](std::size_t d) { return d >= 2; };
  bool only_spatial = x.dim() >= 3 && x.dim() <= 5 && x.is_floating_point();
  for (std::size_t d = 0; d < extents.size(); ++d)
    only_spatial = only_spatial && (spatial(d) || (extents[d].to == extents[d].from &&
                                                   way.coordinates != "tf_crop_and_resize"));
  if (only_spatial) {
    const std::vector<Extent> inner(extents.begin() + 2, extents.end());
    const bool exact = std::all_of(inner.begin(), inner.end(), exact_scale);
    Ints sizes;
    for (const Extent& e : inner) sizes.push_back(e.to);
    if ((exact && own_nearest(way, inner)) || own_linear(way, inner))
      return by_libtorch(x, way, sizes);
  }
  Tensor result = x;
  for (std::size_t d = 0; d < extents.size(); ++d)
    if (extents[d].to != extents[d].from || extents[d].scale != 1 ||
        way.coordinates == "tf_crop_and_resize")
      result = resized_dimension(result, static_cast<std::int64_t>(d), way, extents[d]);
  return result;
}

std::vector<double> numbers_of(const Tensor& tensor) {
  const Tensor flat = tensor.to(at::kCPU, at::kDouble).contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

// `scales` or `sizes` for some axes (empty: all) -> an extent for each dimension.
std::vector<Extent> extents_of(const Tensor& x, std::vector<double> scales, const Ints& sizes,
                               Ints axes, const std::vector<double>& roi) {
  std::vector<Extent> extents;
  for (const std::int64_t size : x.sizes()) extents.push_back({size, size, 1});
  if (axes.empty())
    for (std::int64_t d = 0; d < x.dim(); ++d) axes.push_back(d);
  axes = wrap_axes(axes, x.dim());
  const std::size_t given = sizes.empty() ? scales.size() : sizes.size();
  if (given != axes.size())
    throw Refusal(ErrorKind::invalid, "scales or sizes do not fit the number of dimensions");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Extent& e = extents[static_cast<std::size_t>(axes[i])];
    const auto from = static_cast<double>(e.from);
    e.to = sizes.empty()
               ? static_cast<std::int64_t>(std::clamp(std::floor(from * scales[i]), 0.0, 1e15))
               : sizes[i];
    e.scale = sizes.empty() ? scales[i] : static_cast<double>(e.to) / from;
    if (e.from < 1 || e.to < 1 || !(e.scale > 0) || e.to > kLongest)
      throw Refusal(ErrorKind::invalid,
                    "from size " + std::to_string(e.from) + " to " + std::to_string(e.to));
    if (roi.size() == 2 * axes.size()) e.begin = roi[i], e.end = roi[axes.size() + i];
  }
  return extents;
}

void check_way(const Way& way) {
  const auto among = [](const std::string& word, std::initializer_list<const char*> known) {
    return std::any_of(known.begin(), known.end(), [&](const char* k) { return word == k; });
  };
  if (!among(way.mode, {"nearest", "linear", "cubic"})) refuse("mode=" + way.mode);
  if (!among(way.coordinates,
             {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric",
              "tf_half_pixel_for_nn", "half_pixel_symmetric", "tf_crop_and_resize"}))
    refuse("coordinate_transformation_mode=" + way.coordinates);
  if (!among(way.rounding, {"floor", "ceil", "round_prefer_floor", "round_prefer_ceil"}))
    refuse("nearest_mode=" + way.rounding);
}

Way way_of(const Step& step) {
  Way way{step.text("mode", "nearest"), "asymmetric", "floor"};
  if (step.opset >= 11) {
    way.coordinates = step.text("coordinate_transformation_mode", "half_pixel");
    way.rounding = step.text("nearest_mode", "round_prefer_floor");
    way.cubic = step.number("cubic_coeff_a", -0.75);
    way.exclude_outside = step.integer("exclude_outside", 0) != 0;
    way.outside = step.number("extrapolation_value", 0);
  }
  check_way(way);
  if (step.integer("antialias", 0) != 0) refuse("antialias=1");
  if (const std::string policy = step.text("keep_aspect_ratio_policy", "stretch");
      policy != "stretch")
    refuse("keep_aspect_ratio_policy=" + policy);
  return way;
}

Kernel resize(const Step& step) {
  const Way way = way_of(step);
  const Ints axes = step.ints("axes");
  const std::vector<double> attribute = step.numbers("scales");  // Upsample of opset 7
  if (step.opset < 11) {
    return one([=](const Inputs& in) {
      return resized(in[0], way,
                     extents_of(in[0], in.has(1) ? numbers_of(in[1]) : attribute, {}, {}, {}));
    });
  }
  return one([=](const Inputs& in) {
    const auto roi = in.has(1) ? numbers_of(in[1]) : std::vector<double>();
    const auto scales = in.has(2) ? numbers_of(in[2]) : std::vector<double>();
    return resized(in[0], way,
                   extents_of(in[0], scales, in.has(3) ? in.ints(3) : Ints(), axes, roi));
  });
}

}  // namespace

std::span<const Operator> resize_operators() {
  static const Operator rows[] = {
      {"Resize", resize, 0b1110},
      {"Upsample", resize, 0b10},
  };
  return rows;
}

}  // namespace isojoule::libtorch
