// Choice among predictors by nested cross-validation, grouped (a network or family is left out
// whole), and the fit of the chosen one with tested intervals.
//
// Outer loop: each group is left out in turn; the inner loop chooses a predictor on the remaining
// groups alone, the choice is fitted to them and predicts the group left out. The outer errors and
// the coverage are those of the procedure, choice and intervals included; the final predictor is
// then chosen and fitted on all groups in the same way. (Varma and Simon 2006, "Bias in error
// estimation when using cross-validation for model selection".)
#pragma once

#include <string>
#include <vector>

#include "predict/energy_model.h"

namespace isojoule {

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
  EnergyModel
      model;  // with `validations`: one row a candidate, and the nested procedure as "nested"
  std::vector<LeftOut> left_out;
};

// Errors: those of the fits where no candidate could be fitted; invalid (fewer than 2 groups: then
// the model is fitted without intervals only if `kinds` names one predictor, see why_no_interval).
Result<Choice> choose_model(Observations observations, const ChooseOptions& options);

}  // namespace isojoule
