// What repeats on one and the same board say: the error of a run, and what a block of runs has in
// common. Everything between boards and settings drops out of it.
//
// For a board, logarithms y of the runs of a cell (setting on board) in blocks k:
//   y = cell + c_k + e,   c ~ N(0, block), e ~ N(0, error).
// Henderson's method III (C. R. Henderson, Biometrics 9, 1953; S. R. Searle, G. Casella,
// C. E. McCulloch, Variance Components, 1992, 5.5): cells fitted first, R(blocks | cells) has the
// expectation tr(C'MC) block + rank(C'MC) error with M = I - projection on the cells, and what is
// left has only the error. Both are added over the boards, which are independent.
#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/board_table.h"
#include "trace/statistic.h"

namespace isojoule {

// Sums of squares of one board and the degrees of freedom that they have.
struct BoardError {
  double square = 0, freedom = 0;              // of single runs
  double block_square = 0, block_freedom = 0;  // R(blocks | cells)
  double block_trace = 0;                      // tr(C'MC)
};

struct WithinBoards {
  std::vector<BoardError> boards;
  double error = 0;          // variance of a run, of the logarithm; 0 where nothing was repeated
  double error_freedom = 0;  // 0: nothing was repeated on a board
  double block = 0;          // variance of blocks within a board
  bool block_estimable = false;
  std::string block_note;                  // why it is not
  std::optional<Interval> block_interval;  // of the variance: from the F of both mean squares
  double block_p = 1;                      // of no blocks at all

  // Settings x boards. The mean of a cell's runs, each less the best linear prediction of its
  // block; how many there are (0: not measured, its mean is 0); what is not known of the blocks'
  // part, as a variance.
  Eigen::MatrixXd mean, runs, block_doubt;
};

WithinBoards look_within_boards(const BoardTable& table);

}  // namespace isojoule
