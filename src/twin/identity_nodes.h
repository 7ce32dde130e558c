// Who the board is: device-tree and release file where it has them, boot id. (A PC: machine_nodes.)
#pragma once

#include <cstdint>

#include "base/memory_tree.h"
#include "twin/board_shape.h"

namespace isojoule::twin {

// The texts are exactly the board's, so that detection works on them. The boot id is made from the
// seed: the same seed is the same boot. A piece of silicon other than the nominal one (0) has a
// serial number, and boots of its own.
void add_identity(MemoryTree& tree, const BoardShape& shape, std::uint64_t seed,
                  std::uint64_t silicon = 0);

}  // namespace isojoule::twin
