// Names of rails that two sensors read, told apart: one rail is one column, one series, one track.
#pragma once

#include <set>
#include <string>

namespace isojoule {

class DistinctNames {
 public:
  // The name itself the first time, then NAME_2, NAME_3, ...; never one that was given out. The
  // same names in the same order give the same result.
  std::string take(const std::string& name);

 private:
  std::set<std::string> taken_;
};

}  // namespace isojoule
