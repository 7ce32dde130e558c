// What a twin's settings truly cost: every one of them run without noise and read by a perfect
// meter, for optimisers to be judged on. Simulated, as all that a twin says.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/paths.h"
#include "data/plan.h"
#include "optimise/truth_grid.h"

namespace isojoule {

struct TwinGridRequest {
  std::string board;  // "jetson-nano", without "twin:"
  std::vector<std::string> networks;
  std::vector<PlanAxis> axes;  // as of a plan
  Setting fixed;
  std::int64_t batches = 60;  // of a run
};

// One grid a network, named "board/network", in the order asked for. Energy and time are those of
// further batches in a run that goes on: the difference between a run of `batches` and one of twice
// as many, so that neither start nor end is in it. Settings that the twin cannot run have nothing.
// Errors: those of opening the board and of the axes; interrupted.
Result<std::vector<TruthGrid>> twin_grids(
    const Paths& paths, const TwinGridRequest& request, const std::atomic<bool>& interrupted,
    const std::function<void(std::size_t done, std::size_t all)>& progress = {});

}  // namespace isojoule
