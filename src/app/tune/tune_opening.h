// What a search stands on before anything runs: board, engines, space, goal and its study.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/engines.h"
#include "app/tune/tune.h"

namespace isojoule {

struct TuneOpening {
  std::unique_ptr<Target> target = {};
  OpenedEngines engines = {};    // refers to the target
  std::size_t engine_parts = 1;  // settings that differ in more than the board's axes
  Protocol protocol = {};
  TuneMemory asked = {};
  std::optional<SearchSpace> space = {};
  std::optional<Goal> goal = {};
  std::unique_ptr<StudyFile> study = {};
  bool created = false;  // the study was not there before
  std::vector<std::string> notes = {};
};
// Creates the study as its last step, so that an error leaves no new file behind. Errors: those
// of tune().
Result<TuneOpening> open_tune(const Paths& paths, const TuneRequest& request);

// The governors with everything of a setting that is neither a clock nor searched along.
Setting governors_setting(const Board& board, const Setting& setting, const Setting& fixed);

}  // namespace isojoule
