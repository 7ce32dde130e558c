// A program as a shell finds it.
#pragma once

#include <string>

#include "base/error.h"

namespace isojoule {

// Its path: `name` itself where it has a slash, otherwise the first in $PATH. Errors: not_found
// (with $PATH), permission_denied (it is there, but not executable), invalid (a folder, no name).
Result<std::string> find_program(const std::string& name);

}  // namespace isojoule
