// The tree of a rehearsal: reads are the machine's (and remembered), writes stay here and read
// back.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/file_tree.h"

namespace isojoule::helper {

class RehearsalTree final : public FileTree {
 public:
  // `tree` must outlive it.
  explicit RehearsalTree(FileTree& tree) : tree_(tree) {}

  struct Written {
    std::string path, text;
    bool refused = false;
  };
  // What was written since the last call, in order.
  std::vector<Written> take_written() { return std::exchange(written_, {}); }
  // Each path that gave something, or would to one who may.
  const std::set<std::string, std::less<>>& read_paths() const { return read_paths_; }
  // From here on every text is refused (invalid) the first time that it is written to a node, so
  // that the knobs' second choices are seen. Forgets what was refused before.
  void refuse_once(bool on);
  // All nodes say again what the machine's say.
  void forget_writes() { texts_.clear(); }

 private:
  Result<std::string> do_read(std::string_view path) override;
  Status do_write(std::string_view path, std::string_view text) override;
  Result<std::vector<std::string>> do_list(std::string_view path) override;
  bool do_exists(std::string_view path) override;
  bool do_may_write(std::string_view path) override { return tree_.may_write(path); }
  Result<std::string> do_canonical(std::string_view path) override;
  Result<std::unique_ptr<File>> do_open(std::string_view path) override;

  FileTree& tree_;
  std::map<std::string, std::string, std::less<>> texts_;
  std::set<std::string, std::less<>> read_paths_;
  std::vector<Written> written_;
  bool refuses_ = false;
  std::set<std::pair<std::string, std::string>> refused_;
};

// Nothing moves in a rehearsal, so there is nothing to wait for.
class RehearsalClock final : public Clock {
 private:
  Instant do_now() override { return now_; }
  void do_sleep_until(Instant deadline) override { now_ = std::max(now_, deadline); }
  std::unique_ptr<Ticker> do_every(Duration, std::function<void(Instant)>) override {
    return std::make_unique<Ticker>();
  }
  bool do_is_virtual() const override { return true; }
  Instant now_{};
};

}  // namespace isojoule::helper
