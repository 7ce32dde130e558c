#include "board/restore.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "board/journal_file.h"

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
      if (failed_ == 0 && all_are_back()) return std::move(written_);
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
      if (!node.settles && !is_first) continue;
      const Status status = node.settles ? restore(node) : write(node);
      if (status) continue;
      if (!first_) first_ = status.error();
      ++failed_;
    }
  }

  Status write(const SavedNode& node) {
    ISOJOULE_CHECK(tree_.write(node.path, node.text));
    if (seen_.insert(node.path).second) written_.push_back(node.path);
    return {};
  }

  Status restore(const SavedNode& node) {
    ISOJOULE_TRY(const std::string before, read_line(tree_, node.path));
    if (before == node.text) return {};
    ISOJOULE_CHECK(write(node));
    ISOJOULE_TRY(const std::string after, read_line(tree_, node.path));
    if (after == node.text) return {};
    return fail(
        ErrorKind::not_reached,
        node.path + ": '" + node.text + "' was written back and it still reads '" + after + "'",
        "Look for another program that sets it (nvpmodel, jetson_clocks)", "restore");
  }

  bool all_are_back() {
    return std::all_of(nodes_.begin(), nodes_.end(), [&](const SavedNode& node) {
      if (!node.settles) return true;
      const auto text = read_line(tree_, node.path);
      return text && *text == node.text;
    });
  }

  FileTree& tree_;
  const std::vector<SavedNode>& nodes_;
  std::vector<std::string> written_;
  std::set<std::string> seen_;
  std::optional<Error> first_;  // of the present pass
  int failed_ = 0;
};

}  // namespace

Result<std::vector<std::string>> restore_nodes(FileTree& tree,
                                               const std::vector<SavedNode>& nodes) {
  return Restoring(tree, nodes).run();
}

Result<RestoreOutcome> restore_journal(FileTree& tree, const std::string& path, bool dead) {
  std::error_code code;
  if (!std::filesystem::exists(path, code)) {
    if (code) return tl::unexpected<Error>(error_from_errno(code.value(), path, "look up"));
    return RestoreOutcome{};
  }
  ISOJOULE_TRY(const journal::Journal old, journal::read(path));
  RestoreOutcome outcome;
  outcome.board = old.board;
  outcome.command = old.command;
  outcome.since = old.since;
  const std::string now = journal::boot_id(tree);
  if (!old.boot_id.empty() && !now.empty() && old.boot_id != now) {
    outcome.kind = RestoreOutcome::Kind::stale;
  } else {
    if (!dead && journal::writer_is_alive(old))
      return fail(ErrorKind::busy,
                  path + ": the program that set this board is still running (process " +
                      std::to_string(old.process) +
                      (old.command.empty() ? "" : ", " + old.command) + ")",
                  "Wait for its end, or stop it: it restores the board");
    ISOJOULE_TRY(outcome.written, restore_nodes(tree, old.nodes));
    outcome.kind = RestoreOutcome::Kind::done;
  }
  ISOJOULE_CHECK(journal::remove(path));
  return outcome;
}

}  // namespace isojoule
