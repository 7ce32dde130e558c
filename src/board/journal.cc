#include "board/journal.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "board/journal_file.h"

namespace isojoule {
namespace {

constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";
// Two are enough for a pair of limits, one more for a policy that comes back with its core.
constexpr int kPasses = 4;

std::string boot_id(FileTree& tree) {
  const auto id = read_line(tree, kBootId);
  return id ? *id : std::string();
}

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

// Ok when the node says what it said.
Status restore_node(FileTree& tree, const SavedNode& node) {
  ISOJOULE_TRY(const std::string before, read_line(tree, node.path));
  if (before == node.text) return {};
  ISOJOULE_CHECK(tree.write(node.path, node.text));
  ISOJOULE_TRY(const std::string after, read_line(tree, node.path));
  if (after == node.text) return {};
  return fail(
      ErrorKind::not_reached,
      node.path + ": '" + node.text + "' was written back and it still reads '" + after + "'",
      "Look for another program that sets it (nvpmodel, jetson_clocks)", "restore");
}

// Writing one node may move another (a governor, a core that comes back), so only a pass in which
// every node already says what it said is the end.
Status restore_nodes(FileTree& tree, const std::vector<SavedNode>& nodes) {
  std::optional<Error> first;
  for (int pass = 0; pass < kPasses; ++pass) {
    first.reset();
    for (const auto& node : nodes) {
      const auto status = restore_node(tree, node);
      if (!status && !first) first = status.error();
    }
    const bool same = std::all_of(nodes.begin(), nodes.end(), [&](const SavedNode& node) {
      const auto text = read_line(tree, node.path);
      return text && *text == node.text;
    });
    if (same) return {};
  }
  if (first) return tl::unexpected<Error>(*first);
  return fail(ErrorKind::not_reached, "the board's nodes do not stay as they are written back",
              "Look for another program that sets them (nvpmodel, jetson_clocks)", "restore");
}

// An earlier program's journal.
Status settle_old_journal(Board& board, const std::string& path) {
  ISOJOULE_TRY(const journal::Journal old, journal::read(path));
  const std::string now = boot_id(*board.tree);
  // The kernel has forgotten what was set before a reboot.
  if (!old.boot_id.empty() && !now.empty() && old.boot_id != now) return journal::remove(path);
  if (old.board != board.file.name)
    return fail(ErrorKind::invalid,
                path + ": the journal is of the board '" + old.board + "', this is '" +
                    board.file.name + "'",
                "Restore that board first, or name another journal");
  if (journal::writer_is_alive(old))
    return fail(ErrorKind::busy,
                path + ": the program that set this board is still running (process " +
                    std::to_string(old.process) + ")",
                "Wait for its end, or stop it");
  ISOJOULE_CHECK(restore_nodes(*board.tree, old.nodes));
  return journal::remove(path);
}

}  // namespace

BoardGuard::BoardGuard(Board& board, std::string path, std::vector<SavedNode> nodes)
    : board_(board), path_(std::move(path)), nodes_(std::move(nodes)) {}

Result<std::unique_ptr<BoardGuard>> BoardGuard::take(Board& board, const std::string& path) {
  std::error_code code;
  if (std::filesystem::exists(path, code)) ISOJOULE_CHECK(settle_old_journal(board, path));
  if (code) return tl::unexpected<Error>(error_from_errno(code.value(), path, "look up"));
  journal::Journal journal;
  journal.board = board.file.name;
  journal.boot_id = boot_id(*board.tree);
  journal::stamp(journal);
  ISOJOULE_TRY(journal.nodes, save_nodes(board));
  ISOJOULE_CHECK(journal::write(journal, path));
  return std::unique_ptr<BoardGuard>(new BoardGuard(board, path, std::move(journal.nodes)));
}

BoardGuard::~BoardGuard() { (void)restore(); }  // what fails is still in the journal

Status BoardGuard::restore() {
  if (done_) return {};
  ISOJOULE_CHECK(restore_nodes(*board_.tree, nodes_));
  ISOJOULE_CHECK(journal::remove(path_));
  done_ = true;
  return {};
}

}  // namespace isojoule
