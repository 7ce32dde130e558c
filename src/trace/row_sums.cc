#include "trace/row_sums.h"

#include <algorithm>
#include <array>
#include <limits>

// One version for every width of vectors that the machine may have; the loader picks. A sanitizer's
// runtime is not there yet when it does.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ISOJOULE_EVERY_WIDTH \
  __attribute__((optimize("O3"), target_clones("avx512f", "avx2", "default")))
#else
#define ISOJOULE_EVERY_WIDTH
#endif

namespace isojoule {
namespace {

// Sums side by side: a single one would wait for each addition to end.
constexpr std::size_t kLanes = 8;

struct Lanes {
  double integral[kLanes] = {};
  double least_raw[kLanes];
  std::int32_t least[kLanes], most[kLanes];
  std::int64_t bits[kLanes] = {};  // of all steps: a negative or a long one sets a high one
  Lanes() {
    std::fill_n(least_raw, kLanes, std::numeric_limits<double>::infinity());
    std::fill_n(least, kLanes, std::numeric_limits<std::int32_t>::max());
    std::fill_n(most, kLanes, 0);
  }
};

// Steps from row i to row i + 1, for i below count rounded down to whole lanes.
ISOJOULE_EVERY_WIDTH
void add_products(const std::int64_t* __restrict t, const std::int32_t* __restrict a,
                  const std::int32_t* __restrict b, std::size_t count, Lanes& lanes) {
  Lanes sums = lanes;
  for (std::size_t i = 0; i + kLanes <= count; i += kLanes)
    for (std::size_t j = 0; j < kLanes; ++j) {
      const std::int64_t long_step = t[i + j + 1] - t[i + j];
      const auto step = static_cast<std::int32_t>(long_step);
      const double here = static_cast<double>(a[i + j]) * b[i + j];
      const double there = static_cast<double>(a[i + j + 1]) * b[i + j + 1];
      sums.bits[j] |= long_step;
      sums.least[j] = step < sums.least[j] ? step : sums.least[j];
      sums.most[j] = step > sums.most[j] ? step : sums.most[j];
      sums.integral[j] += (here + there) * step;
      sums.least_raw[j] = here < sums.least_raw[j] ? here : sums.least_raw[j];
    }
  lanes = sums;
}

ISOJOULE_EVERY_WIDTH
void add_values(const std::int64_t* __restrict t, const std::int32_t* __restrict a,
                std::size_t count, Lanes& lanes) {
  Lanes sums = lanes;
  for (std::size_t i = 0; i + kLanes <= count; i += kLanes)
    for (std::size_t j = 0; j < kLanes; ++j) {
      const std::int64_t long_step = t[i + j + 1] - t[i + j];
      const auto step = static_cast<std::int32_t>(long_step);
      const double here = a[i + j], there = a[i + j + 1];
      sums.bits[j] |= long_step;
      sums.least[j] = step < sums.least[j] ? step : sums.least[j];
      sums.most[j] = step > sums.most[j] ? step : sums.most[j];
      sums.integral[j] += (here + there) * step;
      sums.least_raw[j] = here < sums.least_raw[j] ? here : sums.least_raw[j];
    }
  lanes = sums;
}

double raw_at(const Channel& channel, std::size_t row) {
  return channel.b.empty() ? channel.a[row] : static_cast<double>(channel.a[row]) * channel.b[row];
}

void add_rest(const Channel& channel, std::size_t from, std::size_t to, Lanes& lanes) {
  for (std::size_t i = from; i < to; ++i) {
    const std::int64_t long_step = channel.time_ns[i + 1] - channel.time_ns[i];
    const auto step = static_cast<std::int32_t>(long_step);
    lanes.bits[0] |= long_step;
    lanes.least[0] = std::min(lanes.least[0], step);
    lanes.most[0] = std::max(lanes.most[0], step);
    lanes.integral[0] += (raw_at(channel, i) + raw_at(channel, i + 1)) * step;
    lanes.least_raw[0] = std::min(lanes.least_raw[0], raw_at(channel, i));
  }
}

}  // namespace

RowSums sum_rows(const Channel& channel, std::size_t from, std::size_t to) {
  Lanes lanes;
  const std::size_t count = to - from, whole = count - count % kLanes;
  if (channel.b.empty())
    add_values(&channel.time_ns[from], &channel.a[from], count, lanes);
  else
    add_products(&channel.time_ns[from], &channel.a[from], &channel.b[from], count, lanes);
  add_rest(channel, from + whole, to, lanes);
  RowSums sums;
  std::int64_t bits = 0;
  for (std::size_t j = 0; j < kLanes; ++j) {
    sums.raw_integral += lanes.integral[j] / 2;
    bits |= lanes.bits[j];
  }
  sums.is_sorted = bits >> 31 == 0;
  sums.least_step_ns = *std::min_element(std::begin(lanes.least), std::end(lanes.least));
  sums.most_step_ns = *std::max_element(std::begin(lanes.most), std::end(lanes.most));
  sums.least_raw = std::min(raw_at(channel, to), *std::min_element(std::begin(lanes.least_raw),
                                                                   std::end(lanes.least_raw)));
  return sums;
}

}  // namespace isojoule
