#include "data/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/file_tree.h"

namespace isojoule {
namespace {

// The process id that the holder wrote, or "another program".
std::string holder_of(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t got = ::pread(descriptor, text.data(), text.size(), 0);
  const std::string pid = got > 0 ? trimmed({text.data(), static_cast<std::size_t>(got)}) : "";
  return pid.empty() ? "another program" : "process " + pid;
}

// The file may have been removed by its last holder between our open() and our flock().
bool is_still_there(int descriptor, const std::string& path) {
  struct stat ours {
  }, there{};
  return ::fstat(descriptor, &ours) == 0 && ::stat(path.c_str(), &there) == 0 &&
         ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

}  // namespace

FileLock::FileLock(std::string lock_path, int descriptor)
    : lock_path_(std::move(lock_path)), descriptor_(descriptor) {}

FileLock::FileLock(FileLock&& other) noexcept
    : lock_path_(std::move(other.lock_path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(lock_path_, other.lock_path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ < 0) return;
  ::unlink(lock_path_.c_str());  // while it is held: nobody else's is removed
  ::close(descriptor_);
}

Result<FileLock> FileLock::take(const std::string& path) {
  const std::string lock_path = path + "-lock";
  for (;;) {
    const int descriptor = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0)
      return tl::unexpected<Error>(error_from_errno(errno, lock_path, "open for writing"));
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      const int number = errno;
      const std::string holder = holder_of(descriptor);
      ::close(descriptor);
      if (number == EINTR) continue;
      if (number != EWOULDBLOCK)
        return tl::unexpected<Error>(error_from_errno(number, lock_path, "flock"));
      return fail(ErrorKind::busy, path + ": " + holder + " is writing to it",
                  "Wait for it, or end it; a study has one writer at a time", "lock " + lock_path);
    }
    FileLock lock(lock_path, descriptor);
    if (is_still_there(descriptor, lock_path)) {
      const std::string pid = std::to_string(::getpid()) + "\n";
      // The number is for people only; a full disk shows itself at the study file.
      if (::ftruncate(descriptor, 0) == 0) [[maybe_unused]]
        const ssize_t put = ::pwrite(descriptor, pid.data(), pid.size(), 0);
      return lock;
    }
    lock.lock_path_.clear();  // nothing of ours to remove
  }
}

}  // namespace isojoule
