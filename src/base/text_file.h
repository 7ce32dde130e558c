// Whole files of the user's, outside of any board's tree.
#pragma once

#include <string>

#include "base/error.h"

namespace isojoule {

// Errors: not_found, permission_denied, io.
Result<std::string> read_text_file(const std::string& path);
// Whole or not at all, see base/whole_file.h.
Status write_text_file(const std::string& path, const std::string& text);

}  // namespace isojoule
