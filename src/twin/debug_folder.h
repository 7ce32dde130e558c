// debugfs, as a board's kernel mounts it: for root only.
#pragma once

#include "base/memory_tree.h"

namespace isojoule::twin {

inline constexpr char kDebugfs[] = "/sys/kernel/debug";

// Mode 0700 of the mount point (fs/debugfs/inode.c, DEBUGFS_DEFAULT_MODE): what lies below is
// closed to other users whatever its own mode.
inline void add_debug_folder(MemoryTree& tree) { tree.add_directory(kDebugfs, 0700); }

}  // namespace isojoule::twin
