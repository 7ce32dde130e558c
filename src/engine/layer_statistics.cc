#include "engine/layer_statistics.h"

#include <cmath>

namespace isojoule {

void set_times(LayerTime& layer, std::span<const double> seconds) {
  const auto count = static_cast<double>(seconds.size());
  double sum = 0, squares = 0;
  for (const double time : seconds) sum += time;
  const double mean = sum / count;
  for (const double time : seconds) squares += (time - mean) * (time - mean);
  layer.time = Second(mean);
  layer.spread = Second(seconds.size() > 1 ? std::sqrt(squares / (count - 1)) : 0);
  layer.batches = static_cast<std::int64_t>(seconds.size());
}

}  // namespace isojoule
