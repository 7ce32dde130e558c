#include "report/board_within.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace isojoule {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using Readings = std::vector<const BoardReading*>;

// The runs of one board as cells x blocks.
struct OneBoard {
  std::map<std::size_t, std::size_t> cells;  // setting -> place
  std::map<std::int64_t, std::size_t> blocks;
  MatrixXd counts;     // cells x blocks
  VectorXd cell_mean;  // of the logarithms
  double square = 0;   // about the cells' means
  double runs = 0;
  MatrixXd normal;  // C'MC
  VectorXd right;   // C'My
};

OneBoard one_board(const Readings& readings) {
  OneBoard one;
  for (const BoardReading* reading : readings) {
    one.cells.try_emplace(reading->setting, one.cells.size());
    one.blocks.try_emplace(reading->block, one.blocks.size());
  }
  const auto cells = static_cast<Eigen::Index>(one.cells.size());
  const auto blocks = static_cast<Eigen::Index>(one.blocks.size());
  one.counts = MatrixXd::Zero(cells, blocks);
  VectorXd sum = VectorXd::Zero(cells);
  const auto place = [&](const BoardReading& reading) {
    return std::pair(static_cast<Eigen::Index>(one.cells.at(reading.setting)),
                     static_cast<Eigen::Index>(one.blocks.at(reading.block)));
  };
  for (const BoardReading* reading : readings) {
    const auto [cell, block] = place(*reading);
    one.counts(cell, block) += 1;
    sum(cell) += reading->log_value;
  }
  const VectorXd in_cell = one.counts.rowwise().sum();
  one.cell_mean = sum.cwiseQuotient(in_cell);
  one.right = VectorXd::Zero(blocks);
  for (const BoardReading* reading : readings) {
    const auto [cell, block] = place(*reading);
    const double apart = reading->log_value - one.cell_mean(cell);
    one.square += apart * apart;
    one.right(block) += apart;
    one.runs += 1;
  }
  const MatrixXd scaled = in_cell.cwiseSqrt().cwiseInverse().asDiagonal() * one.counts;
  one.normal = -(scaled.transpose() * scaled);
  one.normal.diagonal() += one.counts.colwise().sum().transpose();
  return one;
}

BoardError error_of(const OneBoard& one) {
  BoardError error;
  const double within = one.runs - static_cast<double>(one.cells.size());
  error.square = one.square;
  error.freedom = within;
  if (one.blocks.size() < 2 || within <= 0) return error;
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(one.normal);
  const double least = 1e-9 * std::max(1.0, solver.eigenvalues().maxCoeff());
  for (Eigen::Index k = 0; k < solver.eigenvalues().size(); ++k) {
    const double value = solver.eigenvalues()(k);
    if (value <= least) continue;
    const double part = solver.eigenvectors().col(k).dot(one.right);
    error.block_square += part * part / value;
    error.block_freedom += 1;
    error.block_trace += value;
  }
  error.square = std::max(0.0, error.square - error.block_square);
  error.freedom -= error.block_freedom;
  return error;
}

// Both components, from the sums over the boards.
void estimate_parts(WithinBoards& within) {
  BoardError sum;
  for (const BoardError& board : within.boards) {
    sum.square += board.square;
    sum.freedom += board.freedom;
    sum.block_square += board.block_square;
    sum.block_freedom += board.block_freedom;
    sum.block_trace += board.block_trace;
  }
  const bool has_blocks = sum.block_freedom > 0;
  if (!has_blocks || sum.freedom <= 0) {
    within.error_freedom = sum.freedom + sum.block_freedom;
    if (within.error_freedom > 0)
      within.error = (sum.square + sum.block_square) / within.error_freedom;
    within.block_note = has_blocks
                            ? "blocks repeat one setting only, so a block and a run cannot be told "
                              "apart: the error has both"
                            : "no board repeated a setting in several blocks";
    return;
  }
  within.block_estimable = true;
  within.error_freedom = sum.freedom;
  within.error = sum.square / sum.freedom;
  const double mean_square = sum.block_square / sum.block_freedom;
  const double weight = sum.block_trace / sum.block_freedom;
  within.block = std::max(0.0, (mean_square - within.error) / weight);
  if (within.error <= 0) return;
  within.block_p = fisher_tail(mean_square / within.error, sum.block_freedom, sum.freedom);
  // Exact for the balanced case but for its weight (Searle, Casella, McCulloch 1992, 3.5 d).
  const auto bound = [&](double share) {
    const double f = fisher_quantile(share, sum.block_freedom, sum.freedom);
    return std::max(0.0, (mean_square / f - within.error) / weight);
  };
  within.block_interval = Interval{bound(0.975), bound(0.025)};
}

// Predicted from what the board's own cells have in common: their level is not touched.
void take_off_blocks(const OneBoard& one, const Readings& readings, std::size_t board,
                     WithinBoards& within) {
  const auto blocks = static_cast<Eigen::Index>(one.blocks.size());
  VectorXd shift = VectorXd::Zero(blocks), doubt = VectorXd::Zero(blocks);
  if (within.block > 0) {
    MatrixXd normal = one.normal;
    normal.diagonal().array() += within.error / within.block;
    const MatrixXd inverse = normal.llt().solve(MatrixXd::Identity(blocks, blocks));
    shift = inverse * one.right;
    // What all blocks of a board have in common is the board's.
    const double common = inverse.sum() / static_cast<double>(blocks * blocks);
    doubt = within.error * (inverse.diagonal().array() - common).max(0.0);
  }
  const auto column = static_cast<Eigen::Index>(board);
  for (const BoardReading* reading : readings) {
    const auto row = static_cast<Eigen::Index>(reading->setting);
    within.runs(row, column) += 1;
    within.mean(row, column) +=
        reading->log_value - shift(static_cast<Eigen::Index>(one.blocks.at(reading->block)));
  }
  for (const auto& [setting, cell] : one.cells) {
    const auto row = static_cast<Eigen::Index>(setting);
    const double runs = within.runs(row, column);
    within.mean(row, column) /= runs;
    const VectorXd share = one.counts.row(static_cast<Eigen::Index>(cell)).transpose() / runs;
    within.block_doubt(row, column) = share.cwiseAbs2().dot(doubt);
  }
}

}  // namespace

WithinBoards look_within_boards(const BoardTable& table) {
  std::vector<Readings> by_board(table.boards.size());
  for (const BoardReading& reading : table.readings) by_board[reading.board].push_back(&reading);
  WithinBoards within;
  std::vector<OneBoard> boards;
  for (const Readings& readings : by_board) {
    boards.push_back(one_board(readings));
    within.boards.push_back(error_of(boards.back()));
  }
  estimate_parts(within);
  const auto rows = static_cast<Eigen::Index>(table.settings.size());
  const auto columns = static_cast<Eigen::Index>(table.boards.size());
  within.mean = within.runs = within.block_doubt = MatrixXd::Zero(rows, columns);
  for (std::size_t board = 0; board < boards.size(); ++board)
    take_off_blocks(boards[board], by_board[board], board, within);
  return within;
}

}  // namespace isojoule
