// `isojoule tune NETWORK --fleet URL`: the same search with several boards of one type at once.
//
// As many settings are out as boards are free (optimise/question_batch.h), each as a block of its
// own: the governors first, then the setting, on the same board. Boards differ by more than the
// best settings do, so a probe counts as its energy over the governors' of the same block, times
// that of the first block that is told: what it would be on the board that made it. Each run is in
// the study as it was measured.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "app/tune/tune.h"
#include "fleet/bus.h"

namespace isojoule {

struct FleetTuneRequest {
  TuneRequest tune;  // its target plays no part
  fleet::BusOptions bus;
  std::string boards;        // a selection (fleet/catalogue.h)
  std::int64_t at_once = 0;  // settings that are out; 0: one a board that may take part, at most 16
  Duration claim = Duration::milliseconds(30'000);
  int replicas = 1;
};

// The study goes on where its file is there; what was asked is remembered in it, so that blocks
// that boards finished meanwhile are taken. A setting that no board can make counts as one that
// cannot run. Trouble with the boards is told through `progress`, as words of the stage `search`
// without a step. Errors: those of tune(), of the bus, of find_fleet_study()
// (app/fleet/fleet_study.h); not_found (the study was removed from the server meanwhile), engine
// (every board refuses it); unsupported (a limit on the board's time: boards measure at once).
Result<TuneResult> tune_fleet(const Paths& paths, const FleetTuneRequest& request,
                              const std::atomic<bool>& interrupted,
                              const std::function<void(const TuneProgress&)>& progress);

}  // namespace isojoule
