#include "app/tune/tune_goal.h"

#include <algorithm>

#include "base/file_tree.h"
#include "import/number.h"

namespace isojoule {

Result<Goal> tune_goal(const std::string& minimise, const std::vector<std::string>& limits) {
  ISOJOULE_TRY(CostFunction cost, CostFunction::parse(minimise));
  Goal goal{std::move(cost), {}};
  for (const std::string& text : limits) {
    ISOJOULE_TRY(Limit limit, parse_limit(text));
    goal.limits.push_back(std::move(limit));
  }
  return goal;
}

std::vector<LimitState> limit_states(const Goal& goal, const Metrics& metrics) {
  std::vector<LimitState> states;
  for (const Limit& limit : goal.limits) {
    LimitState state{&limit, at(metrics, limit.metric)};
    if (state.value) state.beyond = std::max(0.0, *state.value / limit.most - 1);
    states.push_back(state);
  }
  return states;
}

Result<double> parse_share(const std::string& text, const std::string& option) {
  std::string word = trimmed(text);
  const bool percent = word.ends_with('%');
  if (percent) word = trimmed(word.substr(0, word.size() - 1));
  const auto number = import::parse_decimal(word);
  if (!number)
    return fail(ErrorKind::parse, option + " '" + text + "' is no share", "Write 2% or 0.02");
  const double share = percent ? *number / 100 : *number;
  if (share >= 0 && share < 1) return share;
  return fail(ErrorKind::out_of_range, option + " '" + text + "' is not from 0 to below 100 %",
              "Write 2% or 0.02");
}

}  // namespace isojoule
