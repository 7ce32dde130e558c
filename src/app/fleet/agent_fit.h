// Whether a study is for this board, and what keeps the board from it.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "board/board.h"
#include "data/plan.h"
#include "fleet/message.h"

namespace isojoule::agent {

// What decides beside the plan.
struct BoardFacts {
  std::string name;
  std::string board;
  bool simulated = false;
  bool allow_command = false;
  std::string total;
  std::set<std::string> rails;    // that give readings
  std::set<std::string> engines;  // that were found; a twin has its own
};

enum class Fitness : std::uint8_t {
  fits,
  not_for_it,  // of another type, or for boards of other names: nothing to be said
  refused,
};
struct Fit {
  Fitness fitness = Fitness::fits;
  std::string why;
};

// By the study's record alone. A board that the study names is refused with the reason where it is
// of another type; others are passed over in silence.
Fit fit_of(const fleet::StudyRecord& study, const BoardFacts& facts);

// By the plan as well: that it is for such a board, that every knob has its values, what its
// engines and options may do. `board` is the open one.
Fit fit_of(const fleet::StudyRecord& study, const Plan& plan, const Board& board,
           const BoardFacts& facts);

}  // namespace isojoule::agent
