// The two stages of the roofline's fit: costs of a batch (times, else joules), then power.
#pragma once

#include <string>
#include <vector>

#include "predict/predictor.h"
#include "predict/roofline/power_model.h"

namespace isojoule::roofline {

struct Range {
  double low = 1, high = 1;
  bool varies(double by) const { return high > by * low; }
  double outside(double value) const;  // |log| beyond it, 0 inside
};

struct CostFit {
  Frame frame;
  FittedVector fitted;  // by Slot
  // Relative clocks and MACs of a batch in the runs.
  Range compute, cpu, memory, macs;
  // Tiles that fit almost as well (90 %): least and most.
  Range rows_set, columns_set;
  bool tiles_told = false;  // some layer is a product of known shape
};

struct PowerFit {
  FittedVector fitted;  // by PowerSlot
  Supplies supplies;
};

// Errors: invalid (too few different runs, runs all in proportion).
Result<CostFit> fit_cost(Observations observations, const FitOptions& options);
PowerFit fit_power(Observations observations, const CostFit& cost);

// Groups as numbers, for intervals; a network by itself where it names none.
std::vector<int> group_numbers(Observations observations);

}  // namespace isojoule::roofline
