// One writer at a time: an advisory lock (flock) on a small file beside the one that is written. A
// lock on the file itself would not do: closing any descriptor of it drops SQLite's own POSIX locks
// (fcntl(2), "Advisory record locking").
#pragma once

#include <string>

#include "base/error.h"

namespace isojoule {

// Holds "PATH-lock" until it is destroyed, then removes it. A process that dies leaves the file
// behind and the lock free, and the next one takes it over.
class FileLock {
 public:
  // Errors: busy (with the other's process id), permission_denied, read_only, disk_full, not_found
  // (no such folder), io.
  static Result<FileLock> take(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  FileLock(std::string lock_path, int descriptor);
  std::string lock_path_;
  int descriptor_ = -1;
};

}  // namespace isojoule
