#include "app/http_page.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <list>
#include <vector>

#include "base/clock.h"
#include "base/file_tree.h"

namespace isojoule {
namespace {

constexpr std::size_t kLongestHead = 8192;
constexpr std::size_t kMostConnections = 32;
constexpr Duration kPatience = Duration::milliseconds(5000);  // with one connection, in all
constexpr int kBacklog = 16;
constexpr int kPause_ms = 200;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): how socket addresses are passed
  sockaddr* generic() { return reinterpret_cast<sockaddr*>(&storage); }
  sockaddr_in* v4() { return reinterpret_cast<sockaddr_in*>(&storage); }
  sockaddr_in6* v6() { return reinterpret_cast<sockaddr_in6*>(&storage); }
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
};

Result<Address> address_of(const std::string& text, std::uint16_t port) {
  Address address;
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

std::string answer(std::string_view status, std::string_view headers, const std::string& body,
                   bool with_body) {
  std::string text = "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) +
                     "Content-Length: " + std::to_string(body.size()) +
                     "\r\nConnection: close\r\n\r\n";
  if (with_body) text += body;
  return text;
}

constexpr std::string_view kPlain = "Content-Type: text/plain; charset=utf-8\r\n";
constexpr std::string_view kMetrics = "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n";

// One that asks.
struct Connection {
  Descriptor socket;
  Instant deadline;
  std::string head;    // what has come
  std::string answer;  // empty: not yet known
  std::size_t sent = 0;
  bool is_told = false;  // the answer is out

  // False when it is over.
  bool go_on(short events, const std::function<std::string()>& page) {
    if (is_told) return drain();
    if (answer.empty() && (events & (POLLIN | POLLHUP | POLLERR)) != 0 && !read(page)) return false;
    return answer.empty() || write();
  }
  short wanted() const { return answer.empty() || is_told ? POLLIN : POLLOUT; }

 private:
  bool read(const std::function<std::string()>& page) {
    char buffer[2048];
    const ssize_t size = ::recv(socket.get(), buffer, sizeof buffer, 0);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) return false;
    head.append(buffer, static_cast<std::size_t>(size));
    if (head.size() > kLongestHead)
      answer = isojoule::answer("431 Request Header Fields Too Large", kPlain, "", true);
    else if (head.find("\r\n\r\n") != std::string::npos || head.find("\n\n") != std::string::npos)
      answer = http_answer(head, page);
    return true;
  }
  bool write() {
    while (sent < answer.size()) {
      const ssize_t size =
          ::send(socket.get(), answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
      if (size < 0) return errno == EAGAIN || errno == EINTR;
      sent += static_cast<std::size_t>(size);
    }
    ::shutdown(socket.get(), SHUT_WR);
    is_told = true;
    return drain();
  }
  // To close while bytes are unread would reset the connection, and the answer with it (RFC 9112,
  // 9.6): what else is sent is taken and dropped until the other side closes.
  bool drain() const {
    char buffer[2048];
    const ssize_t size = ::recv(socket.get(), buffer, sizeof buffer, 0);
    return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
  }
};

}  // namespace

std::string http_answer(std::string_view head, const std::function<std::string()>& page) {
  const std::string_view line = head.substr(0, head.find_first_of("\r\n"));
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || first == 0 ||
      !line.substr(last + 1).starts_with("HTTP/1."))
    return answer("400 Bad Request", kPlain, "no request of HTTP/1\n", true);
  const std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  if (const std::size_t host = target.find("://");
      !target.starts_with('/') && host != std::string_view::npos)
    target = target.substr(std::min(target.find('/', host + 3), target.size()));  // of a proxy
  target = target.substr(0, target.find('?'));
  if (method != "GET" && method != "HEAD")
    return answer("405 Method Not Allowed", "Allow: GET, HEAD\r\n" + std::string(kPlain), "", true);
  const bool with_body = method == "GET";
  if (target == "/metrics") return answer("200 OK", kMetrics, page(), with_body);
  if (target == "/") return answer("200 OK", kPlain, "isojoule: see /metrics\n", with_body);
  return answer("404 Not Found", kPlain, "see /metrics\n", with_body);
}

Result<std::unique_ptr<HttpPage>> HttpPage::listen(const std::string& address, std::uint16_t port) {
  ISOJOULE_TRY(Address wanted, address_of(address, port));
  const bool is_v6 = wanted.storage.ss_family == AF_INET6;
  const std::string host = is_v6 ? "[" + address + "]" : address;
  const std::string where = host + ":" + std::to_string(port);
  std::unique_ptr<HttpPage> page(new HttpPage);
  page->listener_ =
      Descriptor(::socket(wanted.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!page->listener_) return socket_error(where, "open a socket");
  const int on = 1;
  // A session that follows another one may have its port at once.
  ::setsockopt(page->listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(page->listener_.get(), wanted.generic(), wanted.size) != 0)
    return socket_error(where, "bind");
  if (::listen(page->listener_.get(), kBacklog) != 0) return socket_error(where, "listen");
  Address got;
  got.size = sizeof got.storage;
  if (::getsockname(page->listener_.get(), got.generic(), &got.size) != 0)
    return socket_error(where, "ask for the port");
  const std::uint16_t given = ntohs(is_v6 ? got.v6()->sin6_port : got.v4()->sin_port);
  page->url_ = "http://" + host + ":" + std::to_string(given) + "/metrics";
  return page;
}

Status HttpPage::start(std::function<std::string()> page) {
  stop_ = Descriptor(::eventfd(0, EFD_CLOEXEC));
  if (!stop_) return socket_error(url_, "make an eventfd");
  page_ = std::move(page);
  thread_ = std::thread([this] { serve(); });
  return {};
}

void HttpPage::stop() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  while (::write(stop_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
  thread_.join();
}

void HttpPage::serve() {
  const auto clock = make_real_clock();
  std::list<Connection> connections;
  for (;;) {
    std::vector<pollfd> waits = {{stop_.get(), POLLIN, 0}};
    waits.push_back({listener_.get(), POLLIN, 0});
    for (const Connection& one : connections) waits.push_back({one.socket.get(), one.wanted(), 0});
    // Without a connection there is nothing to be impatient with.
    const int timeout_ms = connections.empty() ? -1 : 1000;
    if (::poll(waits.data(), waits.size(), timeout_ms) < 0 && errno != EINTR) return;
    if (waits[0].revents != 0) return;
    std::size_t place = 2;
    for (auto one = connections.begin(); one != connections.end(); ++place) {
      const short events = waits[place].revents;
      const bool stays = clock->now() < one->deadline && (events == 0 || one->go_on(events, page_));
      one = stays ? std::next(one) : connections.erase(one);
    }
    if (waits[1].revents == 0) continue;
    Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    // Whoever says nothing, or reads nothing, does not keep out who does.
    if (socket && connections.size() >= kMostConnections) connections.pop_front();
    if (socket)
      connections.push_back({std::move(socket), clock->now() + kPatience, "", "", 0, false});
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
      ::poll(waits.data(), 1, kPause_ms);  // no descriptor is left: poll() would return at once
  }
}

}  // namespace isojoule
