// One page for Prometheus, of a session that has nothing else to show: an HttpServer with /metrics.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/http_server.h"
#include "base/error.h"

namespace isojoule {

class HttpPage {
 public:
  // Listens at once, so that an address that is taken is told before anything is measured; answers
  // from start() on. `address`: an IPv4 or IPv6 address in digits. Port 0: any that is free. On a
  // loopback address it answers to that, and to localhost, alone: a page elsewhere must not read it
  // through a name of its own. On another address any name will do: whoever reaches the port reads
  // it. Errors: invalid (the address), busy (the port is taken), permission_denied, io.
  static Result<std::unique_ptr<HttpPage>> listen(const std::string& address, std::uint16_t port);

  std::string url() const;  // with the port that it has
  // `page` is called on a thread of the server's own.
  Status start(std::function<std::string()> page);
  void stop();  // no call of `page` is running or will come when it returns

 private:
  HttpPage() = default;
  std::unique_ptr<HttpServer> server_;
};

inline constexpr const char* kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

// What is answered to a request's head; `page` is asked only where it is wanted. For tests.
std::string http_answer(std::string_view head, const std::function<std::string()>& page);

}  // namespace isojoule
