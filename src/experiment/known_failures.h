// What a study has learnt that cannot be done: it is not tried again at every setting of the board.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "experiment/experiment.h"

namespace isojoule {

// The engine said why, and another try or another clock would end the same: memory, a damaged
// model, something that it does not have. A crash or a hang may pass.
bool is_definite(const MeasuredRun& measured);

class KnownFailures {
 public:
  void expect(const std::vector<PlannedRun>& runs);
  // The run as it would fail, where that is known.
  std::optional<MeasuredRun> known(const PlannedRun& planned) const;
  void note(const PlannedRun& planned, const MeasuredRun& measured);
  // Nothing of the plan can be done, for reasons that are no lack of memory.
  bool all_failed() const { return !expected_.empty() && failed_.size() == expected_.size(); }
  const Error& first() const { return *first_; }

 private:
  // Batches of one network at the same engine axes. One lack of memory may be another program's
  // doing: it takes two.
  struct Fit {
    std::optional<std::int64_t> largest_that_fits;
    std::map<std::int64_t, int> out_of_memory;  // batch -> times
    std::optional<std::int64_t> smallest_that_does_not() const;
  };

  std::set<std::string> expected_;  // network and engine axes
  std::map<std::string, Error> failed_;
  std::map<std::string, Fit> fits_;  // without the batch
  std::optional<Error> first_;
};

}  // namespace isojoule
