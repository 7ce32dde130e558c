// Seeded random numbers with the same values on every platform (std distributions are not).
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace isojoule {

// xoshiro256++ 1.0 (Blackman, Vigna, 2019), seeded through splitmix64.
class Random {
 public:
  explicit Random(std::uint64_t seed);
  std::uint64_t next();
  double uniform();                          // [0, 1)
  double normal();                           // mean 0, deviation 1 (Box-Muller)
  std::uint64_t below(std::uint64_t limit);  // 0 .. limit-1 without bias; limit >= 1

  template <typename T>
  void shuffle(std::vector<T>& items) {  // Fisher-Yates
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_[4];
  double spare_ = 0;
  bool has_spare_ = false;
};

// A seed for a named part, so that adding a part does not shift the others' numbers. FNV-1a.
std::uint64_t seed_for(std::uint64_t seed, std::string_view name);

}  // namespace isojoule
