// Slices as tracks can show them: on one track any two are apart, or one lies within the other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/perfetto/packet.h"

namespace isojoule::perfetto {

struct Slice {
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;
  std::string name;
  Message annotations;
};

// Indexes of the slices by lane; in a lane in the order in which they begin, the outer one first.
// A slice comes into the first lane where it fits; a negative length counts as none.
std::vector<std::vector<std::size_t>> lanes_of(const std::vector<Slice>& slices);

}  // namespace isojoule::perfetto
