// Several questions at once, where several boards can answer: any optimiser asks one at a time, so
// for each further question it is told what is expected of those that are still out.
//
// What is expected comes from a plane through what was measured ("kriging believer" of D.
// Ginsbourger, R. Le Riche and L. Carraro, "Kriging is well-suited to parallelize optimization",
// 2010, with ridge regression in the place of kriging, so that it is the same for every optimiser):
// log metric, linear and quadratic in the coordinates of the space. Before anything was measured
// nothing can be expected, and one question comes alone; probes that are known from the start
// (SearchOptions::warm) count as measured.
//
// Each call makes the optimiser anew and tells it all, which is what optimisers are made for (they
// are deterministic): an expectation leaves no trace once the answer is there.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "optimise/optimiser.h"

namespace isojoule {

// What somebody would expect to measure at a point, from these probes. Failed ones are passed over;
// with none that ran the result has no metrics.
Probe expected_probe(const SearchSpace& space, std::span<const Probe> told, GridPoint point);

struct BatchRequest {
  const OptimiserKind* kind = nullptr;
  const SearchSpace* space = nullptr;
  const Goal* goal = nullptr;
  SearchOptions options;
};
// At most `count` questions about different settings, none of which is in `out` (asked, not yet
// told). Fewer where the optimiser has no more to ask, or where nothing was told yet. Errors: those
// of making the optimiser.
Result<std::vector<Question>> ask_batch(const BatchRequest& request, std::span<const Probe> told,
                                        std::span<const GridPoint> out, std::size_t count);

}  // namespace isojoule
