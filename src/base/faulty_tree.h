// A FileTree that fails where it is told to: for tests of everything that must survive a board
// whose nodes vanish, lie or hang. Wraps any tree (a MemoryTree, a twin's, the machine's own) and
// passes on whatever no fault concerns.
//
//   FaultyTree tree(twin.tree(), twin.clock());
//   tree.fail("/sys/class/hwmon/*/curr1_input", Fault::error(EIO).from(3).times(2));
//   tree.fail("*/scaling_max_freq", Fault::ignored_write());
//
// A pattern is a glob over the whole path (fnmatch without FNM_PATHNAME: '*' matches '/' too). It
// is held against the path as it was asked for and against the same path with its links resolved,
// so that a node is hit by whatever name it is reached. Of several faults that fit the last added
// one counts.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/file_tree.h"

namespace isojoule {

// In which way a node fails, and when. Accesses are counted for each fault over all nodes that it
// fits: a read, an open and a write are one each (a kept-open file's reads too).
class Fault {
 public:
  enum class Kind : std::uint8_t {
    error,          // reads and writes fail with an errno (ENOENT: the node is not there at all)
    read_error,     // reads only
    write_error,    // writes only
    empty,          // a read gives no bytes
    garbage,        // a read gives bytes that are no number and no word
    frozen,         // a read gives what the first read after the beginning gave
    ignored_write,  // a write succeeds and does nothing
    hang,           // the access takes two seconds of the clock, then does what it should
  };
  static Fault error(int number) { return {Kind::error, number}; }
  static Fault read_error(int number) { return {Kind::read_error, number}; }
  static Fault write_error(int number) { return {Kind::write_error, number}; }
  static Fault empty() { return {Kind::empty, 0}; }
  static Fault garbage() { return {Kind::garbage, 0}; }
  static Fault frozen() { return {Kind::frozen, 0}; }
  static Fault ignored_write() { return {Kind::ignored_write, 0}; }
  static Fault hang() { return {Kind::hang, 0}; }

  // From the n-th access on (1 = the first, the default).
  Fault from(std::size_t access) const;
  // For so many accesses, then never again (default: for ever).
  Fault times(std::size_t count) const;

  Kind kind() const { return kind_; }
  int number() const { return number_; }
  bool concerns(std::size_t access) const { return access >= first_ && access - first_ < count_; }

 private:
  Fault(Kind kind, int number) : kind_(kind), number_(number) {}
  Kind kind_;
  int number_;  // errno
  std::size_t first_ = 1;
  std::size_t count_ = std::numeric_limits<std::size_t>::max();
};

// Keeps references to tree and clock. One thread.
class FaultyTree final : public FileTree {
 public:
  // What a hanging node waits; on a virtual clock it costs nothing.
  static constexpr Duration kHang = Duration::milliseconds(2000);

  FaultyTree(FileTree& tree, Clock& clock);
  ~FaultyTree() override;
  void fail(const std::string& pattern, const Fault& fault);
  void heal();  // forgets every fault
  // How often a node that fits the pattern was accessed under the faults of this pattern.
  std::size_t accesses(const std::string& pattern) const;

 private:
  struct Rule;
  friend class FaultyFile;
  Result<std::string> do_read(std::string_view path) override;
  Status do_write(std::string_view path, std::string_view text) override;
  Result<std::vector<std::string>> do_list(std::string_view path) override;
  bool do_exists(std::string_view path) override;
  Result<std::string> do_canonical(std::string_view path) override;
  Result<std::unique_ptr<File>> do_open(std::string_view path) override;
  Result<std::string> do_run(const std::vector<std::string>& command, Duration limit) override;

  // The fault in force for this access, which is counted; null if none.
  Rule* next(std::string_view path, bool writing);
  Rule* match(std::string_view path, bool writing);
  bool vanished(std::string_view path);
  Status begin(Rule* rule, std::string_view path, bool writing);

  FileTree& tree_;
  Clock& clock_;
  std::deque<Rule> rules_;
};

}  // namespace isojoule
