// How many boards a conclusion needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/board_best.h"

namespace isojoule {

// For half of a 95 % interval of so many percent: the least n with t(n - 1) deviation / sqrt(n) at
// most that, the deviation of one board's figure from the components:
//   energy at a setting:          board + interaction + error / repeats
//   difference of two settings:   2 (interaction + error / repeats); the board cancels
//   saving against the governors: the same, or the boards' own spread of it, where that is known.
// Absent where it takes more than 100,000.
struct BoardsFor {
  double half_width_percent = 0;
  std::optional<std::int64_t> energy, difference, saving;
};

struct BoardsNeeded {
  std::string why_absent;
  double repeats = 0;  // on each board, at each setting: as in this study
  std::vector<BoardsFor> for_width;
  // So many boards that the setting which is best on their mean costs a new board at most 1 % more
  // than its own best in 90 of 100 fleets; drawn from the fitted model. Absent: no number of boards
  // brings it there, since boards differ by themselves; `reach` then says how often it holds with
  // the fleet's true best.
  std::optional<std::int64_t> for_best;
  double reach = 0;       // probability with very many boards
  std::string best_note;  // why nothing was drawn
};

// `saving_deviation`: of the logarithm of one board's saving, where it is known.
BoardsNeeded boards_needed(const BoardTable& table, const WithinBoards& within, const BoardFit& fit,
                           std::optional<double> saving_deviation, std::uint64_t seed);

// Least n >= 2 with t(n - 1) at 0.975 x deviation / sqrt(n) <= half.
std::optional<std::int64_t> boards_for(double deviation, double half);

}  // namespace isojoule
