// What somebody wants of a search, from the words of a command line.
#pragma once

#include <string>
#include <vector>

#include "optimise/goal.h"

namespace isojoule {

// Errors: those of CostFunction::parse() and parse_limit().
Result<Goal> tune_goal(const std::string& minimise, const std::vector<std::string>& limits);

// How a setting stands to one limit.
struct LimitState {
  const Limit* limit;
  std::optional<double> value;  // of its metric; absent: not measured
  double beyond = 0;            // as a share of the limit; 0: it is kept
};
std::vector<LimitState> limit_states(const Goal& goal, const Metrics& metrics);

// "2%" or "0.02". Errors: parse, out_of_range (not below 1).
Result<double> parse_share(const std::string& text, const std::string& option);

}  // namespace isojoule
