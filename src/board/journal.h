// The way back: what every node said before the first write, on disk before that write happens, and
// written back at the end.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "board/board.h"

namespace isojoule {

// Saves the nodes of every knob of the board into `path` (JSON, fsync'ed, with the board's name and
// the boot id) before it returns; restores them when it is destroyed, or by restore(), and then
// removes the file. Where `path` exists already, an earlier program died: its nodes are restored
// first (unless it is of another boot: then it is only removed). The board must outlive it.
//
// Errors of take(): busy (the program that wrote the journal is still there), damaged,
// newer_schema, invalid (the journal is another board's), those of reading and writing nodes, and
// of the file.
//
// Order: knobs in reverse of the board file's, each knob's nodes as its save() gives them, in
// passes until nothing differs: what one pass cannot write (a minimum above the present maximum, a
// policy whose cores are still offline) the next one can.
class BoardGuard {
 public:
  static Result<std::unique_ptr<BoardGuard>> take(Board& board, const std::string& path);
  ~BoardGuard();
  BoardGuard(const BoardGuard&) = delete;
  BoardGuard& operator=(const BoardGuard&) = delete;

  // Writes back whatever differs, verifies each, removes the journal. All nodes
  // are tried; the first error is returned and the journal then stays.
  Status restore();

 private:
  BoardGuard(Board& board, std::string path, std::vector<SavedNode> nodes);
  Board& board_;
  std::string path_;
  std::vector<SavedNode> nodes_;
  bool done_ = false;
};

}  // namespace isojoule
