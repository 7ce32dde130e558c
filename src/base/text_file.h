// Whole files of the user's, outside of any board's tree.
#pragma once

#include <string>

#include "base/error.h"

namespace isojoule {

// Errors: not_found, permission_denied, io.
Result<std::string> read_text_file(const std::string& path);
// The file appears whole under its name, or what was there stays: temporary name beside it, fsync,
// rename. Errors: not_found (the folder), permission_denied, read_only, disk_full, io.
Status write_text_file(const std::string& path, const std::string& text);

}  // namespace isojoule
