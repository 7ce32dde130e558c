// What the tests of this room share: a table whose times and powers follow from two clocks.
#pragma once

#include <cmath>

#include "govern/controller.h"

namespace isojoule {

inline SearchSpace test_clocks(int cpu = 5, int gpu = 6) {
  SearchAxis a{"cpu_frequency", {}, true}, b{"gpu_frequency", {}, true};
  for (int i = 1; i <= cpu; ++i) a.values.emplace_back(3e8 * i);
  for (int i = 1; i <= gpu; ++i) b.values.emplace_back(1.5e8 * i);
  return *SearchSpace::grid({a, b});
}

// A full batch of 8 takes 40 ms at the highest clocks; voltage rises with the clock, so the highest
// clocks cost the most.
inline OperatingTable test_table(int cpu = 5, int gpu = 6) {
  OperatingTable table{test_clocks(cpu, gpu), {}};
  for (GridPoint p = 0; p < table.space.size(); ++p) {
    const double c = (table.space.levels(p)[0] + 1.0) / cpu;
    const double g = (table.space.levels(p)[1] + 1.0) / gpu;
    ServicePoint row;
    row.batch = 8;
    row.batch_s = 0.01 / c + 0.03 / g;
    row.idle_w = 1.5 + 0.3 * c + 0.5 * g;
    row.batch_j = row.batch_s * (row.idle_w + 1.5 * c * c * c + 6 * g * g * g);
    row.batch_spread = 0.01;
    row.log_sd = 0.02;
    row.fixed_share = 0.2;
    row.measured = true;
    table.points.push_back(row);
  }
  return table;
}

}  // namespace isojoule
