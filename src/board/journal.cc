#include "board/journal.h"

#include <algorithm>
#include <map>

#include "base/wall_time.h"
#include "board/journal_file.h"
#include "board/restore.h"

namespace isojoule {
namespace {

// Every node once, in the order in which it is to be written back.
Result<std::vector<SavedNode>> save_nodes(const Board& board) {
  std::vector<SavedNode> nodes;
  std::map<std::string, std::size_t> seen;
  for (auto knob = board.knobs.rbegin(); knob != board.knobs.rend(); ++knob) {
    ISOJOULE_TRY(auto saved, (*knob)->save());
    for (auto& node : saved) {
      const auto [known, is_new] = seen.try_emplace(node.path, nodes.size());
      if (is_new)
        nodes.push_back(std::move(node));
      else if (node.lasts != SavedNode::Lasts::boot)
        nodes[known->second].lasts = node.lasts;
    }
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

// An earlier program's journal: what it left is put back. The held one that is taken over, if any.
Result<std::vector<journal::Journal>> settle_old_journal(Board& board,
                                                         const GuardOptions& options) {
  std::vector<journal::Journal> held;
  ISOJOULE_TRY(const auto found, journal::find(options.journal));
  if (!found) return held;
  const journal::Journal& old = *found;
  const bool is_stale = journal::is_stale(old, *board.tree);
  if (!is_stale) ISOJOULE_CHECK(check_board(old, board, options.journal));
  if (is_stale || !old.held)
    ISOJOULE_CHECK(restore_journal(*board.tree, options.journal, {.keep_held = true}));
  if (is_stale || (!old.held && old.below.empty())) return held;
  held.push_back(old.held ? old : old.below.front());
  if (!options.take_over_held) return held_by(held.front());
  return held;
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

BoardGuard::BoardGuard(Board& board, GuardOptions options, BoardLock lock)
    : board_(board), options_(std::move(options)), lock_(std::move(lock)) {}

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
  if (has_journal()) {
    ISOJOULE_TRY(below_, settle_old_journal(board_, options_));
  }
  ISOJOULE_TRY(nodes_, save_nodes(board_));
  // The keeper first: a program that dies between the two then leaves no journal behind.
  if (!options_.keeper_program.empty()) {
    ISOJOULE_TRY(keeper_, Keeper::start(keeper_options()));
  }
  if (has_journal()) {
    journal::Journal journal = journal_of(board_, options_, nodes_);
    journal.below = below_;
    ISOJOULE_CHECK(journal::write(journal, options_.journal));
  }
  done_ = false;
  return {};
}

KeeperOptions BoardGuard::keeper_options() const {
  return {options_.keeper_program, options_.root, options_.journal, options_.lock, 0, 0};
}

BoardGuard::~BoardGuard() {
  if (!restore() && keeper_) keeper_->abandon();  // what fails is still in the journal
}

Status BoardGuard::restore() {
  if (done_) return {};
  ISOJOULE_CHECK(restore_nodes(*board_.tree, nodes_));
  if (has_journal()) ISOJOULE_CHECK(leave_journal());
  done_ = true;
  keeper_.reset();
  return {};
}

Status BoardGuard::leave_journal() {
  return below_.empty() ? journal::remove(options_.journal)
                        : journal::write(below_.front(), options_.journal);
}

Error BoardGuard::restore_after(Error error) {
  const Status status = restore();
  if (status) return error;
  error.what += "; and the board was not put back: " + status.error().what;
  error.remedy += (error.remedy.empty() ? "" : ". ") + std::string("Run isojoule restore");
  return error;
}

Status BoardGuard::hold() {
  if (!has_journal())
    return fail(ErrorKind::unsupported, "without a journal the board cannot be left as it is");
  journal::Journal journal = journal_of(board_, options_, nodes_);
  journal.below = below_;
  journal.nodes = journal.first_nodes();
  if (!below_.empty()) journal.command = below_.front().command + ", then " + journal.command;
  journal.below.clear();
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
