// Groups (a network, a family) dealt into folds, so that cross-validation leaves groups out whole.
#pragma once

#include <cstdint>
#include <vector>

#include "predict/predictor.h"

namespace isojoule {

struct Folds {
  std::vector<int> of;  // the fold of each observation, 0 .. count-1
  int count = 0;
  std::vector<int> group;  // of each observation, 0 .. groups-1, sorted by name
  int groups = 0;          // of all
  int network_groups = 0;  // with at least one whole network
  int layer_groups = 0;    // with at least one single layer
};

// Each group a fold of its own where there are at most `most_folds` (>= 2) groups. Otherwise the
// groups are shuffled by the seed and dealt one by one, those with whole networks first, so that
// every fold has its share of networks and of single layers.
Folds make_folds(Observations observations, int most_folds, std::uint64_t seed);

// The observations of the fold, or all others.
std::vector<std::size_t> inside(const Folds& folds, int fold);
std::vector<std::size_t> outside(const Folds& folds, int fold);
std::vector<Observation> selected(Observations observations,
                                  const std::vector<std::size_t>& indexes);

}  // namespace isojoule
