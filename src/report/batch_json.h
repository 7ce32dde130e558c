// The batches of a measured run as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "data/run.h"
#include "data/trace.h"

namespace isojoule {

// "batches": {"count", "duration_s": SPREAD, "energy_j": SPREAD | null, "without_energy",
// "why_absent", "seen_one_by_one", "resolution_s" | null, "note", "each"}. SPREAD: {"mean",
// "deviation", "least", "median", "most"}. "each" only if asked for: [{"begin_s", "duration_s",
// "energy_j", "energy_u_j", "net_energy_j", "net_energy_u_j", "why_absent"}], times from zero_of()
// (report/window_json.h). trace/batch_energies.h says what they are. Nothing at all without
// batches.
void add_batches_json(nlohmann::json& root, const Run& run, const Trace& trace, bool each);

}  // namespace isojoule
