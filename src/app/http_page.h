// A server of HTTP/1.1 (RFC 9112) that answers GET and HEAD of one page, for Prometheus. A library
// would bring the name service with it (getaddrinfo), which a static program cannot have.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/descriptor.h"
#include "base/error.h"

namespace isojoule {

class HttpPage {
 public:
  // Listens at once, so that an address that is taken is told before anything is measured; answers
  // from start() on. `address`: an IPv4 or IPv6 address in digits. Port 0: any that is free.
  // Errors: invalid (the address), busy (the port is taken), permission_denied, io.
  static Result<std::unique_ptr<HttpPage>> listen(const std::string& address, std::uint16_t port);
  ~HttpPage() { stop(); }
  HttpPage(const HttpPage&) = delete;
  HttpPage& operator=(const HttpPage&) = delete;

  const std::string& url() const { return url_; }  // with the port that it has
  // `page` is called on a thread of the server's own.
  Status start(std::function<std::string()> page);
  void stop();  // no call of `page` is running or will come when it returns

 private:
  HttpPage() = default;
  void serve();

  Descriptor listener_;
  Descriptor stop_;  // an eventfd: readable when it is to end
  std::string url_;
  std::function<std::string()> page_;
  std::thread thread_;
};

// What is answered to a request's head; `page` is asked only where it is wanted. For tests.
std::string http_answer(std::string_view head, const std::function<std::string()>& page);

}  // namespace isojoule
