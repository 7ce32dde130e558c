#include "board/journal_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/file_tree.h"
#include "board/keeper.h"
#include "board/process_start.h"

namespace isojoule::journal {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "isojoule journal";

tl::unexpected<Error> system_error(const std::string& path, const char* tried) {
  return tl::unexpected<Error>(error_from_errno(errno, path, tried));
}

Status sync_directory(const std::string& path) {
  std::string directory = std::filesystem::path(path).parent_path().string();
  if (directory.empty()) directory = ".";
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return system_error(directory, "open");
  const int result = ::fsync(descriptor);
  const int number = errno;
  ::close(descriptor);
  if (result == 0 || number == EINVAL) return {};  // EINVAL: a file system that has no such thing
  errno = number;
  return system_error(directory, "fsync");
}

Status write_whole(int descriptor, const std::string& text, const std::string& path) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t size = ::write(descriptor, text.data() + at, text.size() - at);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return system_error(path, "write");
    at += static_cast<std::size_t>(size);
  }
  if (::fsync(descriptor) != 0) return system_error(path, "fsync");
  return {};
}

constexpr std::array<const char*, 3> kLasts = {"boot", "disk", "from_disk"};

SavedNode node_from(const json& from) {
  SavedNode node;
  node.path = from.at("path").get<std::string>();
  node.text = from.at("text").get<std::string>();
  node.settles = from.value("settles", true);
  node.follows = from.value("follows", std::string());
  node.shown = from.value("shown", std::string());
  const std::string lasts = from.value("lasts", std::string(kLasts[0]));
  for (std::size_t i = 0; i < kLasts.size(); ++i)
    if (lasts == kLasts[i]) node.lasts = static_cast<SavedNode::Lasts>(i);
  return node;
}

json json_of(const SavedNode& node) {
  json out = {{"path", node.path}, {"text", node.text}, {"settles", node.settles}};
  if (!node.follows.empty()) out["follows"] = node.follows;
  if (!node.shown.empty()) out["shown"] = node.shown;
  if (node.lasts != SavedNode::Lasts::boot)
    out["lasts"] = kLasts[static_cast<std::size_t>(node.lasts)];
  return out;
}

json json_of(const Journal& journal) {
  json nodes = json::array();
  for (const auto& node : journal.nodes) nodes.push_back(json_of(node));
  json root = {{"format", kFormat},
               {"schema", kSchema},
               {"board", journal.board},
               {"boot_id", journal.boot_id},
               {"process", {{"id", journal.process}, {"start_ticks", journal.process_start}}},
               {"command", journal.command},
               {"since", journal.since},
               {"held", journal.held},
               {"nodes", nodes}};
  if (!journal.below.empty()) root["below"] = json_of(journal.below.front());
  return root;
}

Journal from_json(const json& root) {
  Journal journal;
  journal.board = root.at("board").get<std::string>();
  journal.boot_id = root.at("boot_id").get<std::string>();
  journal.process = root.at("process").at("id").get<std::int64_t>();
  journal.process_start = root.at("process").at("start_ticks").get<std::int64_t>();
  // What schema 1 did not have.
  journal.command = root.value("command", std::string());
  journal.since = root.value("since", std::string());
  journal.held = root.value("held", false);
  for (const auto& node : root.at("nodes")) journal.nodes.push_back(node_from(node));
  if (root.contains("below")) journal.below.push_back(from_json(root.at("below")));
  return journal;
}

tl::unexpected<Error> damaged(const std::string& path, const std::string& why) {
  return fail(
      ErrorKind::damaged, path + ": the journal is damaged: " + why,
      "Nothing was written. Set the board's clocks back by hand (a reboot does it too), then "
      "remove the file");
}

}  // namespace

std::vector<SavedNode> Journal::first_nodes() const {
  std::vector<SavedNode> first;
  if (!below.empty()) first = below.front().first_nodes();
  add_missing(first, nodes);
  return first;
}

void add_missing(std::vector<SavedNode>& nodes, const std::vector<SavedNode>& more) {
  std::set<std::string> known;
  for (const auto& node : nodes) known.insert(node.path);
  for (const auto& node : more)
    if (known.insert(node.path).second) nodes.push_back(node);
}

Status write(const Journal& journal, const std::string& path) {
  const std::string text =
      json_of(journal).dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  const std::string temporary = path + ".new";
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return system_error(temporary, "create");
  Status status = write_whole(descriptor, text, temporary);
  ::close(descriptor);
  if (status && ::rename(temporary.c_str(), path.c_str()) != 0)
    status = system_error(path, "rename");
  if (!status) {
    ::unlink(temporary.c_str());
    return status;
  }
  return sync_directory(path);
}

Result<Journal> read(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in) return system_error(path, "open");
  text << in.rdbuf();
  const json root = json::parse(text.str(), nullptr, false);
  if (!root.is_object()) return damaged(path, "it is not JSON");
  try {
    if (root.at("format").get<std::string>() != kFormat) return damaged(path, "it is another file");
    const int schema = root.at("schema").get<int>();
    if (schema > kSchema)
      return fail(ErrorKind::newer_schema,
                  path + ": the journal has schema " + std::to_string(schema) + ", known is " +
                      std::to_string(kSchema),
                  "Restore with the version of isojoule that wrote it");
    return from_json(root);
  } catch (const json::exception& e) {
    return damaged(path, e.what());
  }
}

Result<std::optional<Journal>> find(const std::string& path) {
  std::error_code code;
  const bool is_there = std::filesystem::exists(path, code);
  if (code) return tl::unexpected<Error>(error_from_errno(code.value(), path, "look up"));
  if (!is_there) return std::optional<Journal>();
  ISOJOULE_TRY(Journal journal, read(path));
  return std::optional(std::move(journal));
}

Status remove(const std::string& path) {
  ::unlink((path + kKeeperErrorSuffix).c_str());
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return system_error(path, "remove");
  }
  return sync_directory(path);
}

std::string boot_id(FileTree& tree) {
  const auto id = read_line(tree, "/proc/sys/kernel/random/boot_id");
  return id ? *id : std::string();
}

bool is_stale(const Journal& journal, FileTree& tree) {
  const std::string now = boot_id(tree);
  return !journal.boot_id.empty() && !now.empty() && journal.boot_id != now;
}

void stamp(Journal& journal) {
  journal.process = ::getpid();
  journal.process_start = process_start_of(journal.process);
}

bool writer_is_alive(const Journal& journal) {
  if (journal.process <= 0 || journal.process == ::getpid()) return false;
  const std::int64_t start = process_start_of(journal.process);
  return start != 0 && start == journal.process_start;
}

}  // namespace isojoule::journal
