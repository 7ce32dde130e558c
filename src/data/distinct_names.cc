#include "data/distinct_names.h"

namespace isojoule {

std::string DistinctNames::take(const std::string& name) {
  std::string distinct = name;
  for (int number = 2; !taken_.insert(distinct).second; ++number)
    distinct = name + "_" + std::to_string(number);
  return distinct;
}

}  // namespace isojoule
