// What each board saves at one setting against the governors: ratios within a block, so that what
// is the board's (its silicon, its chip's gain) or the block's (the room) drops out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/board_table.h"
#include "trace/statistic.h"

namespace isojoule {

struct BoardSaving {
  std::size_t board = 0;  // place in the table
  double saving_percent = 0;
  double log_ratio = 0;    // of setting / baseline
  std::int64_t pairs = 0;  // blocks with both
};

// Mean over boards of the logarithm, its t interval over the boards; the spread between boards with
// the blocks' own scatter taken off (the difference of variances, Searle, Casella, McCulloch 1992,
// 3.4).
struct SavingOfBoards {
  std::string baseline;
  std::vector<BoardSaving> boards;  // those that have a block with both, in the table's order
  double mean_percent = 0;
  std::optional<Interval> interval_percent;    // 95 %; of the mean of all such boards
  std::optional<double> spread_percent;        // standard deviation between boards, in points
  std::optional<double> log_deviation;         // of one board's figure, with its scatter
  double least_percent = 0, most_percent = 0;  // of the boards as measured
};

// At the setting, against each baseline that a board has in the same block.
std::vector<SavingOfBoards> savings_of_boards(const BoardTable& table, std::size_t setting);

}  // namespace isojoule
