// Finds and loads libonnxruntime.so.1, whichever version the machine has.
#pragma once

#include <string>

#include "base/error.h"

namespace isojoule {

struct Runtime {
  std::string version;  // "1.27.0"
  std::string path;     // the file that was loaded
};

// Looks at $ISOJOULE_ONNXRUNTIME (a file or its folder), beside this program, in ../lib/isojoule,
// in the project's third_party folder, then where the system's loader looks. Telemetry is switched
// off before. Errors: not_found (all places tried), unsupported (a library too old).
Result<Runtime> load_runtime();

}  // namespace isojoule
