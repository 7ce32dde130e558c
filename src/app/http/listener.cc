#include "app/http/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/file_tree.h"

namespace isojoule {
namespace {

constexpr int kBacklog = 32;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): how socket addresses are passed
  sockaddr* generic() { return reinterpret_cast<sockaddr*>(&storage); }
  sockaddr_in* v4() { return reinterpret_cast<sockaddr_in*>(&storage); }
  sockaddr_in6* v6() { return reinterpret_cast<sockaddr_in6*>(&storage); }
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
  bool is_v6() const { return storage.ss_family == AF_INET6; }
};

Result<SocketAddress> address_of(const std::string& text, std::uint16_t port) {
  SocketAddress address;
  if (::inet_pton(AF_INET, text.c_str(), &address.v4()->sin_addr) == 1) {
    address.v4()->sin_family = AF_INET;
    address.v4()->sin_port = htons(port);
    address.size = sizeof(sockaddr_in);
    return address;
  }
  address = {};
  if (::inet_pton(AF_INET6, text.c_str(), &address.v6()->sin6_addr) == 1) {
    address.v6()->sin6_family = AF_INET6;
    address.v6()->sin6_port = htons(port);
    address.size = sizeof(sockaddr_in6);
    return address;
  }
  return fail(ErrorKind::invalid, "'" + text + "' is no address in digits",
              "Give one of this machine's, as 127.0.0.1 or [::1]");
}

tl::unexpected<Error> socket_error(const std::string& where, const char* tried) {
  const int number = errno;
  Error error = error_from_errno(number, where, tried);
  if (number == EADDRINUSE) {
    error.kind = ErrorKind::busy;
    error.remedy = "Another program has that port; name another one, or 0 for any";
  }
  if (number == EADDRNOTAVAIL) error.remedy = "The address is none of this machine's";
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace

bool is_loopback_address(const std::string& address) {
  auto read = address_of(address, 0);
  if (!read) return false;
  if (read->is_v6()) return IN6_IS_ADDR_LOOPBACK(&read->v6()->sin6_addr) != 0;
  return ntohl(read->v4()->sin_addr.s_addr) >> 24 == 127;
}

Result<HttpListener> listen_http(const std::string& address, std::uint16_t port) {
  ISOJOULE_TRY(SocketAddress wanted, address_of(address, port));
  HttpListener listener;
  listener.host = wanted.is_v6() ? "[" + address + "]" : address;
  const std::string where = listener.host + ":" + std::to_string(port);
  listener.socket =
      Descriptor(::socket(wanted.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.socket) return socket_error(where, "open a socket");
  const int on = 1;
  // A session that follows another one may have its port at once.
  ::setsockopt(listener.socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener.socket.get(), wanted.generic(), wanted.size) != 0)
    return socket_error(where, "bind");
  if (::listen(listener.socket.get(), kBacklog) != 0) return socket_error(where, "listen");
  SocketAddress got;
  got.size = sizeof got.storage;
  if (::getsockname(listener.socket.get(), got.generic(), &got.size) != 0)
    return socket_error(where, "ask for the port");
  listener.port = ntohs(wanted.is_v6() ? got.v6()->sin6_port : got.v4()->sin_port);
  return listener;
}

std::string local_address(int socket) {
  SocketAddress address;
  address.size = sizeof address.storage;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::getsockname(socket, address.generic(), &address.size) != 0) return "";
  const void* bytes = &address.v4()->sin_addr;
  if (address.is_v6()) bytes = &address.v6()->sin6_addr;
  if (::inet_ntop(address.storage.ss_family, bytes, text.data(), text.size()) == nullptr) return "";
  const std::string digits = text.data();
  return digits.starts_with("::ffff:") && digits.find('.') != std::string::npos ? digits.substr(7)
                                                                                : digits;
}

}  // namespace isojoule
