// A FileTree that lives in memory: for twins and for tests. Nodes are texts, links, or functions
// that answer reads and take writes, each with the mode that the board's kernel gives it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/file_tree.h"

namespace isojoule {

class MemoryTree final : public FileTree {
 public:
  // Fills the buffer as a read() from offset 0 would; allocates nothing where speed matters.
  using ReadFunction = std::function<Result<std::size_t>(std::span<char>)>;
  using WriteFunction = std::function<Status(std::string_view)>;

  MemoryTree();
  ~MemoryTree() override;

  // Missing parent directories are made. A later call for the same path replaces the node; files
  // that are kept open then answer as the new node (a vanished one: not_found).
  void add_text(const std::string& path, std::string text, int mode = 0644);
  void add_node(const std::string& path, ReadFunction read, WriteFunction write = {},
                int mode = 0644);
  // Reads as "N\n".
  void add_integer(const std::string& path, std::function<std::int64_t()> value,
                   WriteFunction write = {}, int mode = 0644);
  void add_link(const std::string& path, const std::string& target);  // absolute or relative
  // What lies in a folder that others may not search (0700, debugfs) is closed to them.
  void add_directory(const std::string& path, int mode = 0755);
  void remove(const std::string& path);  // a node or a whole folder
  // What run() answers for a program of this name; called with the whole command.
  using RunFunction = std::function<Result<std::string>(const std::vector<std::string>&)>;
  void add_program(const std::string& name, RunFunction run);

  // False: modes are enforced as for a user who is neither owner nor in the group.
  void set_root(bool is_root);

  // Every file's path and text as it reads now ("!kind" where it does not), links as "-> target".
  std::map<std::string, std::string> snapshot();

 private:
  struct Node;
  Result<std::string> do_read(std::string_view path) override;
  Status do_write(std::string_view path, std::string_view text) override;
  Result<std::vector<std::string>> do_list(std::string_view path) override;
  bool do_exists(std::string_view path) override;
  Result<std::string> do_canonical(std::string_view path) override;
  Result<std::unique_ptr<File>> do_open(std::string_view path) override;
  Result<std::string> do_run(const std::vector<std::string>& command, Duration limit) override;

  Result<std::string> resolve(std::string_view path, int depth = 0) const;
  Result<Node*> find(std::string_view path, const char* tried) const;
  std::shared_ptr<Node>& place(const std::string& path);

  std::map<std::string, std::shared_ptr<Node>> nodes_;
  std::map<std::string, RunFunction> programs_;
  bool is_root_ = true;
  friend class MemoryFile;
};

// Copies text into the buffer, as much as there is room for; the bytes copied.
std::size_t copy_text(std::string_view text, std::span<char> buffer);
// "N\n" into the buffer; for ReadFunctions.
std::size_t print_integer(std::int64_t value, std::span<char> buffer);

}  // namespace isojoule
