// A part of a picture at another size.
#pragma once

#include <span>
#include <vector>

#include "tensor/image.h"

namespace isojoule {

// A part of a picture, in pixels; its borders may lie between pixels.
struct Region {
  double left = 0, top = 0, width = 0, height = 0;
};

// `region` of the image at width x height, row by row, the channels side by side, values 0..255,
// not rounded. Bilinear with half-pixel centres: the middle of output pixel i lies at (i + 0.5) * s
// of the input, s = region / output, whose pixel j covers j .. j + 1. Where the picture shrinks the
// triangle widens by s, so that every input pixel counts (as in Pillow and with antialias=True in
// PyTorch). Outside of the image nothing counts.
std::vector<float> resized(const Image& image, const Region& region, std::int64_t width,
                           std::int64_t height);

// The largest middle part of a width x height picture that has the shape of the target.
Region middle_part(std::int64_t width, std::int64_t height, std::int64_t target_width,
                   std::int64_t target_height);

}  // namespace isojoule
