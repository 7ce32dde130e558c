#include "base/memory_tree.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace isojoule {

struct MemoryTree::Node {
  enum class Kind { directory, text, function, link, gone };
  Kind kind = Kind::directory;
  int mode = 0755;
  std::string text;  // of a text, or a link's target
  ReadFunction read;
  WriteFunction write;

  Result<std::size_t> read_into(std::span<char> buffer) const {
    if (kind == Kind::text) return copy_text(text, buffer);
    if (read) return read(buffer);
    return fail(ErrorKind::io, "this node cannot be read");
  }
};

namespace {

constexpr int kReadBits = 0444;
constexpr int kOthersRead = 0004;
constexpr int kOthersWrite = 0002;
constexpr int kOthersSearch = 0001;
constexpr int kWriteBits = 0222;
constexpr int kLinkDepth = 16;
constexpr std::size_t kNodeSize = 65536;

// "/a//b/./c/../d" -> "/a/b/d"
std::string normalised(std::string_view path) {
  std::vector<std::string_view> parts;
  std::size_t at = 0;
  while (at <= path.size()) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, slash - at);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    at = slash + 1;
  }
  std::string result;
  for (const auto part : parts) result.append("/").append(part);
  return result.empty() ? "/" : result;
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

tl::unexpected<Error> missing(std::string_view path, std::string_view tried) {
  return fail(ErrorKind::not_found, std::string(path) + ": no such file", {}, std::string(tried));
}

}  // namespace

class MemoryFile final : public File {
 public:
  MemoryFile(MemoryTree& tree, std::string path, std::shared_ptr<MemoryTree::Node> node)
      : tree_(tree), path_(std::move(path)), node_(std::move(node)) {}

 private:
  Result<std::size_t> do_read(std::span<char> buffer) override {
    if (node_->kind == MemoryTree::Node::Kind::gone) {
      auto again = tree_.nodes_.find(path_);
      if (again == tree_.nodes_.end()) return missing(path_, "read");
      node_ = again->second;
    }
    return node_->read_into(buffer);
  }
  MemoryTree& tree_;
  std::string path_;
  std::shared_ptr<MemoryTree::Node> node_;
};

MemoryTree::MemoryTree() { nodes_["/"] = std::make_shared<Node>(); }
MemoryTree::~MemoryTree() = default;

std::shared_ptr<MemoryTree::Node>& MemoryTree::place(const std::string& path) {
  const std::string clean = normalised(path);
  for (std::string up = parent_of(clean); nodes_.find(up) == nodes_.end(); up = parent_of(up))
    nodes_[up] = std::make_shared<Node>();
  auto& slot = nodes_[clean];
  if (slot) slot->kind = Node::Kind::gone;  // kept-open files look it up again
  slot = std::make_shared<Node>();
  return slot;
}

void MemoryTree::add_text(const std::string& path, std::string text, int mode) {
  auto& node = place(path);
  node->kind = Node::Kind::text;
  node->text = std::move(text);
  node->mode = mode;
}

void MemoryTree::add_node(const std::string& path, ReadFunction read, WriteFunction write,
                          int mode) {
  auto& node = place(path);
  node->kind = Node::Kind::function;
  node->read = std::move(read);
  node->write = std::move(write);
  node->mode = mode;
}

void MemoryTree::add_integer(const std::string& path, std::function<std::int64_t()> value,
                             WriteFunction write, int mode) {
  add_node(
      path,
      [value = std::move(value)](std::span<char> buffer) -> Result<std::size_t> {
        return print_integer(value(), buffer);
      },
      std::move(write), mode);
}

void MemoryTree::add_link(const std::string& path, const std::string& target) {
  auto& node = place(path);
  node->kind = Node::Kind::link;
  node->text = target;
}

void MemoryTree::add_directory(const std::string& path, int mode) {
  const std::string clean = normalised(path);
  if (nodes_.find(clean) == nodes_.end()) place(clean);
  nodes_[clean]->mode = mode;
}

void MemoryTree::remove(const std::string& path) {
  const std::string clean = normalised(path);
  for (auto it = nodes_.lower_bound(clean); it != nodes_.end();) {
    if (it->first != clean && it->first.rfind(clean + "/", 0) != 0) {
      if (it->first.rfind(clean, 0) != 0) break;
      ++it;  // "/a-b" sorts between "/a" and "/a/b"
      continue;
    }
    it->second->kind = Node::Kind::gone;
    it = nodes_.erase(it);
  }
}

void MemoryTree::set_root(bool is_root) { is_root_ = is_root; }

Result<std::string> MemoryTree::resolve(std::string_view path, int depth) const {
  if (depth > kLinkDepth) return fail(ErrorKind::io, std::string(path) + ": too many links");
  const std::string clean = normalised(path);
  // The first link on the way decides; what follows is resolved again.
  for (std::size_t slash = clean.find('/', 1);; slash = clean.find('/', slash + 1)) {
    const std::string prefix = clean.substr(0, slash);
    const auto found = nodes_.find(prefix);
    if (found == nodes_.end()) return missing(path, "look up");
    if (found->second->kind == Node::Kind::link) {
      const std::string& target = found->second->text;
      std::string next = target.front() == '/' ? target : parent_of(prefix) + "/" + target;
      if (slash != std::string::npos) next += clean.substr(slash);
      return resolve(next, depth + 1);
    }
    if (slash == std::string::npos) return clean;
    if (!is_root_ && found->second->kind == Node::Kind::directory &&
        (found->second->mode & kOthersSearch) == 0)
      return tl::unexpected<Error>(error_from_errno(EACCES, path, "look up"));
  }
}

Result<MemoryTree::Node*> MemoryTree::find(std::string_view path, const char* tried) const {
  auto clean = resolve(path);
  if (!clean) {
    clean.error().tried = tried;
    return tl::unexpected<Error>(clean.error());
  }
  return nodes_.at(*clean).get();
}

Result<std::string> MemoryTree::do_read(std::string_view path) {
  ISOJOULE_TRY(auto file, open(path));
  std::string text(kNodeSize, '\0');
  ISOJOULE_TRY(const std::size_t size, file->read(text));
  text.resize(size);
  return text;
}

Result<std::unique_ptr<File>> MemoryTree::do_open(std::string_view path) {
  ISOJOULE_TRY(std::string clean, resolve(path));
  auto& node = nodes_.at(clean);
  if (node->kind == Node::Kind::directory)
    return fail(ErrorKind::io, std::string(path) + ": is a directory", {}, "open");
  const int needed = is_root_ ? kReadBits : kOthersRead;
  if ((node->mode & needed) == 0)
    return tl::unexpected<Error>(error_from_errno(EACCES, path, "open for reading"));
  return std::make_unique<MemoryFile>(*this, std::move(clean), node);
}

Status MemoryTree::do_write(std::string_view path, std::string_view text) {
  ISOJOULE_TRY(Node * node, find(path, "open for writing"));
  if (node->kind == Node::Kind::directory)
    return fail(ErrorKind::io, std::string(path) + ": is a directory", {}, "write");
  const int needed = is_root_ ? kWriteBits : kOthersWrite;
  if ((node->mode & needed) == 0)
    return tl::unexpected<Error>(error_from_errno(EACCES, path, "open for writing"));
  if (node->kind == Node::Kind::text) {
    node->text = std::string(text);
    return {};
  }
  if (!node->write) return tl::unexpected<Error>(error_from_errno(EINVAL, path, "write"));
  return node->write(text);
}

Result<std::vector<std::string>> MemoryTree::do_list(std::string_view path) {
  ISOJOULE_TRY(const std::string clean, resolve(path));
  if (nodes_.at(clean)->kind != Node::Kind::directory)
    return fail(ErrorKind::io, std::string(path) + ": is not a directory", {}, "list");
  if (!is_root_ && (nodes_.at(clean)->mode & kOthersRead) == 0)
    return tl::unexpected<Error>(error_from_errno(EACCES, path, "list"));
  const std::string prefix = clean == "/" ? "/" : clean + "/";
  std::vector<std::string> names;
  for (auto it = nodes_.upper_bound(prefix); it != nodes_.end() && it->first.rfind(prefix, 0) == 0;
       ++it)
    if (it->first.find('/', prefix.size()) == std::string::npos)
      names.push_back(it->first.substr(prefix.size()));
  return names;
}

bool MemoryTree::do_exists(std::string_view path) { return resolve(path).has_value(); }

Result<std::string> MemoryTree::do_canonical(std::string_view path) { return resolve(path); }

void MemoryTree::add_program(const std::string& name, RunFunction run) {
  programs_[name] = std::move(run);
}

Result<std::string> MemoryTree::do_run(const std::vector<std::string>& command, Duration) {
  if (command.empty()) return fail(ErrorKind::invalid, "no program was named");
  const auto found = programs_.find(command[0]);
  if (found == programs_.end())
    return fail(ErrorKind::not_found, command[0] + ": this program is not installed", {}, "run");
  return found->second(command);
}

std::map<std::string, std::string> MemoryTree::snapshot() {
  std::map<std::string, std::string> texts;
  for (const auto& [path, node] : nodes_) {
    if (node->kind == Node::Kind::directory) continue;
    if (node->kind == Node::Kind::link) {
      texts[path] = "-> " + node->text;
      continue;
    }
    std::string text(kNodeSize, '\0');
    const auto size = node->read_into(text);
    if (size) text.resize(*size);
    texts[path] = size ? text : "!" + std::string(name_of(size.error().kind));
  }
  return texts;
}

std::size_t copy_text(std::string_view text, std::span<char> buffer) {
  const std::size_t size = std::min(text.size(), buffer.size());
  std::memcpy(buffer.data(), text.data(), size);
  return size;
}

std::size_t print_integer(std::int64_t value, std::span<char> buffer) {
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::size_t size = static_cast<std::size_t>(end - buffer.data());
  if (size < buffer.size()) buffer[size++] = '\n';
  return size;
}

}  // namespace isojoule
