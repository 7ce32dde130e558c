// Writing nodes back: one function for the program's own end, for the keeper after its death, and
// for `isojoule restore`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file_tree.h"
#include "knob/knob.h"

namespace isojoule {

// Writes back whatever differs, in the given order and in passes until nothing does, those that do
// not settle in the first pass only (knob/knob.h): what one pass cannot write (a minimum above the
// present maximum, a policy whose cores are still offline) the next one can. A node that fails does
// not keep the others from being written. Returns the paths that were written, each once. Errors:
// the first node that does not say what it said, with how many others.
Result<std::vector<std::string>> restore_nodes(FileTree& tree, const std::vector<SavedNode>& nodes);

// The same after a restart: nothing, unless a file that stays on disk (a power mode's) differs from
// what was saved. It then made the board start otherwise, and it is written back together with the
// nodes that are set from it. All others the kernel has forgotten.
Result<std::vector<std::string>> restore_after_restart(FileTree& tree,
                                                       const std::vector<SavedNode>& nodes);

struct RestoreOutcome {
  enum class Kind : std::uint8_t {
    nothing,  // there is no journal
    stale,    // it was of another boot: only what outlives a restart was written
    done,
  } kind = Kind::nothing;
  std::string board;
  std::string command;  // that set the board
  std::string since;    // wall time of the journal
  std::vector<std::string> written;
};

struct RestoreWish {
  // The writer is known to be dead although its entry in /proc may still be there.
  bool is_dead = false;
  // Back to the board as its program found it, which `isojoule apply` may have held, and not to how
  // it was before that. The held journal is then there again.
  bool keep_held = false;
};

// What the journal at `path` says, written back; then the journal is removed. Errors: busy (the
// program that wrote it lives), damaged, newer_schema, those of restore_nodes; the journal then
// stays.
Result<RestoreOutcome> restore_journal(FileTree& tree, const std::string& path,
                                       const RestoreWish& wish = {});

// Who has left the board otherwise than it was found, for people: nothing where there is no
// journal, or its program is at work. `kept_from`: why its keeper could not restore, where it said
// so. Errors: damaged, newer_schema, io.
struct LeftBehind {
  std::string command, since;
  bool held = false;  // by `isojoule apply`, on purpose
  std::string kept_from;
};
Result<std::optional<LeftBehind>> left_behind(const std::string& path);

}  // namespace isojoule
