// What a run of a study tells a search.
#pragma once

#include "app/tune/tune_memory.h"
#include "optimise/probe.h"

namespace isojoule {

// Of the inference phase, module total, gross; latencies need the run's batches; memory
// is what the engine's session noted. What was not measured is absent.
Metrics metrics_of(const Run& run);
// Why metrics_of() has no memory, of a run that was good.
std::string why_no_memory(const Run& run);
// A run that failed, was throttled, or whose knobs are not where they were asked to be, has no
// metrics: it says nothing of its setting.
Probe probe_of(const Run& run, const TuneNotes& notes, GridPoint point);
// Why a run is no measurement of its setting; "": it is one.
std::string failure_of(const Run& run);

}  // namespace isojoule
