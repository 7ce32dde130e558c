// The energy map over clocks as a model expects it, and the best setting in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/predict/place.h"

namespace isojoule {

// A cell of the map. Energy per inference, time and power of a batch.
struct ExpectedCell {
  OperatingPoint point;
  std::int64_t batch = 1;
  double energy_j = 0;
  Interval energy_90;
  std::optional<double> time_s;
  std::optional<Interval> time_90;
  std::optional<double> power_w;
  bool outside = false;  // of the clocks that the model was fitted at
};

struct ExpectedMap {
  std::int64_t batch = 1;
  std::vector<double> cpu_hz, gpu_hz;  // ascending; one 0 where the board has no such clock
  std::vector<ExpectedCell> cells;     // row by row: cells[gpu * cpu_hz.size() + cpu]
  const ExpectedCell& at(std::size_t gpu, std::size_t cpu) const {
    return cells[gpu * cpu_hz.size() + cpu];
  }
  const ExpectedCell& highest() const { return cells.back(); }  // both clocks
};

// Memory clock and cores are those of `point`.
ExpectedMap expected_map(const EnergyModel& model, const NetworkWork& work,
                         const PointChoices& choices, const OperatingPoint& point);

struct ExpectLimits {
  std::optional<double> latency_s;  // of a batch
  std::optional<double> power_w;    // mean of a batch
  bool any() const { return latency_s || power_w; }
};

struct ExpectedBest {
  std::optional<ExpectedCell> cell;  // absent: no cell keeps the limits
  std::string why_absent;            // with what is the nearest to them
  double saving_percent = 0;         // against the highest clocks at the same batch
  std::optional<double> time_change_percent;
  // The intervals of the two overlap: the saving is expected, and not shown.
  bool overlaps = true;
  bool is_highest = false;   // the highest clocks are the best
  std::size_t left_out = 0;  // cells outside of the measured clocks, which are not chosen
};
// The least energy per inference over all maps (one a batch). A cell keeps a limit when the
// prediction does; whether the interval does as well is not asked.
ExpectedBest expected_best(const std::vector<ExpectedMap>& maps, const ExpectLimits& limits);

// Of csv: one row a cell, units in the names.
std::string expected_map_csv(const std::vector<ExpectedMap>& maps, bool simulated);

}  // namespace isojoule
