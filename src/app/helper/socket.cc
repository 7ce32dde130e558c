#include "app/helper/socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/file_tree.h"

namespace isojoule::helper {
namespace {

constexpr int kBacklog = 16;
constexpr std::size_t kChunk = 4096;
constexpr mode_t kMode = 0660;

tl::unexpected<Error> system_error(std::string_view path, const char* tried) {
  return tl::unexpected<Error>(error_from_errno(errno, path, tried));
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(ErrorKind::invalid, "'" + path + "': a socket's path has 1 to " +
                                        std::to_string(sizeof address.sun_path - 1) + " bytes");
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how socket addresses are passed
  return reinterpret_cast<const sockaddr*>(&address);
}

Result<Descriptor> stream_socket(const std::string& path, int flags) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!socket) return system_error(path, "socket");
  return socket;
}

// Removes a socket that is left over; anything else at that place is left alone.
Status make_room(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode))
    return fail(ErrorKind::invalid, path + ": there is a file, and it is no socket",
                "Name another path");
  if (connect_to(path))
    return fail(ErrorKind::busy, path + ": another program listens there",
                "Stop it, or name another path");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error(path, "remove");
  return {};
}

// Room for one descriptor, aligned as the kernel wants it.
union Control {
  cmsghdr header;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

// The first descriptor of a message; closes the others (there is no room for them, in fact).
Descriptor passed_in(msghdr& message) {
  Descriptor found;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    int number = -1;
    std::memcpy(&number, CMSG_DATA(part), sizeof number);
    Descriptor next(number);
    if (!found) found = std::move(next);
  }
  return found;
}

}  // namespace

Result<Descriptor> listen_at(const std::string& path) {
  ISOJOULE_TRY(const sockaddr_un address, address_of(path));
  ISOJOULE_CHECK(make_room(path));
  ISOJOULE_TRY(Descriptor socket, stream_socket(path, SOCK_NONBLOCK));
  if (::bind(socket.get(), generic(address), sizeof address) != 0)
    return system_error(path, "bind");
  // Before listen(): nobody can connect until the mode is there.
  if (::chmod(path.c_str(), kMode) != 0) return system_error(path, "set the mode of");
  if (::listen(socket.get(), kBacklog) != 0) return system_error(path, "listen");
  return socket;
}

Result<Descriptor> connect_to(const std::string& path) {
  ISOJOULE_TRY(const sockaddr_un address, address_of(path));
  ISOJOULE_TRY(Descriptor socket, stream_socket(path, 0));
  if (::connect(socket.get(), generic(address), sizeof address) != 0)
    return system_error(path, "connect");
  return socket;
}

Result<std::size_t> send_some(int socket, std::string_view bytes, int passed) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};  // sendmsg does not write there
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  Control control{};
  if (passed >= 0) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control.bytes;
    control.header = {CMSG_LEN(sizeof passed), SOL_SOCKET, SCM_RIGHTS};
    std::memcpy(CMSG_DATA(&control.header), &passed, sizeof passed);
  }
  for (;;) {
    const ssize_t size = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno == EAGAIN) return std::size_t{0};
    if (errno != EINTR) return system_error("the socket", "send");
  }
}

Result<Received> receive_some(int socket) {
  std::array<char, kChunk> chunk;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
  iovec part{chunk.data(), chunk.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  Control control{};
  for (;;) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control.bytes;
    const ssize_t size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (size >= 0) {
      Received received;
      received.descriptor = passed_in(message);
      received.bytes.assign(chunk.data(), static_cast<std::size_t>(size));
      return received;
    }
    if (errno == EAGAIN)
      return fail(ErrorKind::timeout, "the socket has nothing to say", {}, "receive");
    if (errno != EINTR) return system_error("the socket", "receive");
  }
}

}  // namespace isojoule::helper
