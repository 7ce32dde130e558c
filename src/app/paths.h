// Where the program finds what belongs to it: beside itself, installed, or in the source tree.
#pragma once

#include <string>

#include "base/error.h"

namespace isojoule {

struct Paths {
  std::string boards;   // boards/<name>/board.toml
  std::string studies;  // ready plans, claims
  std::string workers;  // isojoule-engine-*
  std::string cache;    // zoo networks as files; made when first used
  std::string state;    // journals
};

// ISOJOULE_DATA, else <prefix>/share/isojoule beside the program, else the source tree it was built
// from. Errors: not_found, with every place tried.
Result<Paths> find_paths();

}  // namespace isojoule
