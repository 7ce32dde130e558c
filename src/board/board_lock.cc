#include "board/board_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/clock.h"
#include "base/file_tree.h"
#include "base/wall_time.h"

namespace isojoule {
namespace {

constexpr Duration kRetry = Duration::milliseconds(5);
// A holder that has just come has not signed yet, and one that is about to go has wiped its name:
// what stands there for so long is true.
constexpr Duration kGrace = Duration::milliseconds(250);

// A file of another user's in a folder like /run/lock may not be opened with O_CREAT
// (fs.protected_regular, proc(5)), and perhaps not for writing; flock(2) needs neither. Everybody
// may write to that folder, so that what lies there may be a link to anything: it is not followed.
int open_lock(const std::string& path) {
  constexpr int kAlways = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  for (const int flags : {O_RDWR, O_RDONLY}) {
    const int descriptor = ::open(path.c_str(), flags | kAlways);
    if (descriptor >= 0) return descriptor;
    if (errno == ENOENT) return ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | kAlways, 0644);
  }
  return -1;
}

Error not_opened(int number, const std::string& path) {
  Error error = error_from_errno(number, path, "open");
  if (number == ELOOP)
    error = {ErrorKind::invalid, path + " is a link, and no lock", "open", "Remove it as root"};
  if (number == EACCES)
    error.remedy = "Let root make it once: sudo install -m 644 /dev/null " + path;
  return error;
}

struct LockFile {
  bool is_plain = false;  // and no other name of a file elsewhere
  bool is_own = false;
};
LockFile look_at(int descriptor) {
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) return {};
  return {S_ISREG(info.st_mode) && info.st_nlink <= 1, info.st_uid == ::geteuid()};
}

std::string holder_of(int descriptor) {
  std::array<char, 512> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  const std::string said = size > 0 ? trimmed({text.data(), static_cast<std::size_t>(size)}) : "";
  return said.empty() ? "another program" : said;
}

void sign(int descriptor, const std::string& who) {
  const std::string text =
      "process " + std::to_string(::getpid()) + " (" + who + ") since " + wall_time_now() + "\n";
  // For people only, and not in another user's file; the lock itself is what counts.
  if (look_at(descriptor).is_own && ::ftruncate(descriptor, 0) == 0) [[maybe_unused]]
    const ssize_t put = ::pwrite(descriptor, text.data(), text.size(), 0);
}

}  // namespace

Result<BoardLock> BoardLock::take(const std::string& path, const std::string& who,
                                  Duration patience, Wait wait) {
  const auto clock = make_real_clock();
  const Instant begin = clock->now(), end = begin + patience;
  Descriptor file(open_lock(path));
  if (!file) return tl::unexpected<Error>(not_opened(errno, path));
  const int descriptor = file.get();
  if (!look_at(descriptor).is_plain)
    return fail(ErrorKind::invalid, path + " is no plain file of one name, and no lock",
                "Remove it as root", "open");
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return tl::unexpected<Error>(error_from_errno(errno, path, "flock"));
    const std::string holder = holder_of(descriptor);
    const bool is_worth_it = wait == Wait::for_anybody ||
                             holder.find(kKeeperName) != std::string::npos ||
                             clock->now() - begin < kGrace;
    if (!is_worth_it || clock->now() >= end)
      return fail(ErrorKind::busy, "the board is being set by " + holder,
                  "Wait for its end, or stop it: it restores the board", "lock " + path);
    clock->sleep_for(kRetry);
  }
  sign(descriptor, who);
  return BoardLock(std::move(file));
}

std::optional<std::string> lock_holder(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file || !look_at(file.get()).is_plain) return std::nullopt;
  if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) return std::nullopt;
  return holder_of(file.get());
}

// The file stays: removing it would let two programs lock two files of the same name.
BoardLock::~BoardLock() {
  if (!file_) return;
  if (look_at(file_.get()).is_own && ::ftruncate(file_.get(), 0) != 0) {
    // What stands there is old, and nobody holds it.
  }
}

}  // namespace isojoule
