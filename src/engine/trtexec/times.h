// The file that trtexec writes for --exportTimes: one entry a batch, milliseconds since the begin
// of its warm-up. Before 8.5 the warm-up's batches stand in it too.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace isojoule::trtexec {

// All in milliseconds. The computing time and the latency are differences that trtexec formed
// before printing, so they are better than those of the printed points in time.
struct BatchTimes {
  double enqueue_begin = 0, enqueue_end = 0;
  double copy_in_begin = 0, copy_in_end = 0;
  double compute_begin = 0, compute_end = 0;
  double copy_out_begin = 0, copy_out_end = 0;
  double copy_in = 0, compute = 0, copy_out = 0;
  double latency = 0;                // copy in, computing, copy out
  std::optional<double> end_to_end;  // up to 8.2
};

// In the file's order. Errors: parse (not this format, a field is missing or negative).
Result<std::vector<BatchTimes>> parse_times(std::string_view json);

// The step of a printed point in time: six significant digits, so 0.01 ms after the first second,
// 0.1 ms after the tenth.
double step_ms(double at_ms);

}  // namespace isojoule::trtexec
