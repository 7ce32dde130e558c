#include "report/sink.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_tree.h"

namespace isojoule {

Status DescriptorSink::do_write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(descriptor_, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) {  // a pipe that does not block, and a slow reader
      pollfd ready{descriptor_, POLLOUT, 0};
      ::poll(&ready, 1, -1);
      continue;
    }
    if (size < 0) {
      reader_left_ = errno == EPIPE;
      return tl::unexpected<Error>(error_from_errno(errno, name_, "write"));
    }
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return {};
}

}  // namespace isojoule
