// Writing nodes back: one function for the program's own end, for the keeper after its death, and
// for `isojoule restore`.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file_tree.h"
#include "knob/knob.h"

namespace isojoule {

// Writes back whatever differs, in the given order and in passes until nothing does: what one pass
// cannot write (a minimum above the present maximum, a policy whose cores are still offline) the
// next one can. A node that fails does not keep the others from being written. Returns the paths
// that were written, each once. Errors: the first node that does not say what it said, with how
// many others.
Result<std::vector<std::string>> restore_nodes(FileTree& tree, const std::vector<SavedNode>& nodes);

struct RestoreOutcome {
  enum class Kind : std::uint8_t {
    nothing,  // there is no journal
    stale,    // it was of another boot: the kernel has forgotten; the journal was removed
    done,
  } kind = Kind::nothing;
  std::string board;
  std::string command;  // that set the board
  std::string since;    // wall time of the journal
  std::vector<std::string> written;
};

// What the journal at `path` says, written back; then the journal is removed. Errors: busy (the
// program that wrote it lives), damaged, newer_schema, those of restore_nodes; the journal then
// stays. `dead`: the writer is known to be dead although its entry in /proc may still be there.
Result<RestoreOutcome> restore_journal(FileTree& tree, const std::string& path, bool dead = false);

}  // namespace isojoule
