// Classes of images, masks of pixels, vectors of texts: what takes the best or the mean of scores.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tensor/elements.h"
#include "tensor/post_tasks.h"

namespace isojoule {
namespace {

std::size_t at(const Tensor& tensor, std::size_t dimension) {
  return static_cast<std::size_t>(tensor.spec.shape[dimension]);
}

std::vector<ScoredClass> best_classes(std::span<const float> scores, std::size_t top) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  top = std::min(top, order.size());
  // Not a number compares with nothing: such scores come last, or the order would be none.
  const auto better = [scores](std::size_t a, std::size_t b) {
    const bool a_is = scores[a] == scores[a];
    const bool b_is = scores[b] == scores[b];
    if (!a_is || !b_is) return a_is != b_is ? a_is : a < b;
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top), order.end(),
                    better);
  std::vector<ScoredClass> best;
  for (std::size_t i = 0; i < top; ++i)
    best.push_back({static_cast<std::int64_t>(order[i]), scores[order[i]]});
  return best;
}

bool is_float(const Tensor& tensor) {
  return tensor.spec.type == ElementType::float32 || tensor.spec.type == ElementType::float16 ||
         tensor.spec.type == ElementType::float64;
}

}  // namespace

// ---- classification -------------------------------------------------------------------------

bool fits_classification(Outputs outputs) {
  if (outputs.empty()) return false;
  const auto& shape = outputs[0].spec.shape;
  const bool flat = shape.size() == 2 || (shape.size() == 4 && shape[2] == 1 && shape[3] == 1);
  return flat && shape[0] >= 1 && shape[1] >= 2;
}

Status classify(Outputs outputs, const PostOptions& options, PostResult& result) {
  std::vector<float> scores = float_values(outputs[0]);
  const std::size_t classes = at(outputs[0], 1);
  for (std::size_t image = 0; image < at(outputs[0], 0); ++image) {
    const std::span<float> row(scores.data() + image * classes, classes);
    if (options.softmax) softmax(row);
    result.classes.push_back(best_classes(row, static_cast<std::size_t>(options.top)));
  }
  result.counts = {{"images", outputs[0].spec.shape[0]}, {"classes", outputs[0].spec.shape[1]}};
  for (const ScoredClass& best : result.classes[0])
    result.words += fmt::format("{}class {} ({:.1f} %)", result.words.empty() ? "" : ", ",
                                best.index, best.score * 100);
  return {};
}

// ---- segmentation ---------------------------------------------------------------------------

bool fits_segmentation(Outputs outputs) {
  if (outputs.empty()) return false;
  const auto& shape = outputs[0].spec.shape;
  constexpr std::int64_t most_classes = 256;  // more are features of a network without its head
  return shape.size() == 4 && shape[0] >= 1 && shape[1] >= 2 && shape[1] <= most_classes &&
         shape[2] >= 1 && shape[3] >= 1;
}

namespace {

// The best class of every pixel. Plane by plane: a pixel's classes lie far apart.
std::vector<std::uint8_t> best_of_planes(const float* planes, std::size_t classes,
                                         std::size_t area) {
  std::vector<std::uint8_t> best(area);
  std::vector<float> score(planes, planes + area);
  for (std::size_t c = 1; c < classes; ++c) {
    const float* plane = planes + c * area;
    for (std::size_t i = 0; i < area; ++i) {
      if (!(plane[i] > score[i])) continue;
      score[i] = plane[i];
      best[i] = static_cast<std::uint8_t>(c);
    }
  }
  return best;
}

}  // namespace

Status segment(Outputs outputs, const PostOptions&, PostResult& result) {
  const std::vector<float> scores = float_values(outputs[0]);
  const auto& shape = outputs[0].spec.shape;
  const std::size_t classes = at(outputs[0], 1);
  const std::size_t area = at(outputs[0], 2) * at(outputs[0], 3);
  Tensor mask = make_tensor({"mask", ElementType::uint8, {shape[0], shape[2], shape[3]}});
  for (std::size_t image = 0; image < at(outputs[0], 0); ++image) {
    const auto best = best_of_planes(scores.data() + image * classes * area, classes, area);
    std::vector<std::int64_t> counts(classes);
    for (const std::uint8_t c : best) ++counts[c];
    std::memcpy(mask.data.data() + image * area, best.data(), area);
    auto& pixels = result.pixels.emplace_back();
    for (std::size_t c = 0; c < classes; ++c)
      if (counts[c] > 0) pixels[static_cast<std::int64_t>(c)] = counts[c];
  }
  result.tensors.push_back(std::move(mask));
  result.counts = {{"images", shape[0]},
                   {"classes", static_cast<std::int64_t>(result.pixels[0].size())}};
  for (const auto& [index, count] : result.pixels[0])
    result.words +=
        fmt::format("{}class {} ({:.1f} % of the pixels)", result.words.empty() ? "" : ", ", index,
                    100.0 * static_cast<double>(count) / static_cast<double>(area));
  return {};
}

// ---- text -----------------------------------------------------------------------------------

bool fits_text(Outputs outputs) {
  if (outputs.empty() || !is_float(outputs[0])) return false;
  const auto& shape = outputs[0].spec.shape;
  return shape.size() == 3 && shape[0] >= 1 && shape[1] >= 1 && shape[2] >= 1;
}

Status pool_text(Outputs outputs, const PostOptions&, PostResult& result) {
  const std::vector<float> values = float_values(outputs[0]);
  const auto& shape = outputs[0].spec.shape;
  const std::size_t tokens = at(outputs[0], 1);
  const std::size_t width = at(outputs[0], 2);
  Tensor pooled = make_tensor({"pooled", ElementType::float32, {shape[0], shape[2]}});
  for (std::size_t text = 0; text < at(outputs[0], 0); ++text) {
    std::vector<float> mean(width);
    for (std::size_t token = 0; token < tokens; ++token)
      for (std::size_t i = 0; i < width; ++i)
        mean[i] += values[(text * tokens + token) * width + i];
    for (float& value : mean) value /= static_cast<float>(tokens);
    put_values(pooled, text * width, mean);
  }
  result.tensors.push_back(std::move(pooled));
  result.counts = {{"texts", shape[0]}, {"tokens", shape[0] * shape[1]}};
  result.words = fmt::format("a vector of {} for each of {} texts", shape[2], shape[0]);
  return {};
}

}  // namespace isojoule
