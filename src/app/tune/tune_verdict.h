// What the runs of a search say of its best settings and of the governors.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "optimise/goal.h"
#include "trace/statistic.h"

namespace isojoule {

// One setting, or the governors, with all that was measured of it.
struct TuneCandidate {
  Setting setting;
  std::string baseline;   // "": a setting of the search
  std::int64_t runs = 0;  // that count here
  bool again = false;     // measured again in interleaved blocks: these alone count
  Metrics mean;           // geometric
  std::optional<double> cost;
  std::optional<Interval> cost_95;  // from the scatter of its runs; absent below two
  bool met = false;
  std::map<std::int64_t, double> log_costs;  // by block; of `again`
};
struct CandidateRun {
  std::int64_t block = 0;  // 0: of the search
  Metrics metrics;
};
TuneCandidate tune_candidate(const Goal& goal, Setting setting, std::string baseline,
                             const std::vector<CandidateRun>& runs);

// Of `best` against `other`: 1 - cost / cost. With blocks in common, the interval is that of the
// mean difference of logarithms within them (Student).
struct TuneSaving {
  double share = 0;
  std::optional<Interval> share_95;
};
std::optional<TuneSaving> tune_saving(const TuneCandidate& best, const TuneCandidate& other);

// Axes and values of the engine in a setting: precision, batch.
Setting engine_part(const Setting& setting);
// The governors that did the same as `best`: those with its engine part; null where none ran.
const TuneCandidate* governors_like(const TuneCandidate& best,
                                    const std::vector<TuneCandidate>& governors);

// The place of the best: what meets the limits before what does not, then by cost or by how far it
// is beyond them. Nothing where none has a cost.
std::optional<std::size_t> best_candidate(const Goal& goal,
                                          const std::vector<TuneCandidate>& candidates);

}  // namespace isojoule
