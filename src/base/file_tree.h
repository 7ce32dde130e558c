// The only way to sysfs, procfs and device-tree: a tree of small text files below an injectable
// root. RealFileTree is the machine's own (or one below --sysroot); a twin brings one that lives in
// memory and answers like the board. Paths are absolute inside the tree ("/sys/class/...").
//
// Errors are typed: ENOENT -> not_found, EACCES/EPERM -> permission_denied, ENODATA -> no_data,
// EINVAL/ERANGE on write -> invalid, EROFS -> read_only, ENOSPC -> disk_full, the rest -> io.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/quantity.h"

namespace isojoule {

// A node kept open, to be read again and again from its start. Not thread-safe.
class File {
 public:
  virtual ~File() = default;
  // Reads from offset 0 into the buffer; returns the bytes read. No allocation when it succeeds.
  Result<std::size_t> read(std::span<char> buffer) { return do_read(buffer); }

 private:
  virtual Result<std::size_t> do_read(std::span<char> buffer) = 0;
};

class FileTree {
 public:
  virtual ~FileTree() = default;
  // The whole text, as the node gives it (with its newline).
  Result<std::string> read(std::string_view path) { return do_read(path); }
  // One write() of the whole text, as `echo text > path` would do. Never creates a file.
  Status write(std::string_view path, std::string_view text) { return do_write(path, text); }
  // Sorted names of a directory's entries.
  Result<std::vector<std::string>> list(std::string_view path) { return do_list(path); }
  bool exists(std::string_view path) { return do_exists(path); }
  // Whether this process's rights let it open the file for writing; nothing is opened.
  bool may_write(std::string_view path) { return do_may_write(path); }
  // The path with every symbolic link resolved, still inside this tree.
  Result<std::string> canonical(std::string_view path) { return do_canonical(path); }
  Result<std::unique_ptr<File>> open(std::string_view path) { return do_open(path); }
  // What a program of the board prints ("vcgencmd pmic_read_adc"): command[0] is a name, looked up
  // in the system's folders, or an absolute path. Errors: not_found; unsupported (a tree that is
  // not the machine's own: nothing is run for it); timeout; io (it ended with another status than
  // 0).
  Result<std::string> run(const std::vector<std::string>& command, Duration limit) {
    return do_run(command, limit);
  }

 private:
  virtual Result<std::string> do_read(std::string_view path) = 0;
  virtual Status do_write(std::string_view path, std::string_view text) = 0;
  virtual Result<std::vector<std::string>> do_list(std::string_view path) = 0;
  virtual bool do_exists(std::string_view path) = 0;
  virtual bool do_may_write(std::string_view path) = 0;
  virtual Result<std::string> do_canonical(std::string_view path) = 0;
  virtual Result<std::unique_ptr<File>> do_open(std::string_view path) = 0;
  virtual Result<std::string> do_run(const std::vector<std::string>& command, Duration limit);
};

// The machine's own files, below `root` ("" = /). Below another root no program is run.
std::unique_ptr<FileTree> make_real_file_tree(std::string root = {});

// ---- reading helpers, the same for every tree --------------------------------------------------

// The text without white space at its ends and without NUL bytes.
std::string trimmed(std::string_view text);
// The leading integer of a node ("1234\n", "32760 ma"); parse error otherwise.
Result<std::int64_t> read_integer(FileTree& tree, std::string_view path);
// The same from a kept-open file; allocates nothing when it succeeds.
Result<std::int64_t> read_integer(File& file);
Result<std::string> read_line(FileTree& tree, std::string_view path);  // trimmed
// The space-separated words of a node.
Result<std::vector<std::string>> read_words(FileTree& tree, std::string_view path);
// Maps an errno to the kinds above.
Error error_from_errno(int number, std::string_view path, std::string_view tried);

}  // namespace isojoule
