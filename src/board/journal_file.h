// The journal on disk. Private to board/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file_tree.h"
#include "knob/knob.h"

namespace isojoule::journal {

inline constexpr int kSchema = 2;

struct Journal {
  std::string board;
  std::string boot_id;  // "" where the tree has none (a twin)
  // The program that wrote it: process id and its start in clock ticks since boot, so that a later
  // process with the same id is told apart.
  std::int64_t process = 0;
  std::int64_t process_start = 0;
  std::string command;  // its command line, for people; "" in schema 1
  std::string since;    // wall time, for people
  // True: the program left the board so on purpose (`isojoule apply`) and ended.
  bool held = false;
  std::vector<SavedNode> nodes;  // in the order in which they are written back
  // The held journal that this one's program found, none or one: what its end leads back to.
  std::vector<Journal> below;

  // What stood there before anybody set the board: those of `below`, then what it did not know.
  std::vector<SavedNode> first_nodes() const;
};

// Appends those whose path is not there yet.
void add_missing(std::vector<SavedNode>& nodes, const std::vector<SavedNode>& more);

// Complete on disk, file and directory, before it returns; `path` never shows half a journal.
// Errors: permission_denied, read_only, disk_full, not_found (the directory), io.
Status write(const Journal& journal, const std::string& path);
// Errors: not_found, damaged, newer_schema, io.
Result<Journal> read(const std::string& path);
// The same, nothing where no file is there.
Result<std::optional<Journal>> find(const std::string& path);
// A path that is not there is fine.
Status remove(const std::string& path);

// The kernel's random number of this boot; "" where the tree has none.
std::string boot_id(FileTree& tree);
// It is of another boot: the kernel has forgotten what was set before.
bool is_stale(const Journal& journal, FileTree& tree);
// This process, as the journal names it.
void stamp(Journal& journal);
// True if another process that wrote it is still alive. This process's own journal is not: a guard
// that was lost without its destructor will not come back.
bool writer_is_alive(const Journal& journal);

}  // namespace isojoule::journal
