// A file that appears whole or not at all.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"

namespace isojoule {

// Lets `write` fill a temporary file beside `path`, brings it to the disk (fsync) and renames it to
// `path`; whatever fails, `path` is as it was and the temporary file is gone (after a SIGKILL or a
// power cut a ".<name>.<pid>.part" may stay). A `path` that is there and is no plain file (a pipe,
// /dev/stdout) is written straight. Errors: not_found (the folder), invalid (`path` is a folder or
// empty), permission_denied, read_only, disk_full, io; those of `write`.
Status write_whole_file(const std::string& path,
                        const std::function<Status(int descriptor)>& write);

}  // namespace isojoule
