// A tree in front of another one, in which chosen files misbehave: what nodes of real boards do now
// and then, for tests and for the matrix in docs/faults.md. It also keeps what was asked of it.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file_tree.h"

namespace isojoule {

enum class Fault : std::uint8_t {
  io_error,       // EIO: the bus or the chip does not answer
  no_data,        // ENODATA: a channel that was switched off
  no_permission,  // EACCES
  gone,           // ENOENT: the driver was unbound, a core went offline
  empty,          // read() gives nothing
  garbage,        // a text that is no value
  frozen,         // reads say for ever what they said first
  ignored,        // writes succeed and change nothing
  hang,           // every access takes two seconds
};
inline constexpr std::array kFaults = {Fault::io_error, Fault::no_data, Fault::no_permission,
                                       Fault::gone,     Fault::empty,   Fault::garbage,
                                       Fault::frozen,   Fault::ignored, Fault::hang};
std::string_view name_of(Fault fault);  // "EIO", "ENODATA", "EACCES", "ENOENT", "empty", ...

class FaultyTree final : public FileTree {
 public:
  // What the program did with a file so far.
  struct Use {
    int reads = 0;  // by path or from a kept-open file
    int writes = 0;
  };

  // Both must outlive it. The clock is what a hang takes its time from.
  FaultyTree(FileTree& tree, Clock& clock) : tree_(tree), clock_(clock) {}

  // From now on the file of this path, as the program spells it, has this fault; files that are
  // open have it too. `after` accesses are still answered well.
  void inject(std::string path, Fault fault, int after = 0);
  void heal() { injected_.clear(); }
  const std::map<std::string, Use>& uses() const { return uses_; }

 private:
  struct Injected {
    Fault fault;
    int after;
    std::optional<std::string> first;  // of frozen
  };
  friend class FaultyFile;

  Result<std::string> do_read(std::string_view path) override;
  Status do_write(std::string_view path, std::string_view text) override;
  Result<std::vector<std::string>> do_list(std::string_view path) override;
  bool do_exists(std::string_view path) override;
  bool do_may_write(std::string_view path) override { return tree_.may_write(path); }
  Result<std::string> do_canonical(std::string_view path) override;
  Result<std::unique_ptr<File>> do_open(std::string_view path) override;
  Result<std::string> do_run(const std::vector<std::string>& command, Duration limit) override;

  // The fault that this access meets, if any.
  Injected* meet(std::string_view path);
  // What a read gives in place of `text()`.
  template <typename Text>
  Result<std::string> answer(std::string_view path, Text text);

  FileTree& tree_;
  Clock& clock_;
  std::map<std::string, Injected, std::less<>> injected_;
  std::map<std::string, Use> uses_;
};

}  // namespace isojoule
