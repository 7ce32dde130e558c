#include "app/helper/client_tree.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace isojoule::helper {
namespace {

// The helper rehearses every knob before it greets, and restores the whole board before it answers
// `bye`; some nodes take 2 s.
constexpr timeval kPatience{20, 0};

// A program that sets the board needs rights of its own. Without it the knob uses the nodes.
constexpr std::string_view kSettingProgram = "nvpmodel";

bool is_refused(const Error& error) { return error.kind == ErrorKind::permission_denied; }

// Reads from the start each time, as the tree's own files do.
class PassedFile final : public File {
 public:
  PassedFile(Descriptor node, std::string path) : node_(std::move(node)), path_(std::move(path)) {}

 private:
  Result<std::size_t> do_read(std::span<char> buffer) override {
    for (;;) {
      const ssize_t size = ::pread(node_.get(), buffer.data(), buffer.size(), 0);
      if (size >= 0) return static_cast<std::size_t>(size);
      if (errno != EINTR) return tl::unexpected<Error>(error_from_errno(errno, path_, "read"));
    }
  }
  Descriptor node_;
  std::string path_;
};

Result<std::string> read_all(const Descriptor& node, std::string_view path) {
  std::string text;
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t size =
        ::pread(node.get(), chunk.data(), chunk.size(), static_cast<off_t>(text.size()));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return tl::unexpected<Error>(error_from_errno(errno, path, "read"));
    if (size == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

// The entries of a folder, as far as a sorted list of paths tells them.
void add_entries(const std::set<std::string, std::less<>>& paths, const std::string& folder,
                 std::set<std::string>& entries) {
  for (auto path = paths.lower_bound(folder); path != paths.end() && path->starts_with(folder);
       ++path)
    entries.insert(path->substr(folder.size(), path->find('/', folder.size()) - folder.size()));
}

}  // namespace

Result<std::unique_ptr<ClientTree>> ClientTree::connect(const std::string& socket, FileTree& tree) {
  ISOJOULE_TRY(Descriptor connection, connect_to(socket));
  ::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  std::unique_ptr<ClientTree> client(new ClientTree(socket, std::move(connection), tree));
  ISOJOULE_CHECK(client->greet());
  return client;
}

Status ClientTree::greet() {
  Request hello;
  ISOJOULE_TRY(Answer answer, ask(hello));
  board_ = std::move(answer.reply.board);
  readable_ = {answer.reply.readable.begin(), answer.reply.readable.end()};
  writable_ = {answer.reply.writable.begin(), answer.reply.writable.end()};
  return {};
}

Result<ClientTree::Answer> ClientTree::receive_answer() {
  Descriptor node;
  for (;;) {
    ISOJOULE_TRY(const auto line, lines_.next());
    if (line) {
      ISOJOULE_TRY(Reply reply, parse_reply(*line));
      return Answer{std::move(reply), std::move(node)};
    }
    ISOJOULE_TRY(Received received, receive_some(socket_.get()));
    if (received.bytes.empty())
      return fail(ErrorKind::io, path_ + ": the helper has closed the connection",
                  "See why in its log: journalctl -u isojouled", "receive");
    lines_.append(received.bytes);
    if (received.descriptor) node = std::move(received.descriptor);
  }
}

Result<ClientTree::Answer> ClientTree::ask(const Request& request) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!socket_)
    return fail(ErrorKind::io, path_ + ": the connection to the helper is lost",
                "See why in its log: journalctl -u isojouled");
  const std::string line = to_line(request);
  const auto sent = send_some(socket_.get(), line);
  auto answer = receive_answer();  // also where sending failed: the reason may have come before
  if (!answer || (sent && *sent != line.size())) {
    socket_.reset();
    if (answer)
      return fail(ErrorKind::io, path_ + ": the helper does not take requests", {}, "send");
    return answer;
  }
  if (answer->reply.error) return tl::unexpected<Error>(*answer->reply.error);
  return answer;
}

Result<Descriptor> ClientTree::open_through(std::string_view path) {
  Request open;
  open.verb = Verb::open;
  open.path = path;
  ISOJOULE_TRY(Answer answer, ask(open));
  if (answer.node) return std::move(answer.node);
  return fail(ErrorKind::io, std::string(path) + ": the helper gave no descriptor", {}, "open");
}

Result<std::string> ClientTree::do_read(std::string_view path) {
  auto text = tree_.read(path);
  if (text || !is_refused(text.error()) || !readable_.contains(path)) return text;
  ISOJOULE_TRY(const Descriptor node, open_through(path));
  return read_all(node, path);
}

Status ClientTree::do_write(std::string_view path, std::string_view text) {
  if (!writable_.contains(path)) return tree_.write(path, text);
  Request write;
  write.verb = Verb::write;
  write.path = path;
  write.text = text;
  ISOJOULE_CHECK(ask(write));
  return {};
}

Result<std::vector<std::string>> ClientTree::do_list(std::string_view path) {
  auto names = tree_.list(path);
  if (names || !is_refused(names.error())) return names;
  std::set<std::string> entries;
  const std::string folder = std::string(path) + (path.ends_with('/') ? "" : "/");
  add_entries(readable_, folder, entries);
  add_entries(writable_, folder, entries);
  if (entries.empty()) return names;
  return std::vector<std::string>(entries.begin(), entries.end());
}

bool ClientTree::do_exists(std::string_view path) {
  if (tree_.exists(path) || knows(path)) return true;
  const std::string folder = std::string(path) + "/";
  const auto below = [&](const auto& paths) {
    const auto found = paths.lower_bound(folder);
    return found != paths.end() && found->starts_with(folder);
  };
  return below(readable_) || below(writable_);
}

bool ClientTree::do_may_write(std::string_view path) {
  return writable_.contains(path) || tree_.may_write(path);
}

Result<std::string> ClientTree::do_canonical(std::string_view path) {
  auto canonical = tree_.canonical(path);
  if (!canonical && is_refused(canonical.error()) && knows(path)) return std::string(path);
  return canonical;
}

Result<std::unique_ptr<File>> ClientTree::do_open(std::string_view path) {
  auto file = tree_.open(path);
  if (file || !is_refused(file.error()) || !readable_.contains(path)) return file;
  ISOJOULE_TRY(Descriptor node, open_through(path));
  return std::unique_ptr<File>(std::make_unique<PassedFile>(std::move(node), std::string(path)));
}

Result<std::string> ClientTree::do_run(const std::vector<std::string>& command, Duration limit) {
  if (!command.empty() && command.front() == kSettingProgram)
    return fail(ErrorKind::not_found,
                command.front() + ": not used where a helper writes the nodes", {}, "run");
  return tree_.run(command, limit);
}

}  // namespace isojoule::helper
