// A report that can be reckoned with: what cannot be is left out and counted.
#pragma once

#include <cstdint>

#include "govern/controller.h"

namespace isojoule {

struct CheckedReport {
  EpochReport report;
  double seconds = 0;    // of the epoch; 0: not known, nothing is learnt from it
  std::int64_t odd = 0;  // values that were left out
};
CheckedReport check_report(EpochReport report, GridPoint points);

}  // namespace isojoule
