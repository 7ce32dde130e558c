// Choice among predictors by nested cross-validation, grouped (a network or family is left out
// whole), and the fit of the chosen one with tested intervals.
//
// Outer loop: each group is left out in turn; the inner loop chooses a predictor on the remaining
// groups alone, the choice is fitted to them and predicts the group left out. The outer errors and
// the coverage are those of the procedure, choice and intervals included; the final predictor is
// then chosen and fitted on all groups in the same way. The same observations and seed give the
// same choice. (Varma and Simon 2006, "Bias in error
// estimation when using cross-validation for model selection".)
#pragma once

#include <string>
#include <vector>

#include "predict/energy_model.h"

namespace isojoule {

// Candidates are compared by their energy error, each group counting the same: of whole networks
// where at least 5 groups have them, or more groups than have single layers, else of those. One
// that is less than 5 % (of the error) worse than the best counts as equal to it, and the least
// complex of equals is taken. The inner loops have at most 6 folds. Intervals come from the errors
// on groups left out: of the chosen candidate from 10 groups on, of the whole procedure (a third
// loop, at most 3 folds) where there are fewer.
struct ChooseOptions {
  std::vector<std::string> kinds;  // candidates; empty: every kind
  int most_folds = 12;             // groups are joined into at most so many folds, by seed
  double coverage = 0.9;
  FitOptions fit;
};

// One observation as it was predicted by a procedure that had not seen its group.
struct LeftOut {
  std::size_t observation = 0;  // index
  std::string kind;             // that the inner loop chose
  PredictedBatch predicted;
};

struct Choice {
  // With `validations`: one row a candidate, and the nested procedure as "nested". What the runs do
  // not know (job, additivity) is left to the caller.
  EnergyModel model;
  std::vector<LeftOut> left_out;
};

// Errors: not_found (a kind); those of the fits where no candidate could be fitted; invalid (fewer
// than 2 groups, or none of several candidates could be tried on groups left out: the model is then
// fitted, without intervals, only if `kinds` names one predictor, see why_no_interval).
Result<Choice> choose_model(Observations observations, const ChooseOptions& options);

}  // namespace isojoule
