#include "report/board_likelihood.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace isojoule {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kLeastVariance = 1e-14;  // of a logarithm: a ten-millionth

// Settings eliminated: what is left of the boards' equations, (A + 1 / board) b = right.
struct BoardSide {
  MatrixXd matrix;  // A
  VectorXd right, setting_weight;
  VectorXd setting_mean;
  double square = 0;
};

BoardSide board_side(const MatrixXd& mean, const MatrixXd& weight) {
  BoardSide side;
  side.setting_weight = weight.rowwise().sum();
  const MatrixXd weighted = weight.cwiseProduct(mean);
  side.setting_mean = weighted.rowwise().sum().cwiseQuotient(side.setting_weight);
  const MatrixXd scaled = side.setting_weight.cwiseSqrt().cwiseInverse().asDiagonal() * weight;
  side.matrix = MatrixXd::Zero(mean.cols(), mean.cols());
  side.matrix.selfadjointView<Eigen::Lower>().rankUpdate(scaled.transpose(), -1.0);
  side.matrix = side.matrix.selfadjointView<Eigen::Lower>();
  side.matrix.diagonal() += weight.colwise().sum().transpose();
  side.right = weighted.colwise().sum().transpose() - weight.transpose() * side.setting_mean;
  side.square =
      weighted.cwiseProduct(mean).sum() - side.setting_weight.dot(side.setting_mean.cwiseAbs2());
  return side;
}

// Boards eliminated: B s = right. `inverse`: of the boards' variance; 0: boards are fixed.
struct SettingSide {
  MatrixXd matrix;
  VectorXd right, board_weight, board_mean;  // the weight with the inverse variance in it
  double square = 0;
};

SettingSide setting_side(const MatrixXd& mean, const MatrixXd& weight, double inverse) {
  SettingSide side;
  side.board_weight = weight.colwise().sum().transpose().array() + inverse;
  const MatrixXd weighted = weight.cwiseProduct(mean);
  side.board_mean = weighted.colwise().sum().transpose().cwiseQuotient(side.board_weight);
  const MatrixXd scaled = weight * side.board_weight.cwiseSqrt().cwiseInverse().asDiagonal();
  side.matrix = MatrixXd::Zero(mean.rows(), mean.rows());
  side.matrix.selfadjointView<Eigen::Lower>().rankUpdate(scaled, -1.0);
  side.matrix = side.matrix.selfadjointView<Eigen::Lower>();
  side.matrix.diagonal() += weight.rowwise().sum();
  side.right = weighted.rowwise().sum() - weight * side.board_mean;
  side.square =
      weighted.cwiseProduct(mean).sum() - side.board_weight.dot(side.board_mean.cwiseAbs2());
  return side;
}

// Of a matrix that may be singular: log-free, by its eigenvalues.
struct PseudoSolved {
  double product = 0;  // right' A^- right
  double rank = 0;
};
PseudoSolved pseudo_solve(const MatrixXd& matrix, const VectorXd& right) {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(matrix);
  const double least = 1e-10 * std::max(1e-300, solver.eigenvalues().cwiseAbs().maxCoeff());
  PseudoSolved solved;
  for (Index k = 0; k < matrix.rows(); ++k) {
    if (solver.eigenvalues()(k) <= least) continue;
    const double part = solver.eigenvectors().col(k).dot(right);
    solved.product += part * part / solver.eigenvalues()(k);
    solved.rank += 1;
  }
  return solved;
}

double log_determinant(const Eigen::LLT<MatrixXd>& factor) {
  return 2 * factor.matrixLLT().diagonal().array().log().sum();
}

}  // namespace

BoardLikelihood::BoardLikelihood(MatrixXd mean, MatrixXd runs, MatrixXd block_doubt, double error)
    : mean_(std::move(mean)) {
  there_ = (runs.array() > 0).cast<double>();
  cells_ = there_.sum();
  noise_ = (error / runs.array().max(1.0) + block_doubt.array()).matrix().cwiseProduct(there_);
  level_ = mean_.cwiseProduct(there_).rowwise().sum().cwiseQuotient(there_.rowwise().sum());
  mean_ = (mean_.colwise() - level_).cwiseProduct(there_);
}

MatrixXd BoardLikelihood::weights(double interaction) const {
  return there_.array() / (noise_.array() + std::max(interaction, kLeastVariance));
}

double BoardLikelihood::by_boards(const MatrixXd& weight, double board) const {
  const BoardSide side = board_side(mean_, weight);
  MatrixXd scaled = board * side.matrix;
  scaled.diagonal().array() += 1;
  const Eigen::LLT<MatrixXd> factor(scaled);
  return side.setting_weight.array().log().sum() + log_determinant(factor) + side.square -
         board * side.right.dot(factor.solve(side.right));
}

double BoardLikelihood::by_settings(const MatrixXd& weight, double board) const {
  const double inverse = 1 / std::max(board, kLeastVariance * 1e-6);
  const SettingSide side = setting_side(mean_, weight, inverse);
  const Eigen::LLT<MatrixXd> factor(side.matrix);
  return (side.board_weight.array() / inverse).log().sum() + log_determinant(factor) + side.square -
         side.right.dot(factor.solve(side.right));
}

double BoardLikelihood::value(double board, double interaction) const {
  const MatrixXd weight = weights(interaction);
  const double cells = -(there_.array() > 0).select(weight.array().max(1e-300).log(), 0.0).sum();
  return cells + (boards() <= settings() ? by_boards(weight, board) : by_settings(weight, board));
}

BoardLikelihood::Solved BoardLikelihood::solve(double board, double interaction) const {
  Solved solved;
  solved.weight = weights(interaction);
  const MatrixXd& weight = solved.weight;
  const VectorXd setting_weight = weight.rowwise().sum();
  VectorXd doubt;  // of the boards, as variances
  if (boards() <= settings()) {
    const BoardSide side = board_side(mean_, weight);
    MatrixXd scaled = board * side.matrix;
    scaled.diagonal().array() += 1;
    const Eigen::LLT<MatrixXd> factor(scaled);
    solved.board = board * factor.solve(side.right);
    doubt = board * factor.solve(MatrixXd::Identity(boards(), boards())).diagonal();
  } else {
    const double inverse = 1 / std::max(board, kLeastVariance * 1e-6);
    const SettingSide side = setting_side(mean_, weight, inverse);
    const Eigen::LLT<MatrixXd> factor(side.matrix);
    const VectorXd setting = factor.solve(side.right);
    const VectorXd own = weight.transpose() * setting;
    solved.board = side.board_mean - own.cwiseQuotient(side.board_weight);
    const MatrixXd half = factor.matrixL().solve(weight);
    doubt = side.board_weight.cwiseInverse() +
            half.colwise().squaredNorm().transpose().cwiseQuotient(side.board_weight.cwiseAbs2());
  }
  // About the fleet's mean, which is the only level that these boards know.
  const double common = board / static_cast<double>(boards());
  const VectorXd apart = (doubt.array() - common).max(0.0);
  solved.board_u = apart.cwiseSqrt();
  const MatrixXd residual = mean_ - there_ * solved.board.asDiagonal();
  const VectorXd middle =
      weight.cwiseProduct(residual).rowwise().sum().cwiseQuotient(setting_weight);
  solved.setting = level_ + middle;
  const MatrixXd share = setting_weight.cwiseInverse().asDiagonal() * weight;
  solved.setting_u = (setting_weight.cwiseInverse() + share.cwiseAbs2() * apart).array().sqrt();
  return solved;
}

BoardLikelihood::Left BoardLikelihood::additive(double interaction) const {
  const MatrixXd weight = weights(interaction);
  Left left;
  if (boards() <= settings()) {
    const BoardSide side = board_side(mean_, weight);
    const PseudoSolved solved = pseudo_solve(side.matrix, side.right);
    left.square = side.square - solved.product;
    left.groups = static_cast<double>(boards()) - solved.rank;
  } else {
    const SettingSide side = setting_side(mean_, weight, 0);
    const PseudoSolved solved = pseudo_solve(side.matrix, side.right);
    left.square = side.square - solved.product;
    left.groups = static_cast<double>(settings()) - solved.rank;
  }
  left.square = std::max(0.0, left.square);
  left.freedom = cells_ - static_cast<double>(settings() + boards()) + left.groups;
  return left;
}

}  // namespace isojoule
