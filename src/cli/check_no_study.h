// A study took hours; a slip of an output's name must not cost it.
#pragma once

#include <string>

#include "base/error.h"

namespace isojoule::cli {

// Errors: invalid where the file is there and is a study (or another SQLite database).
Status check_no_study(const std::string& path);

}  // namespace isojoule::cli
