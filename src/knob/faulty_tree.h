// For tests: a tree of which one node answers wrongly.
#pragma once

#include <string>

#include "base/memory_tree.h"

namespace isojoule::fake {

enum class Fault {
  read_io,          // EIO
  read_no_data,     // ENODATA
  read_denied,      // EACCES
  read_empty,       // nothing in it
  read_garbage,     // not what its format is
  read_frozen,      // says for ever what it said at first
  write_io,         // EIO
  write_busy,       // EBUSY
  write_denied,     // EACCES
  write_read_only,  // EROFS
  write_ignored,    // ok, and nothing happens
};
inline constexpr Fault kFaults[] = {
    Fault::read_io,      Fault::read_no_data,    Fault::read_denied,  Fault::read_empty,
    Fault::read_garbage, Fault::read_frozen,     Fault::write_io,     Fault::write_busy,
    Fault::write_denied, Fault::write_read_only, Fault::write_ignored};

class FaultyTree final : public FileTree {
 public:
  // `inner` must outlive it. The fault begins at once, or when `active` is set.
  FaultyTree(MemoryTree& inner, std::string path, Fault fault)
      : inner_(inner), path_(std::move(path)), fault_(fault) {
    first_ = inner_.read(path_).value_or("");
  }
  bool active = true;
  int hits = 0;  // how often the fault was met

 private:
  bool hit(std::string_view path) {
    const bool same = active && path == path_;
    hits += same ? 1 : 0;
    return same;
  }
  tl::unexpected<Error> failure(ErrorKind kind, const char* tried) const {
    return fail(kind, path_ + ": injected fault",
                kind == ErrorKind::permission_denied ? "Run as root" : "", tried);
  }
  Result<std::string> do_read(std::string_view path) override {
    if (fault_ <= Fault::read_frozen && hit(path)) switch (fault_) {
        case Fault::read_io: return failure(ErrorKind::io, "read");
        case Fault::read_no_data: return failure(ErrorKind::no_data, "read");
        case Fault::read_denied: return failure(ErrorKind::permission_denied, "read");
        case Fault::read_empty: return std::string();
        case Fault::read_garbage: return std::string("\x01 what?\n");
        default: return first_;
      }
    return inner_.read(path);
  }
  Status do_write(std::string_view path, std::string_view text) override {
    if (fault_ > Fault::read_frozen && hit(path)) switch (fault_) {
        case Fault::write_io: return failure(ErrorKind::io, "write");
        case Fault::write_busy: return failure(ErrorKind::busy, "write");
        case Fault::write_denied: return failure(ErrorKind::permission_denied, "write");
        case Fault::write_read_only: return failure(ErrorKind::read_only, "write");
        default: return {};
      }
    return inner_.write(path, text);
  }
  Result<std::vector<std::string>> do_list(std::string_view path) override {
    return inner_.list(path);
  }
  bool do_may_write(std::string_view path) override { return inner_.may_write(path); }
  bool do_exists(std::string_view path) override { return inner_.exists(path); }
  Result<std::string> do_canonical(std::string_view path) override {
    return inner_.canonical(path);
  }
  Result<std::unique_ptr<File>> do_open(std::string_view path) override {
    return inner_.open(path);
  }
  Result<std::string> do_run(const std::vector<std::string>& command, Duration limit) override {
    return inner_.run(command, limit);
  }

  MemoryTree& inner_;
  std::string path_;
  Fault fault_;
  std::string first_;
};

}  // namespace isojoule::fake
