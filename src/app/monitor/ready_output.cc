#include "app/monitor/ready_output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/file_tree.h"

namespace isojoule {
namespace {

// What a terminal or pipe that says it has room takes without waiting.
constexpr std::size_t kSureToFit = 512;

bool has_room(int descriptor, std::int64_t wait_ms) {
  pollfd ready{descriptor, POLLOUT, 0};
  return ::poll(&ready, 1, static_cast<int>(wait_ms)) > 0;  // or an error, which the write tells
}

}  // namespace

// O_NONBLOCK set on the descriptor that we were given would be set for the shell as well.
ReadyOutput::ReadyOutput() : given_(STDOUT_FILENO) {
  struct stat about {};
  if (::fstat(given_, &about) != 0) return;
  is_socket_ = S_ISSOCK(about.st_mode);
  is_file_ = S_ISREG(about.st_mode);
  if (S_ISCHR(about.st_mode) || S_ISFIFO(about.st_mode))
    own_ = ::open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

ReadyOutput::~ReadyOutput() {
  if (own_ >= 0) ::close(own_);
}

long ReadyOutput::try_write(std::string_view text) const {
  if (own_ >= 0) return ::write(own_, text.data(), text.size());
  if (is_socket_) return ::send(given_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (is_file_) return ::write(given_, text.data(), text.size());
  if (has_room(given_, 0)) return ::write(given_, text.data(), std::min(text.size(), kSureToFit));
  errno = EAGAIN;
  return -1;
}

Status ReadyOutput::push(std::string_view& text, Duration patience) {
  using Time = std::chrono::steady_clock;
  const auto until = Time::now() + std::chrono::nanoseconds(patience.ns);
  while (!text.empty()) {
    const long count = try_write(text);
    if (count > 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (count == 0 || errno == EAGAIN || errno == EWOULDBLOCK) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - Time::now()).count();
      if (left <= 0) return {};
      has_room(descriptor(), left);
    } else if (errno != EINTR) {
      no_reader_ = errno == EPIPE;
      return tl::unexpected<Error>(error_from_errno(errno, "standard output", "write"));
    }
  }
  return {};
}

Status ReadyOutput::write(std::string_view text) {
  const Duration patience = is_late_ ? Duration{} : kPatience;
  std::string_view before = rest_;
  const Status finished = push(before, patience);
  rest_.erase(0, rest_.size() - before.size());
  if (!finished) return finished;
  is_late_ = !rest_.empty();
  if (is_late_) return {};
  std::string_view left = text;
  ISOJOULE_CHECK(push(left, patience));
  is_late_ = !left.empty();
  if (left.size() < text.size()) rest_ = left;
  return {};
}

}  // namespace isojoule
