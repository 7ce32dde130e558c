// `isojoule study layers`: the experiment with single layers for a board, whose clocks come from
// its tables.
#pragma once

#include <string>
#include <vector>

#include "app/paths.h"
#include "experiment/layer_study.h"

namespace isojoule {

struct LayerPlanRequest {
  LayerStudyOptions study;  // its `board` as the user names it: "twin:" before it is taken off
  std::string release;      // "": the newest
  std::string clocks = "cross";
  // Clocks that are wanted instead, each with each other: "1.2GHz".
  std::vector<std::string> cpu_frequencies = {}, gpu_frequencies = {};
};

// The board need not be here: what its twin offers is what it offers. Without a board the clocks
// are left alone. Errors: not_found (the board), those of layer_study() and clock_grids(),
// out_of_range (a clock that the board does not have, with the nearest).
Result<LayerStudy> layer_plan(const Paths& paths, const LayerPlanRequest& request);

}  // namespace isojoule
