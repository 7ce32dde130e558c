// The engines of a study or of one measurement, and what each needs to know of the networks.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/target.h"
#include "experiment/experiment.h"

namespace isojoule {

// The engine of runs that name none: what somebody said, else the plan's, else onnxruntime.
std::string engine_of(const std::string& said, const Plan& plan);

struct OpenedEngines {
  std::vector<std::unique_ptr<Engine>> owned;  // none on a twin
  EngineUses uses;                             // refers to them, or to the twin's engine
};

// Every engine that the runs name, `by_default` where they name none, with every network as a file.
// `options` go to every job; what the zoo knows of a network (kind of input, task) is filled in
// where they do not say. Errors: not_found (an engine, its worker, a network), unsupported (an axis
// value that the engine does not have), invalid (axis `engine` on a twin, which has its own).
// The target outlives what is returned. `files`: networks that lie somewhere already, by their name
// in the runs; the others are looked for by their names.
Result<OpenedEngines> open_engines(Target& target, const Paths& paths,
                                   const std::vector<PlannedRun>& runs,
                                   const std::string& by_default,
                                   const std::map<std::string, std::string>& options,
                                   const std::map<std::string, std::string>& files = {});

}  // namespace isojoule
