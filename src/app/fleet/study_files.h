// What of a plan has to travel to the boards: networks, and files that options of its engine name.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/paths.h"
#include "base/error.h"
#include "data/plan.h"
#include "fleet/bus.h"
#include "fleet/message.h"

namespace isojoule {

// Paths on this machine, by what the plan calls them.
struct StudyFiles {
  std::map<std::string, std::string> networks;
  // A folder or list that `input.path` names: one entry a file, FOLDER/NAME, beside the list's own.
  std::map<std::string, std::string> files;
  std::vector<std::string> engines;  // that the plan's runs need; none where boards are simulated
  bool needs_command = false;        // one of them is a program of the plan's
};

// Networks are written as `sweep` would have them: for twins without weights, else in the newest
// opset that every engine of the plan reads best. Errors: not_found (network, engine, file),
// unsupported (a program on a twin), invalid (axis `engine` on a twin, which has its own).
Result<StudyFiles> find_study_files(const Paths& paths, const Plan& plan, const std::string& engine,
                                    bool simulated);

// The same by the hash of their bytes: what a study is known by.
struct StudyObjects {
  std::map<std::string, fleet::ObjectName> networks, files;
  bool operator==(const StudyObjects&) const = default;
};
Result<StudyObjects> hash_study_files(const StudyFiles& files);
// Stores on the server what is not there. Errors: those of the bus; damaged where a file changed
// since it was hashed.
Status put_study_files(fleet::Bus& bus, const StudyFiles& files, const StudyObjects& objects);

// Who publishes them, in their subjects (fleet/object.h).
inline constexpr const char* kPlanWriter = "plan";

}  // namespace isojoule
