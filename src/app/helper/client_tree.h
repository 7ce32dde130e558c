// The machine's tree for a user without rights: what that user may do is done directly, the rest
// through isojouled.
//
// What the helper writes it also puts back when this object goes, or its process does: so every
// write to a node of the helper's list goes through it, also where the user could write it. (What
// was written past the helper would be what the helper saves and restores.)
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "app/helper/protocol.h"
#include "app/helper/socket.h"
#include "base/file_tree.h"

namespace isojoule::helper {

class ClientTree final : public FileTree {
 public:
  // `tree` must outlive it. Errors: not_found, permission_denied, io (nobody listens), those that
  // the helper answers with (busy, permission_denied), newer_schema, timeout.
  static Result<std::unique_ptr<ClientTree>> connect(const std::string& socket, FileTree& tree);

  const std::string& board() const { return board_; }  // as the helper knows it
  const std::string& socket() const { return path_; }

 private:
  ClientTree(std::string path, Descriptor socket, FileTree& tree)
      : path_(std::move(path)), socket_(std::move(socket)), tree_(tree) {}
  Status greet();

  Result<std::string> do_read(std::string_view path) override;
  Status do_write(std::string_view path, std::string_view text) override;
  Result<std::vector<std::string>> do_list(std::string_view path) override;
  bool do_exists(std::string_view path) override;
  bool do_may_write(std::string_view path) override;
  Result<std::string> do_canonical(std::string_view path) override;
  Result<std::unique_ptr<File>> do_open(std::string_view path) override;
  Result<std::string> do_run(const std::vector<std::string>& command, Duration limit) override;

  struct Answer {
    Reply reply;
    Descriptor node;
  };
  // One request and its reply; from several threads one after the other. An error of the
  // connection is for good.
  Result<Answer> ask(const Request& request);
  Result<Answer> receive_answer();
  Result<Descriptor> open_through(std::string_view path);
  bool knows(std::string_view path) const {
    return readable_.contains(path) || writable_.contains(path);
  }

  const std::string path_;
  Descriptor socket_;
  FileTree& tree_;
  std::string board_;
  std::set<std::string, std::less<>> readable_, writable_;
  std::mutex mutex_;  // of the connection
  LineBuffer lines_{kReplyLimit};
};

}  // namespace isojoule::helper
