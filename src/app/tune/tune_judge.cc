// Who won a search, and what that saves.
#include <fmt/format.h>

#include "app/tune/tune.h"

namespace isojoule {

void TuneResult::judge() {
  best = best_candidate(goal, candidates);
  saving.reset();
  if (winner() == nullptr || governors.empty()) return;
  if (const TuneCandidate* const like = governors_like(*winner(), governors))
    saving = tune_saving(*winner(), *like);
  else
    notes.push_back(
        fmt::format("no saving is given: the governors did not run with {}, as the best did",
                    to_string(engine_part(winner()->setting))));
}

}  // namespace isojoule
