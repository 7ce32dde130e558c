// Statistics over the boards of a fleet's study: how far boards of one type lie apart, whether the
// best setting of one is the best of all, how many boards a conclusion needs, which are unlike the
// others. docs/boards-statistics.md says what each figure is and what it cannot say.
#pragma once

#include <span>
#include <vector>

#include "report/board_best.h"
#include "report/board_model.h"
#include "report/board_needed.h"
#include "report/board_outliers.h"
#include "report/board_savings.h"
#include "report/board_table.h"

namespace isojoule {

// Of another quantity the variances alone.
struct BoardSpread {
  RunQuantity quantity = RunQuantity::net_energy;
  BoardFit fit;
};

// Of one network, job and batch size, of gross energy for an inference.
struct BoardEffects {
  BoardTable table;
  WithinBoards within;
  BoardFit fit;
  BestOfBoards best;
  std::vector<SavingOfBoards> savings;  // at the fleet's best setting
  BoardsNeeded needed;
  std::vector<OutlierBoard> outliers;
  std::vector<BoardSpread> others;  // net energy and time, where runs have them
  // What the readings' budgets say of the gain of a board's power chip, as a share of the energy:
  // no board can be told from its chip. Standard uncertainty, mean over the runs; 0: not stated.
  double gain_percent = 0;
};

// In the order of board_tables(); none where one board made the study. The same runs and seed give
// the same answer.
std::vector<BoardEffects> board_effects(std::span<const Run> runs, std::uint64_t seed = 1);

}  // namespace isojoule
