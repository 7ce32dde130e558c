#include "tensor/picture.h"

#include <algorithm>
#include <array>

#include "base/random.h"

namespace isojoule {
namespace {

// Whole numbers throughout: floating-point results may differ between processors' instructions.
using Colour = std::array<std::int64_t, 3>;

std::int64_t between(Random& random, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(high - low + 1)));
}

Colour any_colour(Random& random) {
  return {between(random, 0, 255), between(random, 0, 255), between(random, 0, 255)};
}

struct Shape {
  std::int64_t x, y, half_width, half_height;
  bool round;
  Colour colour;

  bool covers(std::int64_t px, std::int64_t py) const {
    const std::int64_t dx = std::abs(px - x);
    const std::int64_t dy = std::abs(py - y);
    if (dx > half_width || dy > half_height) return false;
    if (!round) return true;
    const std::int64_t a = half_width * half_width;
    const std::int64_t b = half_height * half_height;
    return dx * dx * b + dy * dy * a <= a * b;
  }
};

std::vector<Shape> any_shapes(Random& random, std::int64_t width, std::int64_t height) {
  std::vector<Shape> shapes;
  for (std::int64_t i = between(random, 4, 12); i > 0; --i)
    shapes.push_back({between(random, 0, width - 1), between(random, 0, height - 1),
                      between(random, 1, std::max<std::int64_t>(1, width / 4)),
                      between(random, 1, std::max<std::int64_t>(1, height / 4)),
                      random.below(2) == 0, any_colour(random)});
  return shapes;
}

}  // namespace

Image made_up_picture(std::uint64_t seed, std::int64_t width, std::int64_t height) {
  Random random(seed_for(seed, "picture"));
  const Colour above = any_colour(random);
  const Colour below = any_colour(random);
  const std::vector<Shape> shapes = any_shapes(random, width, height);
  Image image{width, height, 3, {}};
  image.pixels.reserve(static_cast<std::size_t>(width * height * 3));
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const auto shape = std::find_if(shapes.rbegin(), shapes.rend(),
                                      [x, y](const Shape& s) { return s.covers(x, y); });
      const std::int64_t noise = between(random, -6, 6);
      for (std::size_t c = 0; c < 3; ++c) {
        const std::int64_t ground = (above[c] * (height - y) + below[c] * y) / height;
        // Shapes get darker downwards, as if lit from above.
        const std::int64_t value =
            shape == shapes.rend() ? ground : shape->colour[c] * (2 * height - y) / (2 * height);
        image.pixels.push_back(
            static_cast<std::uint8_t>(std::clamp<std::int64_t>(value + noise, 0, 255)));
      }
    }
  }
  return image;
}

}  // namespace isojoule
