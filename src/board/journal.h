// The way back: what every node said before the first write, on disk before that write happens, and
// written back at the end, whoever is left to do it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "board/board.h"
#include "board/board_lock.h"
#include "board/keeper.h"

namespace isojoule {

namespace journal {
struct Journal;
}

struct GuardOptions {
  // Implicit: a journal alone is a guard without lock and keeper, for trees that die with the
  // process.
  GuardOptions(std::string journal_path) : journal(std::move(journal_path)) {}  // NOLINT
  GuardOptions(const char* journal_path) : journal(journal_path) {}             // NOLINT
  std::string journal;              // "" = another process keeps the way back (isojouled)
  std::string lock = {};            // "" = none
  std::string keeper_program = {};  // the isojoule program; "" = no keeper
  std::string root = {};            // of the tree, as the keeper opens it
  std::string command = {};         // what other programs and `isojoule restore` are told
  // A board that `isojoule apply` holds is taken over: restore() leads back to what that one set,
  // and hold() keeps what was before it as the way back. Otherwise it is busy.
  bool take_over_held = false;
};

// Saves the nodes of every knob of the board into the journal (JSON, fsync'ed, with the board's
// name and the boot id) and starts the keeper before it returns; restores the nodes when it is
// destroyed, or by restore(), and then removes the journal. Where a journal is there already, an
// earlier program died: its nodes are restored first (of another boot's, only what outlives a
// restart). A restore that fails in the destructor is left to the keeper, which tries again. The
// board must outlive it.
//
// Errors of take(): busy (another program sets the board, or one holds it; it is named), damaged,
// newer_schema, invalid (the journal is another board's), those of reading and writing nodes, and
// of the files.
//
// Order: knobs in reverse of the board file's, each knob's nodes as its save() gives them; see
// board/restore.h for the passes.
class BoardGuard {
 public:
  static Result<std::unique_ptr<BoardGuard>> take(Board& board, const GuardOptions& options);
  ~BoardGuard();
  BoardGuard(const BoardGuard&) = delete;
  BoardGuard& operator=(const BoardGuard&) = delete;

  // Writes back whatever differs, verifies each, removes the journal, sends the keeper home. All
  // nodes are tried; the first error is returned and the journal then stays.
  Status restore();
  // After a failure: restores, and adds to `error` what kept it from that, if anything did.
  Error restore_after(Error error);
  // Leaves the board as it is now, for `isojoule restore` to undo. Errors: of the journal;
  // unsupported (without one).
  Status hold();
  // Starts another keeper where somebody killed it. Cheap; call it now and then.
  Status check_keeper();

  const std::vector<SavedNode>& nodes() const { return nodes_; }

 private:
  BoardGuard(Board& board, GuardOptions options, BoardLock lock);
  Status begin();
  Status leave_journal();
  KeeperOptions keeper_options() const;
  bool has_journal() const { return !options_.journal.empty(); }

  Board& board_;
  GuardOptions options_;
  BoardLock lock_;
  std::unique_ptr<Keeper> keeper_;
  std::vector<SavedNode> nodes_;
  std::vector<journal::Journal> below_;  // taken over: none or one
  bool done_ = false;
};

}  // namespace isojoule
