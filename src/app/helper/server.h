// The helper's server: gives members of a group what they need of the board and nothing else.
//
// - `open` gives a read-only descriptor of a node in Permissions::readable, `write` writes a text
//   that a node in Permissions::writable takes (app/helper/rehearsal.h says what exactly). A path
//   must be in the list byte for byte, and what lies there must be a plain file, no link.
// - Before a client's first write the board is guarded (board/journal.h: lock, journal, keeper);
//   when its connection ends (bye, closed, its process died, the server stops) it is restored, and
//   when the server dies, by the keeper.
// - One client at a time may write; another gets `busy` with the number of the first one's process.
// - Lists are made when a client comes to a server that has none, and again before the first write.
//
// One thread. A client that breaks the protocol, sends nonsense or makes us run out of memory loses
// its connection; the others go on.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "app/helper/credentials.h"
#include "app/helper/protocol.h"
#include "app/helper/rehearsal.h"
#include "app/helper/socket.h"
#include "board/journal.h"

namespace isojoule::helper {

struct ServerOptions {
  OpenBoard open_board;
  std::string sysroot = {};  // "" = /
  GuardOptions guard{""};    // journal, lock and keeper; `command` is the server's own name
  std::function<bool(const Peer&)> may_use = may_use_helper;
  // Without a connection for so long serve() ends; it is for a socket that starts us again.
  std::optional<Duration> idle_limit = {};
  std::function<void(const std::string&)> log = {};  // one line an event
};

class Server {
 public:
  static constexpr std::size_t kMostClients = 16;

  // Restores what an earlier server left behind (where that fails, it is logged, and tried again
  // before the next write).
  Server(ServerOptions options, Descriptor listening);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Serves until `stop` is readable, or nobody was there for the idle limit; then every connection
  // is ended. Errors: io (poll failed).
  Status serve(int stop);

 private:
  struct Client;
  struct Session;
  using Clients = std::list<Client>;

  Status round(int stop, bool& stopped);
  int wait_ms() const;
  void accept_one();
  void turn_away(int socket, const Error& why);
  void guarded(Client& client, const std::function<void()>& work);
  void receive(Client& client);
  void answer_lines(Client& client);
  void flush(Client& client);
  void reply(Client& client, const Reply& reply, Verb verb, int passed = -1);
  void answer(Client& client, const Request& request);
  Result<Reply> hello();
  Result<Descriptor> open(const std::string& path);
  Status write(Client& client, const std::string& path, const std::string& text);
  Status begin_session(Client& client);
  Status end_session(const Client& client);
  void end(Client& client);
  void drop_ended();
  void settle_left_over();
  Result<const Permissions*> permissions();
  Status check_plain_file(const std::string& path) const;
  void log(const std::string& line) const;

  ServerOptions options_;
  Descriptor listening_;
  std::unique_ptr<FileTree> tree_;
  std::unique_ptr<Clock> clock_;
  std::optional<Permissions> permissions_;
  Clients clients_;
  std::unique_ptr<Session> session_;  // of the client that writes
};

}  // namespace isojoule::helper
