// From a setting to a board that stands so.
#pragma once

#include <string_view>
#include <vector>

#include "board/board.h"
#include "data/counter.h"
#include "data/run.h"
#include "experiment/experiment.h"

namespace isojoule {

// Turns every knob that the run's setting names: first the power mode, then how many cores there
// are, then the governors, then the clocks, because a policy goes with its last core and a governor
// may move its clock. A baseline's unnamed clocks are opened wide before. Engine axes are passed
// over. A clock that reads back other than asked raises clock_not_reached. Errors: the knob's.
Result<std::vector<KnobResult>> apply_setting(Board& board, const PlannedRun& planned,
                                              Counters& counters);

// cpu_maximum_frequency, memory_minimum_frequency: a limit beside which the clock is free.
bool is_cap_axis(std::string_view axis);
// A clock that is pinned has both of its limits in the nodes that a cap of it sets: the later one
// would undo the earlier. Errors: invalid, naming both axes.
Status check_no_contradiction(const Board& board, const Setting& setting);

// Two values of one knob are the same when no other value of its table is nearer to `seen` (some
// boards show a counted clock, a few megahertz off its table).
bool same_value(const Knob& knob, const Value& wanted, const Value& seen);

// Brings the knobs that other runs of a study turn, and this one does not name, to where a run that
// does not name them expects them: clocks open, governors the board's default, the rest as at
// first.
class Rest {
 public:
  // Reads the present values of every axis that a run of the study names. The board must outlive
  // it.
  static Result<Rest> of(Board& board, const std::vector<PlannedRun>& runs);
  Status bring_back(const Setting& named);

 private:
  struct Turned {
    Knob* knob;
    Value initial;
    bool open;  // now as it is to be left alone
  };
  explicit Rest(Board& board) : board_(&board) {}

  Board* board_;
  std::vector<Turned> turned_;
};

}  // namespace isojoule
