// A search that is a walk: from what was seen at one place follows the next. The walk is made anew
// from its start at every question, through what is known already, until it comes to a place of
// which nothing is known: that is the question. So it keeps no state that a replay would have to
// restore, and a place that was measured is not measured again.
#pragma once

#include <optional>
#include <string>

#include "optimise/plain_search.h"

namespace isojoule {

class WalkSearch : public PlainSearch {
 public:
  using PlainSearch::PlainSearch;

 protected:
  // The loss there; nothing: the walk has to stop, this is what it wants to know.
  std::optional<double> look(GridPoint point, const char* why);
  // The same, another look at a place that was measured less than `looks` times. False: stop.
  bool look_again(GridPoint point, std::int64_t looks, const char* why);
  // From `point` on, the best word of each axis of words, one axis after another. Nothing: stop.
  std::optional<GridPoint> best_words(GridPoint point);

 private:
  // Until something is to be looked at, or there is nowhere to go.
  virtual void do_walk() = 0;
  std::optional<Question> do_next() final;

  std::optional<Question> wanted_;
};

}  // namespace isojoule
