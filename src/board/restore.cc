#include "board/restore.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/text.h"
#include "base/text_file.h"
#include "board/journal_file.h"
#include "board/keeper.h"

namespace isojoule {
namespace {

// Two are enough for a pair of limits, one more for a policy that comes back with its core.
constexpr int kPasses = 4;

class Restoring {
 public:
  Restoring(FileTree& tree, const std::vector<SavedNode>& nodes) : tree_(tree), nodes_(nodes) {}

  Result<std::vector<std::string>> run() {
    for (int pass = 0; pass < kPasses; ++pass) {
      make_pass(pass == 0);
      if (failed_ > 0 || !all_are_back()) continue;
      if (lost_) return tl::unexpected<Error>(*lost_);
      return std::move(written_);
    }
    if (!first_)
      return fail(ErrorKind::not_reached, "the board's nodes do not stay as they are written back",
                  "Look for another program that sets them (nvpmodel, jetson_clocks)", "restore");
    if (failed_ > 1) first_->what += " (and " + std::to_string(failed_ - 1) + " other nodes)";
    return tl::unexpected<Error>(*first_);
  }

 private:
  // Writing one node may move another (a governor, a core that comes back), so only a pass after
  // which every node says what it said is the end.
  void make_pass(bool is_first) {
    first_.reset();
    failed_ = 0;
    for (const SavedNode& node : nodes_) {
      if (!node.settles) {
        if (is_first) hand_back(node);
        continue;
      }
      const Status status = restore(node);
      if (status) continue;
      if (!first_) first_ = status.error();
      ++failed_;
    }
  }

  // Nothing shows later whether it arrived, so that a refusal is kept to the end.
  void hand_back(const SavedNode& node) {
    if (!is_taken(node)) return;
    if (const Status status = write(node); !status && !lost_) lost_ = status.error();
  }

  bool is_taken(const SavedNode& node) {
    const auto other = std::find_if(nodes_.begin(), nodes_.end(),
                                    [&](const SavedNode& one) { return one.path == node.follows; });
    if (node.follows.empty() || other == nodes_.end()) return true;
    const auto now = read_line(tree_, node.follows);
    return !now || *now != other->text;  // one that cannot be read may have been turned
  }

  static const std::string& shown_by(const SavedNode& node) {
    return node.shown.empty() ? node.path : node.shown;
  }

  Status write(const SavedNode& node) {
    ISOJOULE_CHECK(tree_.write(node.path, node.text));
    if (seen_.insert(node.path).second) written_.push_back(node.path);
    return {};
  }

  Status restore(const SavedNode& node) {
    ISOJOULE_TRY(const std::string before, read_line(tree_, shown_by(node)));
    if (before == node.text) return {};
    ISOJOULE_CHECK(write(node));
    ISOJOULE_TRY(const std::string after, read_line(tree_, shown_by(node)));
    if (after == node.text) return {};
    return fail(
        ErrorKind::not_reached,
        node.path + ": '" + node.text + "' was written back and it still reads '" + after + "'",
        "Look for another program that sets it (nvpmodel, jetson_clocks)", "restore");
  }

  bool all_are_back() {
    return std::all_of(nodes_.begin(), nodes_.end(), [&](const SavedNode& node) {
      if (!node.settles) return true;
      const auto text = read_line(tree_, shown_by(node));
      return text && *text == node.text;
    });
  }

  FileTree& tree_;
  const std::vector<SavedNode>& nodes_;
  std::vector<std::string> written_;
  std::set<std::string> seen_;
  std::optional<Error> first_;  // of the present pass
  std::optional<Error> lost_;   // of a node that does not settle
  int failed_ = 0;
};

}  // namespace

Result<std::vector<std::string>> restore_nodes(FileTree& tree,
                                               const std::vector<SavedNode>& nodes) {
  return Restoring(tree, nodes).run();
}

Result<std::vector<std::string>> restore_after_restart(FileTree& tree,
                                                       const std::vector<SavedNode>& nodes) {
  using Lasts = SavedNode::Lasts;
  const bool differs = std::any_of(nodes.begin(), nodes.end(), [&](const SavedNode& node) {
    if (node.lasts != Lasts::disk) return false;
    const auto now = read_line(tree, node.path);
    return !now || *now != node.text;
  });
  std::vector<SavedNode> own;
  if (differs)
    std::copy_if(nodes.begin(), nodes.end(), std::back_inserter(own),
                 [](const SavedNode& node) { return node.lasts != Lasts::boot; });
  return restore_nodes(tree, own);
}

namespace {

tl::unexpected<Error> still_running(const journal::Journal& old, const std::string& path) {
  return fail(ErrorKind::busy,
              path + ": the program that set this board is still running (process " +
                  std::to_string(old.process) + (old.command.empty() ? "" : ", " + old.command) +
                  ")",
              "Wait for its end, or stop it: it restores the board");
}

}  // namespace

Result<std::optional<LeftBehind>> left_behind(const std::string& path) {
  ISOJOULE_TRY(const auto old, journal::find(path));
  if (!old || journal::writer_is_alive(*old)) return std::optional<LeftBehind>();
  LeftBehind left{old->command, old->since, old->held, {}};
  if (const auto said = read_text_file(path + kKeeperErrorSuffix)) left.kept_from = trimmed(*said);
  return std::optional(std::move(left));
}

Result<RestoreOutcome> restore_journal(FileTree& tree, const std::string& path,
                                       const RestoreWish& wish) {
  ISOJOULE_TRY(const auto found, journal::find(path));
  if (!found) return RestoreOutcome{};
  const journal::Journal& old = *found;
  RestoreOutcome outcome;
  outcome.board = old.board;
  outcome.command = old.command;
  outcome.since = old.since;
  if (journal::is_stale(old, tree)) {
    ISOJOULE_TRY(outcome.written, restore_after_restart(tree, old.first_nodes()));
    outcome.kind = RestoreOutcome::Kind::stale;
  } else {
    if (!wish.is_dead && journal::writer_is_alive(old)) return still_running(old, path);
    const bool keeps = wish.keep_held && !old.below.empty();
    ISOJOULE_TRY(outcome.written, restore_nodes(tree, keeps ? old.nodes : old.first_nodes()));
    outcome.kind = RestoreOutcome::Kind::done;
    if (keeps) {
      ISOJOULE_CHECK(journal::write(old.below.front(), path));
      return outcome;
    }
  }
  ISOJOULE_CHECK(journal::remove(path));
  return outcome;
}

}  // namespace isojoule
