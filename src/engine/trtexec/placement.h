// trtexec's times on our time line. Its clock starts just after it printed 'Starting inference' and
// its last batch ends just before it prints the report; both lines reach us through a pipe as they
// are written (each is flushed). So its zero lies between the arrival of the first line and the
// arrival of the second less the end of the last batch.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/run.h"
#include "engine/trtexec/times.h"

namespace isojoule::trtexec {

struct TimeZero {
  Instant at;
  std::optional<Duration> uncertainty;  // half the width between the two bounds; absent: one bound
  std::string fault;                    // the bounds contradict each other, or one is missing
};

// `last_end_ms`: of the last batch, by trtexec's clock. Errors: engine (neither line came).
Result<TimeZero> find_time_zero(std::optional<Instant> inference_line,
                                std::optional<Instant> report_line, double last_end_ms);

enum class Overlap {
  none,     // one batch after the other, copies and all: from the copy in to the copy out
  copies,   // the next batch is copied while one computes: the computing alone
  streams,  // several compute at once: from one completion to the next
};

struct PlacedBatches {
  std::optional<BatchMark> first;  // the process's first batch, where its times were exported
  std::size_t warm_up = 0;         // how many came between that one and those
  std::vector<BatchMark> batches;  // those that were asked for: the last ones
};
// Ends never before begins and begins never before the end ahead of them: where rounding says
// otherwise, a batch begins later by at most one step. `warm_up_ms`: what trtexec was told; with
// none, or where the file begins within it, its first entry is the first batch of all. Errors:
// engine (fewer entries than batches).
Result<PlacedBatches> place_batches(std::vector<BatchTimes> times, std::size_t batches,
                                    double warm_up_ms, Instant zero, Overlap overlap);

}  // namespace isojoule::trtexec
