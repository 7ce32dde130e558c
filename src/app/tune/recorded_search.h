// A search on a table that somebody measured, with noise that one says: how good an optimiser
// would have been there.
#pragma once

#include <string>
#include <vector>

#include "app/recorded_grid.h"
#include "optimise/search.h"

namespace isojoule {

struct RecordedSearchRequest {
  RecordedRequest table;
  std::string minimise = "energy";
  std::vector<std::string> limits;
  std::string optimiser = "blend";
  std::uint64_t seed = 1;
  std::int64_t budget = 30;
  double noise = 0;  // relative standard deviation of energy and latency
};

struct RecordedSearch {
  RecordedGrid board;
  Goal goal;
  std::vector<SearchStep> steps = {};
  // Of what would be recommended after each step: its noiseless cost over the true minimum, minus
  // 1. Nothing where nothing is recommended that keeps the limits.
  std::vector<std::optional<double>> regrets = {};
  std::optional<double> true_minimum = {};  // nothing: no setting keeps the limits
  std::optional<Answer> answer = {};        // the last
  Metrics seen = {};       // of the answer's setting: geometric means of its probes
  bool met = false;        // the limits, as seen
  bool exhausted = false;  // the optimiser had nothing more to ask
  double decide_s = 0;     // real time that the optimiser took in all
  std::vector<std::string> notes = {};
};

// Errors: those of recorded_grid(), tune_goal() and find_optimiser(); not_found (the goal is about
// something that the table has not), no_data (nothing ran).
Result<RecordedSearch> search_recorded(const RecordedSearchRequest& request);

}  // namespace isojoule
