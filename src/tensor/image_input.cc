#include "tensor/image_input.h"

#include <algorithm>
#include <cmath>

#include "tensor/elements.h"
#include "tensor/random_input.h"
#include "tensor/resize.h"

namespace isojoule {
namespace {

using Layout = ImageOptions::Layout;
using Resize = ImageOptions::Resize;

bool is_whole(ElementType type) { return type == ElementType::uint8 || type == ElementType::int8; }

bool holds_images(ElementType type) {
  return is_whole(type) || type == ElementType::float32 || type == ElementType::float16 ||
         type == ElementType::float64;
}

bool is_channels(std::int64_t dimension) { return dimension == 1 || dimension == 3; }

// Three channels say more than one: a height of 1 is a shape, too.
bool channels_last(const std::vector<std::int64_t>& shape, Layout layout) {
  if (layout != Layout::by_shape) return layout == Layout::nhwc;
  if (shape[1] == 3) return false;
  return shape[3] == 3 || !is_channels(shape[1]);
}

// The part of the target that the picture fills.
struct Target {
  std::int64_t left = 0, top = 0, width = 0, height = 0;
};

Target letterbox(const Image& image, const ImagePlace& place) {
  const double scale =
      std::min(static_cast<double>(place.width) / static_cast<double>(image.width),
               static_cast<double>(place.height) / static_cast<double>(image.height));
  const auto side = [scale](std::int64_t from, std::int64_t most) {
    return std::clamp<std::int64_t>(std::llround(static_cast<double>(from) * scale), 1, most);
  };
  Target target{0, 0, side(image.width, place.width), side(image.height, place.height)};
  target.left = (place.width - target.width) / 2;
  target.top = (place.height - target.height) / 2;
  return target;
}

// Red, green, blue of every pixel of the place, 0..255.
std::vector<float> placed(const Image& image, const ImagePlace& place, Resize resize) {
  Region region{0, 0, static_cast<double>(image.width), static_cast<double>(image.height)};
  if (resize == Resize::crop)
    region = middle_part(image.width, image.height, place.width, place.height);
  if (resize != Resize::letterbox) return resized(image, region, place.width, place.height);
  constexpr float grey = 114;  // what YOLO's own preparation fills with
  const Target target = letterbox(image, place);
  const std::vector<float> part = resized(image, region, target.width, target.height);
  std::vector<float> all(static_cast<std::size_t>(place.width * place.height * 3), grey);
  for (std::int64_t y = 0; y < target.height; ++y)
    std::copy_n(part.begin() + y * target.width * 3, target.width * 3,
                all.begin() + ((target.top + y) * place.width + target.left) * 3);
  return all;
}

// The value of channel `c` of a pixel, in the tensor's units.
class Normaliser {
 public:
  Normaliser(const ImageOptions& options, const ImagePlace& place, ElementType type)
      : bgr_(options.bgr), grey_(place.channels == 1), whole_(is_whole(type)) {
    if (type == ElementType::int8) offset_ = -128;
    for (std::size_t c = 0; c < 3; ++c) {
      factor_[c] = static_cast<float>(options.scale / 255 / options.std[c]);
      shift_[c] = static_cast<float>(-options.mean[c] / options.std[c] * options.scale);
    }
  }

  float value(const float* rgb, std::size_t c) const {
    // Rec. ITU-R BT.601-7: what JPEG's and Pillow's brightness is.
    const float raw =
        grey_ ? 0.299F * rgb[0] + 0.587F * rgb[1] + 0.114F * rgb[2] : rgb[bgr_ ? 2 - c : c];
    return whole_ ? raw + offset_ : raw * factor_[c] + shift_[c];
  }

 private:
  bool bgr_, grey_, whole_;
  float offset_ = 0;
  std::array<float, 3> factor_{}, shift_{};
};

}  // namespace

Result<ImagePlace> image_place(const TensorSpec& spec, const ImageOptions& options) {
  const auto& shape = spec.shape;
  if (!holds_images(spec.type))
    return fail(ErrorKind::invalid, input_words(spec) + " is of a type that holds no image",
                "Images go into float32, float16, float64, uint8 or int8");
  if (shape.size() != 4 || std::find(shape.begin(), shape.end(), 0) != shape.end())
    return fail(ErrorKind::invalid, input_words(spec) + " is no batch of images",
                "Images go into four dimensions: batch, channels, height, width, or channels last");
  const bool last = channels_last(shape, options.layout);
  const std::int64_t channels = last ? shape[3] : shape[1];
  if (!is_channels(channels))
    return fail(ErrorKind::invalid,
                input_words(spec) + " has " + std::to_string(channels) + " channels",
                "Images have 1 (grey) or 3 (colour): choose input.layout, or give tensors");
  const ImageOptions plain;
  if (is_whole(spec.type) &&
      (options.mean != plain.mean || options.std != plain.std || options.scale != plain.scale))
    return fail(ErrorKind::invalid,
                "input.mean, input.std and input.scale do not fit " + input_words(spec) +
                    ": whole numbers take the pixels as they are",
                "Leave them out");
  if (last) return ImagePlace{channels, shape[1], shape[2], true};
  return ImagePlace{channels, shape[2], shape[3], false};
}

Result<std::size_t> find_image_input(std::span<const TensorSpec> inputs,
                                     const ImageOptions& options) {
  std::optional<Error> first;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto place = image_place(inputs[i], options);
    if (place) return i;
    // The error of an input with four dimensions says more than those of the others.
    if (!first || inputs[i].shape.size() == 4) first = place.error();
  }
  if (first) return tl::unexpected<Error>(*first);
  return fail(ErrorKind::invalid, "the model has no inputs");
}

void put_image(Tensor& tensor, std::int64_t slot, const Image& image, const ImagePlace& place,
               const ImageOptions& options) {
  const std::vector<float> rgb = placed(image, place, options.resize);
  const Normaliser normaliser(options, place, tensor.spec.type);
  const auto area = static_cast<std::size_t>(place.width * place.height);
  const auto channels = static_cast<std::size_t>(place.channels);
  std::vector<float> values(area * channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const std::size_t begin = place.channels_last ? c : c * area;
    const std::size_t step = place.channels_last ? channels : 1;
    for (std::size_t i = 0; i < area; ++i)
      values[begin + i * step] = normaliser.value(rgb.data() + i * 3, c);
  }
  put_values(tensor, static_cast<std::size_t>(slot) * values.size(), values);
}

}  // namespace isojoule
