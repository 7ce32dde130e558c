// The loop between an optimiser and an evaluator.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "optimise/evaluator.h"
#include "optimise/optimiser.h"

namespace isojoule {

struct SearchStep {
  Question question;
  Probe probe;
  std::optional<Answer> answer;  // what would be recommended after it
};

struct SearchEnd {
  std::vector<SearchStep> steps;
  bool exhausted = false;  // the optimiser had nothing more to ask
};

// Ask, measure, tell, until `budget` probes are made, the optimiser is done, or `go_on`, which is
// told each step before the next is asked, says no. Errors: the evaluator's.
Result<SearchEnd> run_search(Optimiser& optimiser, Evaluator& evaluator, std::int64_t budget,
                             const std::function<bool(const SearchStep&)>& go_on = {});

}  // namespace isojoule
