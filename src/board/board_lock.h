// One program at a time sets a board. The kernel drops the lock when its holder dies, in whatever
// way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/quantity.h"

namespace isojoule {

class BoardLock {
 public:
  enum class Wait : std::uint8_t { for_keepers, for_anybody };
  // `who`: what another program is told, "isojoule sweep ..."; process id and time are added. Where
  // the holder is a keeper that restores after a death, it waits for it, at most `patience`. A
  // keeper itself waits for anybody: the kernel closes a dead program's files one after the other,
  // its end of the pipe perhaps before its lock. Errors: busy (naming the holder),
  // permission_denied, read_only, not_found (the folder), io.
  static Result<BoardLock> take(const std::string& path, const std::string& who,
                                Duration patience = Duration::milliseconds(3000),
                                Wait wait = Wait::for_keepers);
  BoardLock() = default;  // holds nothing
  BoardLock(BoardLock&& other) noexcept = default;
  BoardLock& operator=(BoardLock&& other) noexcept = default;
  ~BoardLock();

 private:
  explicit BoardLock(Descriptor locked) : file_(std::move(locked)) {}
  Descriptor file_;
};

// Who holds it now, as that one signed: "process 812 (isojoule sweep ...) since ..."; nothing where
// nobody does, or it cannot be looked at. Nothing is waited for, and whoever takes the lock at that
// moment tries again.
std::optional<std::string> lock_holder(const std::string& path);

// What a keeper calls itself: others wait for it.
inline constexpr const char* kKeeperName = "keeper, restoring";

}  // namespace isojoule
