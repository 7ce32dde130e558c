// Which settings of a board a search chooses among.
#pragma once

#include <string>
#include <vector>

#include "board/board.h"
#include "optimise/space.h"

namespace isojoule {

struct TuneSpaceRequest {
  // "gpu_frequency=all", "batch=1,2,4,8", "cpu_frequency_mhz=500,1000", or a name alone, which is
  // all of it. None that is a knob of the board: its clocks of CPU, GPU and memory, and the cores.
  std::vector<std::string> axes;
  std::vector<std::string> fixed;  // AXIS=VALUE, in every setting
};

struct TuneAxes {
  std::vector<SearchAxis> axes;  // with more than one value
  Setting fixed;                 // the rest; `batch` is always there, or an axis
};
// Errors: parse, invalid (an axis without an end, no axis is left, an axis that is fixed too),
// out_of_range (a value or axis that the board does not have, with the nearest).
Result<TuneAxes> tune_axes(const Board& board, const TuneSpaceRequest& request);

}  // namespace isojoule
