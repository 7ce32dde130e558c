// The files that `input.path` names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "tensor/input.h"

namespace isojoule {

struct InputFiles {
  std::vector<std::string> paths;  // of a folder by name, of a list as it stands there
  bool one_file = false;           // the path itself is what is to be read
  std::vector<std::string> notes;  // what was left out
};

// What a path holds: of a folder by its files' names, of a list by its first line, of a file by its
// first bytes. A text file is a list where its first line that is not empty is the path of a file.
// Errors: not_found, permission_denied, io, invalid (an empty folder, kinds mixed).
Result<InputKind> kind_of_path(const std::string& path);
// Errors: the same.
Result<InputFiles> find_input_files(const std::string& path, InputKind kind);

}  // namespace isojoule
