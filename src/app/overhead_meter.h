// The energy of the runs of `measure --overhead` by an external meter's log: the only one that is
// there without our sampling, too.
#pragma once

#include <string>
#include <vector>

#include "app/overhead.h"
#include "import/import.h"

namespace isojoule {

// Before anything runs, with the log as far as it is written. Errors: of the log; invalid (it
// counts from a zero of its own, so nobody knows where the runs are in it; several rails and none
// named); not_found (no such rail).
Status check_meter(const OverheadMeter& meter);

struct MeterReading {
  Counters counters;               // of the log and of the runs' windows
  std::vector<std::string> notes;  // what was assumed of the log
  std::string why_absent;          // of the last run without an energy; "" = every one has it
};
// Reads the log again and puts its energy in the place of every run's own; a run that the log does
// not cover has none. Errors: as check_meter().
Result<MeterReading> take_meter(const OverheadMeter& meter, std::vector<OverheadRun>& runs);

}  // namespace isojoule
