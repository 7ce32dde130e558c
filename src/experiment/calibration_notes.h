// What a run owes its reader about the calibrations of its rails.
#pragma once

#include <map>
#include <string>

#include "data/run.h"
#include "data/trace.h"

namespace isojoule {

// A note "calibration RAIL" for each calibrated channel, with why it is to be doubted (`doubts`: by
// ChannelInfo::sensor) where it is; raises calibration_exceeded for each whose
// mean told power in the inference phase (without one: in the whole trace) lies beyond what it was
// calibrated with by more than a tenth of that range.
void note_calibrations(const Trace& trace, const std::map<std::string, std::string>& doubts,
                       Run& run);

}  // namespace isojoule
