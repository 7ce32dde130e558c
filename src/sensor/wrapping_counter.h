// An energy counter that wraps, turned into one that does not: what RAPL and hwmon's energy files
// need. Refuses where the number of wraps cannot be told, instead of guessing.
#pragma once

#include <cstdint>
#include <optional>

#include "base/quantity.h"

namespace isojoule {

// Not thread-safe; allocates nothing.
class WrappingCounter {
 public:
  // `modulus`: counts after which it is at zero again; 0: it counts in 64 bits and does not wrap.
  // `limit`: power that the source never exceeds; `step`: joules of one count.
  WrappingCounter(std::uint64_t modulus, Watt limit, Joule step)
      : modulus_(modulus), limit_(limit), step_(step) {}

  // The next value of the chip's counter, read at `time_ns`: the unwrapped counter's low 32 bits,
  // or nothing where it cannot be told how much was counted since the last value:
  // - the limit allows one wrap more than the smallest number that explains the value;
  // - more was counted than the limit allows (the counter was set back);
  // - 2^31 counts or more, which a difference of 32-bit columns cannot hold.
  // It goes on from there; an integral over such a place must not be taken for whole, so the next
  // good value lies 2^31 counts on: its difference to the last good one, taken modulo 2^32, is
  // negative whatever is counted until then, and trace/integrate.cc refuses it.
  std::optional<std::uint32_t> take(std::uint64_t value, std::int64_t time_ns) {
    if (modulus_ != 0 && value >= modulus_) return std::nullopt;
    if (!last_) {
      begin(value, time_ns);
      good_ = unwrapped_ = value;
      return static_cast<std::uint32_t>(unwrapped_);
    }
    const std::optional<std::uint64_t> counted = counted_since(value, time_ns);
    begin(value, time_ns);
    if (!counted) {
      unwrapped_ = good_ + kHalf;
      return std::nullopt;
    }
    good_ = unwrapped_ += *counted;
    return static_cast<std::uint32_t>(unwrapped_);
  }

 private:
  static constexpr std::uint64_t kHalf = std::uint64_t{1} << 31;
  // What a counter may show late: its value is as old as its last update, and time and value are
  // not read at once. Assumed: the limit for so long.
  static constexpr double kLate_s = 0.05;

  void begin(std::uint64_t value, std::int64_t time_ns) {
    last_ = value;
    last_ns_ = time_ns;
  }

  std::optional<std::uint64_t> counted_since(std::uint64_t value, std::int64_t time_ns) const {
    if (value < *last_ && modulus_ == 0) return std::nullopt;
    const std::uint64_t counted = value >= *last_ ? value - *last_ : modulus_ - *last_ + value;
    const double seconds = static_cast<double>(time_ns - last_ns_) * 1e-9 + kLate_s;
    const double most = limit_.value() * seconds / step_.value();
    if (static_cast<double>(counted) > most || counted >= kHalf) return std::nullopt;
    if (modulus_ != 0 && static_cast<double>(counted) + static_cast<double>(modulus_) <= most)
      return std::nullopt;
    return counted;
  }

  std::uint64_t modulus_;
  Watt limit_;
  Joule step_;
  std::optional<std::uint64_t> last_;  // what the chip said
  std::int64_t last_ns_ = 0;
  std::uint64_t unwrapped_ = 0;
  std::uint64_t good_ = 0;  // the last one that was given
};

}  // namespace isojoule
