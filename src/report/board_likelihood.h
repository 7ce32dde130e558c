// The residual likelihood of cells of settings and boards, and what it gives at given variances.
#pragma once

#include <Eigen/Dense>

namespace isojoule {

// Cells: settings x boards, the same size each. Weights are 0 where a cell is not there.
class BoardLikelihood {
 public:
  // `mean` of cells with `known` > 0 of runs; a setting without a cell must not be there.
  BoardLikelihood(Eigen::MatrixXd mean, Eigen::MatrixXd runs, Eigen::MatrixXd block_doubt,
                  double error);

  // -2 log of the residual likelihood, but for a constant. Variances >= 0; of the interaction the
  // least that is counted is 1e-14.
  double value(double board, double interaction) const;

  struct Solved {
    Eigen::VectorXd setting, setting_u, board, board_u;
    Eigen::MatrixXd weight;
  };
  Solved solve(double board, double interaction) const;

  // With boards fixed and weights of the error alone: what is left after both, and its freedom.
  struct Left {
    double square = 0, freedom = 0;
    double groups = 1;  // of boards that share no setting
  };
  Left additive(double interaction) const;

  Eigen::Index settings() const { return mean_.rows(); }
  Eigen::Index boards() const { return mean_.cols(); }
  double cells() const { return cells_; }

 private:
  Eigen::MatrixXd weights(double interaction) const;
  double by_boards(const Eigen::MatrixXd& weight, double board) const;
  double by_settings(const Eigen::MatrixXd& weight, double board) const;

  Eigen::MatrixXd mean_;  // less each setting's plain mean, where there is a cell
  Eigen::VectorXd level_;
  Eigen::MatrixXd there_, noise_;  // 1 or 0; error / runs + block_doubt
  double cells_ = 0;
};

}  // namespace isojoule
