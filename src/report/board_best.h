// Whether the best setting of the fleet is the best of each board, and what a board loses by it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/board_model.h"

namespace isojoule {

// One board's own best setting of those that were swept.
struct OwnBest {
  std::size_t setting = 0;  // place in the table: where the board's energy is least, by prediction
  double probability = 0;   // that this one is its best
  double loss_percent = 0;  // expected, of using the fleet's best instead of whatever is its best
  bool measured = false;    // on this board
};

// Best settings picked from noise look better than they are, and every board seems to have one of
// its own. So no board's measured least is taken for its truth: what the interaction can be, given
// all that was measured (the error taken off by the model: shrinkage), is drawn many times, and
// every figure is of these draws. Settings count as independent of each other in it; where
// neighbours move together on a board, the loss is less than said.
struct BestOfBoards {
  std::string why_absent;
  std::size_t fleet_best = 0;  // place in the table
  std::int64_t rivals =
      0;  // others that the fleet does not tell from it (2 standard uncertainties)
  std::vector<OwnBest> boards;  // in the table's order
  // Shares of the boards for which the fleet's best is the best, or costs 1 % at most; 95 %.
  double share_best = 0, share_within = 0;
  Interval share_best_interval, share_within_interval;
  double loss_median_percent = 0, loss_90_percent = 0, loss_most_percent = 0;  // over the boards
};

inline constexpr double kNearPercent = 1;  // what counts as as good as the best

BestOfBoards best_of_boards(const BoardTable& table, const WithinBoards& within,
                            const BoardFit& fit, std::uint64_t seed);

}  // namespace isojoule
