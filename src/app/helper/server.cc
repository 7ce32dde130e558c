#include "app/helper/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <filesystem>

namespace isojoule::helper {
namespace {

// The machine's nodes and none of its programs: nothing is run with the helper's rights.
class NodesOnly final : public FileTree {
 public:
  explicit NodesOnly(const std::string& root) : tree_(make_real_file_tree(root)) {}

 private:
  Result<std::string> do_read(std::string_view path) override { return tree_->read(path); }
  Status do_write(std::string_view path, std::string_view text) override {
    return tree_->write(path, text);
  }
  Result<std::vector<std::string>> do_list(std::string_view path) override {
    return tree_->list(path);
  }
  bool do_exists(std::string_view path) override { return tree_->exists(path); }
  bool do_may_write(std::string_view path) override { return tree_->may_write(path); }
  Result<std::string> do_canonical(std::string_view path) override {
    return tree_->canonical(path);
  }
  Result<std::unique_ptr<File>> do_open(std::string_view path) override {
    return tree_->open(path);
  }
  std::unique_ptr<FileTree> tree_;
};

// Readable when the process is gone, so that a connection ends with the one who made it, whoever
// else holds the socket (a child of it). Linux 5.3; before that the socket alone must do.
Descriptor watch_process(pid_t process) {
#ifdef SYS_pidfd_open
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
#else
  (void)process;
  return {};
#endif
}

tl::unexpected<Error> not_of_this_board(const std::string& path, const char* what) {
  return fail(ErrorKind::permission_denied,
              path + ": this board has no such node that a program may " + what, {},
              "look up in the helper's list");
}

std::string name_of_process(pid_t process) { return "process " + std::to_string(process); }

}  // namespace

struct Server::Client {
  Descriptor socket;
  Descriptor process;  // watch_process()
  Peer peer;
  LineBuffer in{kRequestLimit};
  std::string out = {};  // nothing is read while it is not empty
  bool ended = false;
};

// The board that a client writes to. Ends in restoring it.
struct Server::Session {
  const Client* client = nullptr;
  Board board;
  std::unique_ptr<BoardGuard> guard;
};

Server::Server(ServerOptions options, Descriptor listening)
    : options_(std::move(options)),
      listening_(std::move(listening)),
      tree_(std::make_unique<NodesOnly>(options_.sysroot)),
      clock_(make_real_clock()) {
  settle_left_over();
}

Server::~Server() {
  for (auto& client : clients_) end(client);
}

void Server::log(const std::string& line) const {
  if (options_.log) options_.log(line);
}

// An earlier server's journal: taking the board restores it first.
void Server::settle_left_over() {
  std::error_code code;
  if (!std::filesystem::exists(options_.guard.journal, code)) return;
  auto board = options_.open_board(*tree_, *clock_);
  Status status;
  if (!board) {
    status = tl::unexpected<Error>(board.error());
  } else {
    board->sensors.clear();
    auto guard = BoardGuard::take(*board, options_.guard);
    status = guard ? (*guard)->restore() : Status(tl::unexpected<Error>(guard.error()));
  }
  log(status ? "restored what an earlier helper left behind" : to_string(status.error()));
}

Status Server::serve(int stop) {
  bool stopped = false;
  while (!stopped) {
    ISOJOULE_CHECK(round(stop, stopped));
    drop_ended();
  }
  for (auto& client : clients_) end(client);
  drop_ended();
  return {};
}

Status Server::round(int stop, bool& stopped) {
  std::vector<pollfd> waits = {{stop, POLLIN, 0}, {listening_.get(), POLLIN, 0}};
  for (const auto& client : clients_) {
    const short events = client.out.empty() ? POLLIN : POLLOUT;
    waits.push_back({client.socket.get(), events, 0});
    waits.push_back({client.process.get(), POLLIN, 0});  // below 0: passed over
  }
  const int ready = ::poll(waits.data(), waits.size(), wait_ms());
  if (ready < 0) {
    if (errno == EINTR) return {};
    return tl::unexpected<Error>(error_from_errno(errno, "the helper's sockets", "poll"));
  }
  stopped = waits[0].revents != 0 || (ready == 0 && clients_.empty());
  if (session_)  // somebody may have killed the keeper
    if (const auto kept = session_->guard->check_keeper(); !kept) log(to_string(kept.error()));
  std::size_t at = 2;
  for (auto& client : clients_) {
    const short socket = waits[at].revents;
    const bool is_gone = waits[at + 1].revents != 0;
    at += 2;
    if (is_gone || (socket & (POLLERR | POLLNVAL)) != 0)
      end(client);
    else if ((socket & POLLOUT) != 0)
      guarded(client, [&] { flush(client), answer_lines(client); });
    else if ((socket & (POLLIN | POLLHUP)) != 0)
      guarded(client, [&] { receive(client); });
  }
  if (waits[1].revents != 0) accept_one();
  return {};
}

int Server::wait_ms() const {
  constexpr int kKeeperRoundMs = 1000;
  if (session_) return kKeeperRoundMs;
  if (!clients_.empty() || !options_.idle_limit) return -1;
  return static_cast<int>(options_.idle_limit->seconds().value() * 1e3);
}

// Whatever a client makes us fail at is the end of that client alone.
void Server::guarded(Client& client, const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& e) {  // bad_alloc, and a bug of ours or a library's
    log(std::string("a request failed: ") + e.what());
    end(client);
  }
}

void Server::turn_away(int socket, const Error& why) {
  log(to_string(why));
  (void)send_some(socket, to_line(Reply{why}, Verb::hello));  // it is closed either way
}

void Server::accept_one() {
  Descriptor socket(::accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket) {
    // Out of descriptors or memory: poll() would report it again at once.
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) ::poll(nullptr, 0, 100);
    return;
  }
  try {
    const auto peer = peer_of(socket.get());
    if (!peer) return turn_away(socket.get(), peer.error());
    if (!options_.may_use(*peer))
      return turn_away(socket.get(),
                       {ErrorKind::permission_denied,
                        "user " + std::to_string(peer->user) + " may not use the helper", "connect",
                        std::string("Become a member of the group ") + kGroup});
    if (clients_.size() >= kMostClients)
      return turn_away(socket.get(), {ErrorKind::busy,
                                      "the helper has " + std::to_string(kMostClients) +
                                          " connections, and takes no more",
                                      "connect", "Wait for one to end"});
    if (clients_.empty()) permissions_.reset();
    clients_.push_back({std::move(socket), watch_process(peer->process), *peer});
  } catch (const std::exception& e) {
    log(std::string("a connection failed: ") + e.what());
  }
}

void Server::receive(Client& client) {
  const auto received = receive_some(client.socket.get());
  if (!received) {
    if (received.error().kind != ErrorKind::timeout) end(client);
    return;
  }
  if (received->bytes.empty()) return end(client);
  client.in.append(received->bytes);
  answer_lines(client);
}

// Stops where a reply waits for room: a client gets no more work done than it takes answers.
void Server::answer_lines(Client& client) {
  while (!client.ended && client.out.empty()) {
    const auto line = client.in.next();
    if (line && !line->has_value()) return;
    const auto request =
        line ? parse_request(**line) : Result<Request>(tl::unexpected<Error>(line.error()));
    if (request) {
      answer(client, *request);
      continue;
    }
    reply(client, Reply{request.error()}, Verb::bye);
    log(name_of_process(client.peer.process) + ": " + request.error().what);
    end(client);
  }
}

void Server::reply(Client& client, const Reply& reply, Verb verb, int passed) {
  client.out = to_line(reply, verb);
  if (passed < 0) return flush(client);
  const auto sent = send_some(client.socket.get(), client.out, passed);
  // Without the first byte the descriptor is not sent either, and there is no keeping it.
  if (!sent || *sent == 0) return end(client);
  client.out.erase(0, *sent);
}

void Server::flush(Client& client) {
  const auto sent = send_some(client.socket.get(), client.out);
  if (!sent) return end(client);
  client.out.erase(0, *sent);
}

void Server::answer(Client& client, const Request& request) {
  const auto as_reply = [](const Status& status) {
    return status ? Reply{} : Reply{status.error()};
  };
  switch (request.verb) {
    case Verb::hello: {
      const auto answer = hello();
      return reply(client, answer ? *answer : Reply{answer.error()}, Verb::hello);
    }
    case Verb::open: {
      const auto node = open(request.path);
      if (!node) return reply(client, Reply{node.error()}, Verb::open);
      return reply(client, {}, Verb::open, node->get());
    }
    case Verb::write:
      return reply(client, as_reply(write(client, request.path, request.text)), Verb::write);
    case Verb::bye: reply(client, as_reply(end_session(client)), Verb::bye); return end(client);
  }
}

Result<const Permissions*> Server::permissions() {
  if (!permissions_) {
    ISOJOULE_TRY(permissions_, rehearse(options_.open_board, *tree_));
  }
  return &*permissions_;
}

Result<Reply> Server::hello() {
  ISOJOULE_TRY(const Permissions* all, permissions());
  Reply reply;
  reply.board = all->board;
  reply.readable = {all->readable.begin(), all->readable.end()};
  for (const auto& [path, rule] : all->writable) reply.writable.push_back(path);
  return reply;
}

// No link at the place itself: only the kernel's own files are meant. (The folders above it are
// root's; sysfs has links among them.)
Status Server::check_plain_file(const std::string& path) const {
  struct stat status {};
  if (::lstat((options_.sysroot + path).c_str(), &status) != 0)
    return tl::unexpected<Error>(error_from_errno(errno, path, "look up"));
  if (S_ISREG(status.st_mode)) return {};
  return fail(ErrorKind::permission_denied, path + ": is no plain file", {}, "look up");
}

// Not through the tree: the descriptor itself is what is wanted.
Result<Descriptor> Server::open(const std::string& path) {
  ISOJOULE_TRY(const Permissions* all, permissions());
  if (!all->readable.contains(path)) return not_of_this_board(path, "read");
  ISOJOULE_CHECK(check_plain_file(path));
  Descriptor node(
      ::open((options_.sysroot + path).c_str(), O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  if (!node) return tl::unexpected<Error>(error_from_errno(errno, path, "open"));
  return node;
}

Status Server::write(Client& client, const std::string& path, const std::string& text) {
  if (session_ && session_->client != &client)
    return fail(ErrorKind::busy, name_of_process(session_->client->peer.process) + " has the board",
                "Wait for its end", "write " + path);
  ISOJOULE_TRY(const Permissions* all, permissions());
  if (!all->writable.contains(path)) return not_of_this_board(path, "write");
  if (!session_) {
    permissions_.reset();
    ISOJOULE_TRY(all, permissions());
  }
  const auto rule = all->writable.find(path);
  if (rule == all->writable.end()) return not_of_this_board(path, "write");
  if (!rule->second.takes(text))
    return fail(ErrorKind::out_of_range, path + ": '" + trimmed(text) + "' is no value of its knob",
                {}, "look up in the helper's list");
  ISOJOULE_CHECK(check_plain_file(path));
  if (!session_) ISOJOULE_CHECK(begin_session(client));
  return tree_->write(path, text);
}

Status Server::begin_session(Client& client) {
  auto session = std::make_unique<Session>();
  session->client = &client;
  ISOJOULE_TRY(session->board, options_.open_board(*tree_, *clock_));
  session->board.sensors.clear();  // knobs are all that a guard needs
  const std::string name =
      name_of_process(client.peer.process) + " (user " + std::to_string(client.peer.user) + ")";
  GuardOptions guard = options_.guard;
  guard.command += " for " + name;  // what other programs are told
  ISOJOULE_TRY(session->guard, BoardGuard::take(session->board, guard));
  session_ = std::move(session);
  log(name + " has the board");
  return {};
}

Status Server::end_session(const Client& client) {
  if (!session_ || session_->client != &client) return {};
  const auto status = session_->guard->restore();
  session_.reset();  // where the first try failed this is the second
  log(status ? "the board is restored" : "the board is not restored: " + to_string(status.error()));
  return status;
}

void Server::end(Client& client) {
  client.ended = true;
  try {
    (void)end_session(client);  // logged
  } catch (const std::exception& e) {
    session_.reset();
    log(std::string("restoring failed: ") + e.what());
  }
}

void Server::drop_ended() {
  clients_.remove_if([](const Client& client) { return client.ended; });
}

}  // namespace isojoule::helper
