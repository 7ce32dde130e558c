// A folder for the engine, the exported files and the inputs that were made.
#pragma once

#include <string>

#include "base/error.h"

namespace isojoule::trtexec {

// Gone with its owner. A process that is killed leaves its folder behind, and an engine can be
// large: the next one removes those whose owners are no more. It follows TMPDIR.
class ScratchFolder {
 public:
  ScratchFolder() = default;
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  Status make();  // errors: io
  std::string file(const char* name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace isojoule::trtexec
