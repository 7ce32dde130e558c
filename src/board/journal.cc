#include "board/journal.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/wall_time.h"
#include "board/journal_file.h"
#include "board/restore.h"

namespace isojoule {
namespace {

// Every node once, in the order in which it is to be written back.
Result<std::vector<SavedNode>> save_nodes(const Board& board) {
  std::vector<SavedNode> nodes;
  std::set<std::string> seen;
  for (auto knob = board.knobs.rbegin(); knob != board.knobs.rend(); ++knob) {
    ISOJOULE_TRY(auto saved, (*knob)->save());
    for (auto& node : saved)
      if (seen.insert(node.path).second) nodes.push_back(std::move(node));
  }
  return nodes;
}

Status check_board(const journal::Journal& old, const Board& board, const std::string& path) {
  if (old.board == board.file.name) return {};
  return fail(
      ErrorKind::invalid,
      path + ": the journal is of the board '" + old.board + "', this is '" + board.file.name + "'",
      "Restore that board first (isojoule restore), or name another journal");
}

tl::unexpected<Error> held_by(const journal::Journal& old) {
  return fail(
      ErrorKind::busy,
      "the board is held by " + old.command + (old.since.empty() ? "" : " since " + old.since),
      "Undo it first: isojoule restore");
}

// An earlier program's journal. Where it holds the board and may be taken over, its nodes go on
// being the way back.
Status settle_old_journal(Board& board, const GuardOptions& options,
                          std::vector<SavedNode>& taken_over) {
  std::error_code code;
  if (!std::filesystem::exists(options.journal, code)) {
    if (code)
      return tl::unexpected<Error>(error_from_errno(code.value(), options.journal, "look up"));
    return {};
  }
  ISOJOULE_TRY(const journal::Journal old, journal::read(options.journal));
  const std::string now = journal::boot_id(*board.tree);
  // The kernel has forgotten what was set before a reboot.
  if (!old.boot_id.empty() && !now.empty() && old.boot_id != now)
    return journal::remove(options.journal);
  ISOJOULE_CHECK(check_board(old, board, options.journal));
  if (old.held && !options.take_over_held) return held_by(old);
  if (old.held) {
    taken_over = old.nodes;
    return {};
  }
  ISOJOULE_CHECK(restore_journal(*board.tree, options.journal));
  return {};
}

void add_missing(std::vector<SavedNode>& nodes, std::vector<SavedNode> more) {
  std::set<std::string> known;
  for (const auto& node : nodes) known.insert(node.path);
  for (auto& node : more)
    if (known.insert(node.path).second) nodes.push_back(std::move(node));
}

journal::Journal journal_of(const Board& board, const GuardOptions& options,
                            std::vector<SavedNode> nodes) {
  journal::Journal journal;
  journal.board = board.file.name;
  journal.boot_id = journal::boot_id(*board.tree);
  journal.command = options.command;
  journal.since = wall_time_now();
  journal::stamp(journal);
  journal.nodes = std::move(nodes);
  return journal;
}

}  // namespace

Result<std::unique_ptr<BoardGuard>> BoardGuard::take(Board& board, const GuardOptions& options) {
  BoardLock lock;
  if (!options.lock.empty()) {
    ISOJOULE_TRY(lock, BoardLock::take(options.lock, options.command));
  }
  std::unique_ptr<BoardGuard> guard(new BoardGuard(board, options, std::move(lock)));
  guard->done_ = true;  // until there is something to restore
  ISOJOULE_CHECK(guard->begin());
  return guard;
}

Status BoardGuard::begin() {
  if (has_journal()) ISOJOULE_CHECK(settle_old_journal(board_, options_, nodes_));
  ISOJOULE_TRY(auto now, save_nodes(board_));
  add_missing(nodes_, std::move(now));
  // The keeper first: a program that dies between the two then leaves no journal behind.
  if (!options_.keeper_program.empty()) {
    ISOJOULE_TRY(keeper_, Keeper::start(keeper_options()));
  }
  if (has_journal())
    ISOJOULE_CHECK(journal::write(journal_of(board_, options_, nodes_), options_.journal));
  done_ = false;
  return {};
}

KeeperOptions BoardGuard::keeper_options() const {
  return {options_.keeper_program, options_.root, options_.journal, options_.lock, 0, 0};
}

BoardGuard::~BoardGuard() { (void)restore(); }  // what fails is still in the journal

Status BoardGuard::restore() {
  if (done_) return {};
  ISOJOULE_CHECK(restore_nodes(*board_.tree, nodes_));
  if (has_journal()) ISOJOULE_CHECK(journal::remove(options_.journal));
  done_ = true;
  keeper_.reset();
  return {};
}

Status BoardGuard::hold() {
  if (!has_journal())
    return fail(ErrorKind::unsupported, "without a journal the board cannot be left as it is");
  journal::Journal journal = journal_of(board_, options_, nodes_);
  journal.held = true;
  journal.process = 0;  // nobody who could be alive
  ISOJOULE_CHECK(journal::write(journal, options_.journal));
  done_ = true;
  keeper_.reset();
  return {};
}

Status BoardGuard::check_keeper() {
  if (!keeper_ || keeper_->is_alive()) return {};
  ISOJOULE_TRY(keeper_, Keeper::start(keeper_options()));
  return {};
}

}  // namespace isojoule
