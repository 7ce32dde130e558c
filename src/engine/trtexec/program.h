// The trtexec that is here: where it lies, of which version it is, which options it knows.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/error.h"
#include "engine/trtexec/log_line.h"

namespace isojoule::trtexec {

struct Program {
  std::string path;
  std::optional<Version> version;
  std::set<std::string> flags;  // "--memPoolSize", ...: from its help
  bool has(const std::string& flag) const { return flags.contains(flag); }
};

// `asked`: the user's path, or "" for the PATH and then the places where NVIDIA's packages put it.
// Errors: not_found, with the places and what to install.
Result<std::string> find_program(const std::string& asked);
// Asks it for its help, which needs no GPU. Errors: not_found (a library that it needs), engine (it
// does not answer like trtexec), timeout.
Result<Program> probe_program(const std::string& path);
// The same from what it printed; public for the tests.
Program read_help(const std::string& path, std::string_view help);

}  // namespace isojoule::trtexec
