// Counting that stops at the largest number instead of wrapping around. For numbers >= 0.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <vector>

namespace isojoule {

inline constexpr std::int64_t kSaturated = std::numeric_limits<std::int64_t>::max();

inline std::int64_t saturating_product(std::initializer_list<std::int64_t> factors) {
  std::int64_t result = 1;
  for (const std::int64_t factor : factors) {
    if (factor == 0) return 0;
    if (result == kSaturated || __builtin_mul_overflow(result, factor, &result))
      result = kSaturated;
  }
  return result;
}

inline std::int64_t saturating_product(const std::vector<std::int64_t>& factors) {
  std::int64_t result = 1;
  for (const std::int64_t factor : factors) result = saturating_product({result, factor});
  return result;
}

inline std::int64_t saturating_sum(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  return __builtin_add_overflow(a, b, &result) ? kSaturated : result;
}

}  // namespace isojoule
