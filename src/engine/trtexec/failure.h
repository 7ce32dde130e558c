// Why trtexec failed, from its log and the way in which it ended.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/subprocess.h"
#include "engine/trtexec/log.h"

namespace isojoule::trtexec {

// `doing`: "building the engine", for the message. `last_line`: of what it wrote, for ends without
// any error line. What starts with "out of memory" is that.
Error failure_of(const Log& log, const ExitState& exit, const std::string& doing,
                 const std::string& last_line);

// Whether this process is to be believed: PASSED, and exit status 0.
bool succeeded(const Log& log, const ExitState& exit);

}  // namespace isojoule::trtexec
