#include "tensor/resize.h"

#include <algorithm>
#include <cmath>

namespace isojoule {
namespace {

// The input pixels that make an output pixel, and by how much.
struct Taps {
  std::int64_t first = 0;
  std::vector<float> weights;  // their sum is 1
};

std::vector<Taps> taps_of(double begin, double extent, std::int64_t inputs, std::int64_t outputs) {
  std::vector<Taps> all(static_cast<std::size_t>(outputs));
  const double scale = extent / static_cast<double>(outputs);
  const double reach = std::max(1.0, scale);
  for (std::int64_t i = 0; i < outputs; ++i) {
    const double centre = begin + (static_cast<double>(i) + 0.5) * scale;
    const auto low = static_cast<std::int64_t>(std::floor(centre - reach));
    const auto high = static_cast<std::int64_t>(std::ceil(centre + reach));
    Taps& taps = all[static_cast<std::size_t>(i)];
    taps.first = std::clamp<std::int64_t>(low, 0, inputs - 1);
    const std::int64_t last = std::clamp<std::int64_t>(high, taps.first, inputs - 1);
    double sum = 0;
    std::vector<double> weights;
    for (std::int64_t j = taps.first; j <= last; ++j) {
      const double distance = std::abs(static_cast<double>(j) + 0.5 - centre) / reach;
      weights.push_back(std::max(0.0, 1.0 - distance));
      sum += weights.back();
    }
    if (sum <= 0) weights.assign(1, sum = 1);
    for (const double weight : weights) taps.weights.push_back(static_cast<float>(weight / sum));
  }
  return all;
}

// One row of the input at the new width.
void narrow(const std::uint8_t* row, const std::vector<Taps>& taps, std::int64_t channels,
            float* out) {
  for (const Taps& tap : taps) {
    for (std::int64_t c = 0; c < channels; ++c) {
      float sum = 0;
      const std::uint8_t* pixel = row + tap.first * channels + c;
      for (const float weight : tap.weights) {
        sum += weight * static_cast<float>(*pixel);
        pixel += channels;
      }
      *out++ = sum;
    }
  }
}

}  // namespace

std::vector<float> resized(const Image& image, const Region& region, std::int64_t width,
                           std::int64_t height) {
  const auto across = taps_of(region.left, region.width, image.width, width);
  const auto down = taps_of(region.top, region.height, image.height, height);
  const auto stride = static_cast<std::size_t>(width * image.channels);
  // Every row that counts is narrowed once; the rows of one output row lie side by side, and only
  // so many are kept.
  const std::int64_t first = down.front().first;
  const std::int64_t last =
      down.back().first + static_cast<std::int64_t>(down.back().weights.size()) - 1;
  std::size_t deepest = 0;
  for (const Taps& tap : down) deepest = std::max(deepest, tap.weights.size());
  std::vector<float> ring(deepest * stride);
  const auto kept = [&](std::int64_t row) {
    return ring.data() + static_cast<std::size_t>(row) % deepest * stride;
  };
  std::vector<float> out(static_cast<std::size_t>(height) * stride);
  std::int64_t next = first;
  for (std::int64_t y = 0; y < height; ++y) {
    const Taps& tap = down[static_cast<std::size_t>(y)];
    const std::int64_t end = tap.first + static_cast<std::int64_t>(tap.weights.size());
    next = std::max(next, tap.first);
    for (; next < end && next <= last; ++next)
      narrow(image.pixels.data() + next * image.width * image.channels, across, image.channels,
             kept(next));
    float* row = out.data() + static_cast<std::size_t>(y) * stride;
    for (std::size_t k = 0; k < tap.weights.size(); ++k) {
      const float* source = kept(tap.first + static_cast<std::int64_t>(k));
      for (std::size_t x = 0; x < stride; ++x) row[x] += tap.weights[k] * source[x];
    }
  }
  return out;
}

Region middle_part(std::int64_t width, std::int64_t height, std::int64_t target_width,
                   std::int64_t target_height) {
  const auto w = static_cast<double>(width);
  const auto h = static_cast<double>(height);
  const double shape = static_cast<double>(target_width) / static_cast<double>(target_height);
  const double part_width = std::min(w, h * shape);
  const double part_height = std::min(h, w / shape);
  return {(w - part_width) / 2, (h - part_height) / 2, part_width, part_height};
}

}  // namespace isojoule
