// IEEE 754 binary16, as ElementType::float16 holds it.
#pragma once

#include <cstdint>

namespace isojoule {

// To the nearest, ties to even; beyond 65504 infinity, not a number stays that.
std::uint16_t half_of(float value);
float float_of_half(std::uint16_t half);

}  // namespace isojoule
