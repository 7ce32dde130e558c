// Setting x board: the mixed model of a fleet's energies, fitted by REML.
//
//   log E = setting (fixed) + board + setting x board + block within board + error,
// the last four random, normal, with expectation 0. The error and the blocks come from repeats on
// one board (report/board_within.h); given them, the mean y_ij of a cell has the variance
//   v_ij = interaction + error / runs + what is not known of its blocks,
// and y_ij = s_i + b_j + noise. The variances of boards and of the interaction maximise the
// residual likelihood (H. D. Patterson, R. Thompson, Biometrika 58, 1971), by Henderson's equations
// (D. A. Harville, JASA 72, 1977; S. R. Searle, G. Casella, C. E. McCulloch, Variance Components,
// 1992, ch. 6 and 7): of settings and boards, the more numerous are eliminated by hand, for their
// part of the equations is diagonal, so a step takes settings x boards x the smaller of the two,
// and nothing is as large as the runs.
//
// Cells that were not measured are not there: boards that died, or saw a part, count with what they
// have.
#pragma once

#include <Eigen/Dense>
#include <optional>
#include <string>

#include "report/board_within.h"

namespace isojoule {

// A part of the variance as a standard deviation of the logarithm, or why there is none.
struct BoardComponent {
  std::optional<double> deviation;
  std::optional<Interval> interval;  // 95 %; a high of infinity: no upper bound
  std::string method;                // "profile likelihood", "normal on the logarithm", ..
  std::string note;
};

// Whether settings and boards act together at all: F of what is left of the additive model against
// the error; exact in the model without interaction.
struct InteractionTest {
  std::optional<double> f;
  double freedom = 0, error_freedom = 0;
  double p = 1;
  std::string note;  // why there is none
};

struct BoardFit {
  BoardComponent board, interaction, block, error;
  // Nothing was repeated: the interaction has the error of a run in it.
  bool error_in_interaction = false;
  InteractionTest test;
  double connected = 1;    // groups of boards that share no setting with another group
  std::string why_absent;  // why nothing could be fitted

  double board_variance = 0, interaction_variance = 0, error_variance = 0, block_variance = 0;
  // Of settings (log of the fleet's energy; not a number where it is in no cell) and of boards
  // (sums to 0; best linear unbiased predictions), standard uncertainties of both. Those of the
  // settings leave out what all settings have in common.
  Eigen::VectorXd setting, setting_u, board_effect, board_u;
  // Of boards, not drawn towards 0: the mean distance of its cells from the settings'; its variance
  // by cells alone.
  Eigen::VectorXd board_raw, board_raw_variance;
  // Settings x boards: weight 1 / v_ij, 0 where not measured.
  Eigen::MatrixXd weight;
};

struct BoardFitOptions {
  // Steps x cells x smaller side beyond which intervals are normal ones on the logarithm.
  double most_profile_work = 4e6;
};

BoardFit fit_boards(const WithinBoards& within, const BoardFitOptions& options = {});

}  // namespace isojoule
