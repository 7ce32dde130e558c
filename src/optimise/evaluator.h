// Whoever measures a setting for a search: a board, a twin, or a table of what somebody measured
// once. `app` supplies them; a search cannot tell them apart.
#pragma once

#include "base/error.h"
#include "optimise/probe.h"

namespace isojoule {

class Evaluator {
 public:
  virtual ~Evaluator() = default;
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  // What a setting cannot do is Probe::failure. Errors: the board itself is gone, or the user
  // interrupted; nothing that was measured is lost, and the search may go on later.
  Result<Probe> measure(GridPoint point) { return do_measure(point); }

 protected:
  Evaluator() = default;

 private:
  virtual Result<Probe> do_measure(GridPoint point) = 0;
};

}  // namespace isojoule
