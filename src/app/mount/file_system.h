// A tree in memory as a FUSE file system: files with the modes of the kernel's nodes, read anew
// from their start at every read there, written in one piece, as sysfs has it.
#pragma once

#include <functional>
#include <string>

#include "app/live_twin.h"

namespace isojoule {

struct MountOptions {
  std::string folder;       // where it is mounted; must be there
  bool background = false;  // return to the shell once it is mounted
  // Files belong to the user who mounts, not to root: for tests without rights.
  bool own = false;
};

// Serves until it is unmounted or a signal ends it. One thread. `ready` is called when the files
// can be used. Errors: not_found (the folder), invalid (no folder), permission_denied (no
// /dev/fuse), io.
Status serve(LiveTwin& twin, const MountOptions& options, const std::function<void()>& ready);

}  // namespace isojoule
