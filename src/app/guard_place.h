// Where the journal and the lock of a board lie, and which program keeps it: the same for every
// command, so that each finds what another one left.
#pragma once

#include <string>
#include <vector>

#include "app/target.h"
#include "board/journal.h"

namespace isojoule {

// STATE as below, made if it was not there.
std::string state_folder(const Paths& paths);
// Where a file of STATE may lie, this user's own first; nothing is made.
std::vector<std::string> state_folders(const Paths& paths);

// The lock of this machine's own board.
std::string machine_lock();

// The machine's own board: STATE/machine.journal, and a lock that every user sees
// (/run/lock/isojoule.lock; where that folder is not there, /var/lock or /tmp). A tree below
// --sysroot: STATE/sysroot-HASH.journal and a lock beside it, by the folder's real path. A twin of
// this process: none of them, since its tree dies with it. Makes the folder.
//
// STATE is $ISOJOULE_STATE where it is set, /var/lib/isojoule for root, else Paths::state.
GuardOptions guard_options(const Paths& paths, const TargetOptions& target,
                           const std::string& command);

// The same for an open target. Where a helper writes its nodes, the helper has the journal, the
// lock and the keeper, and this process none.
GuardOptions guard_options(const Paths& paths, const TargetOptions& options, const Target& target,
                           const std::string& command);

}  // namespace isojoule
