// The answer of `isojoule predict` for a terminal, at most 100 columns wide.
#pragma once

#include <string>

#include "app/predict_energy.h"

namespace isojoule {

struct PredictTextOptions {
  std::size_t most_layers = 10;  // the largest first; 0: none
  bool all_layers = false;       // in the network's order
  bool map = false;
  bool colours = false;  // 256 colours, of a terminal
};
std::string predict_text(const PredictAnswer& answer, const PredictTextOptions& options);

// The map alone: a number a cell, and a sign (or a colour) for how far it is above the least.
std::string expected_map_text(const ExpectedMap& map, const ExpectedBest& best, bool colours);

// Of a column or a line: one unit for all, by the largest.
struct ScaledUnit {
  double factor = 1;  // from SI
  std::string name;   // "mJ"
};
ScaledUnit scaled_unit(double largest, const char* unit);
// "12.3 mJ": three digits, or "unknown" where it is not finite.
std::string amount_text(double value, const char* unit);
// "11.8 to 12.9 mJ", or why there is none.
std::string interval_text(const Interval& interval, const char* unit);

}  // namespace isojoule
