// Images into a network's tensor.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "tensor/image.h"
#include "tensor/input.h"

namespace isojoule {

// Where an image's values go in a tensor of four dimensions.
struct ImagePlace {
  std::int64_t channels = 3, height = 0, width = 0;
  bool channels_last = false;
};
// Errors: invalid (not four dimensions, not one or three channels, an element type that holds no
// image; mean and std for whole numbers).
Result<ImagePlace> image_place(const TensorSpec& spec, const ImageOptions& options);

// The first input that images can go into. Errors: invalid, with what is wrong with each.
Result<std::size_t> find_image_input(std::span<const TensorSpec> inputs,
                                     const ImageOptions& options);

// Resizes, normalises and writes one image as the tensor's `slot`-th.
void put_image(Tensor& tensor, std::int64_t slot, const Image& image, const ImagePlace& place,
               const ImageOptions& options);

}  // namespace isojoule
