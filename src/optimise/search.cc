#include "optimise/search.h"

namespace isojoule {

Result<SearchEnd> run_search(Optimiser& optimiser, Evaluator& evaluator, std::int64_t budget,
                             const std::function<bool(const SearchStep&)>& go_on) {
  SearchEnd end;
  while (std::ssize(end.steps) < budget) {
    auto question = optimiser.ask();
    if (!question) {
      end.exhausted = true;
      break;
    }
    ISOJOULE_TRY(Probe probe, evaluator.measure(question->point));
    optimiser.tell(probe);
    end.steps.push_back({std::move(*question), std::move(probe), optimiser.recommend()});
    if (go_on && !go_on(end.steps.back())) break;
  }
  return end;
}

}  // namespace isojoule
