// Made-up photographs: what a decoder and a network meet has colours, edges and noise.
#pragma once

#include <cstdint>

#include "tensor/image.h"

namespace isojoule {

// A sky-like gradient, shapes before it, and a sensor's noise. The same for a seed on every
// machine.
Image made_up_picture(std::uint64_t seed, std::int64_t width, std::int64_t height);

}  // namespace isojoule
