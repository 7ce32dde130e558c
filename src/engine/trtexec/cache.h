// Built engines that are kept for the next run: an engine takes minutes to build and is the same
// for the same model, arguments, version and machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/trtexec/inputs.h"
#include "engine/trtexec/profile.h"

namespace isojoule::trtexec {

// A name for the engine: of the model's bytes, of the size and date of weights beside it, of what
// it is built with, and of this machine (an engine is tuned to the device that it was built on).
// Errors: not_found, io.
Result<std::string> engine_key(const std::string& model, const ModelInputs& inputs,
                               const std::string& identity);

struct CachedEngine {
  std::string path;
  Placement placement;
};
// Whether the folder holds it.
std::optional<CachedEngine> find_engine(const std::string& folder, const std::string& key);
// Copies the engine there, whole or not at all, and where its layers run beside it. Makes the
// folder where it is not there. Errors: permission_denied, disk_full, io.
Status keep_engine(const std::string& folder, const std::string& key, const std::string& engine,
                   const Placement& placement);
// Copies a file, whole or not at all.
Status copy_file_whole(const std::string& from, const std::string& to);

}  // namespace isojoule::trtexec
