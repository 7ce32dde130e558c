// A server of HTTP/1.1 (RFC 9112) for one program's own pages and one stream of events (server-sent
// events, WHATWG HTML 9.2): what /metrics and the live view need, and no more. A library would
// bring the name service with it (getaddrinfo), which a static program cannot have.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/quantity.h"

namespace isojoule {

inline constexpr const char* kHttpPlain = "text/plain; charset=utf-8";

struct HttpAnswer {
  int status = 200;
  std::string type = kHttpPlain;
  std::string body;
  // Beside those that every answer has (http/site.cc), or in the place of one of them.
  std::vector<std::pair<std::string, std::string>> headers;
};

// How long the server waits for a client before it lets it go.
struct HttpPatience {
  Duration head = Duration::milliseconds(5000);  // for all of a request's head, however it drips
  Duration progress = Duration::milliseconds(5000);  // with one that takes nothing of what waits
  Duration answer = Duration::milliseconds(60'000);  // for all of a page
  Duration drain = Duration::milliseconds(2000);     // until the other side closes, too
  Duration quiet = Duration::milliseconds(15'000);   // a stream says something at least that often
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";  // in digits
  std::uint16_t port = 0;             // 0: any that is free
  // Wanted as ?token=..., as a cookie, or as "Authorization: Bearer ..."; "" = none is asked for.
  // Letters and digits (new_http_token() of http/guard.h makes one).
  std::string token;
  // Names that a Host header may have beside the address itself, localhost, 127.0.0.1 and [::1]
  // (against rebinding of names); any other is refused. The port is not looked at: ssh -L and
  // proxies change it.
  std::vector<std::string> hosts;
  bool any_host = false;  // not to look at names: where whoever reaches the port may read it anyway
  HttpPatience patience;
};

class HttpServer {
 public:
  using Page = std::function<HttpAnswer()>;  // called on the server's thread

  // Listens at once; answers from start() on. Errors: invalid, busy, permission_denied, io.
  static Result<std::unique_ptr<HttpServer>> listen(const HttpServerOptions& options);
  virtual ~HttpServer() = default;  // stops

  void page(const std::string& path, Page page) {
    do_page(path, std::move(page));
  }  // before start()
  // A path of server-sent events. `greeting` is asked for on the server's thread when a client
  // comes, and is its first event. Before start().
  void stream(const std::string& path, std::function<std::string()> greeting) {
    do_stream(path, std::move(greeting));
  }
  Status start() { return do_start(); }
  void stop() { do_stop(); }  // no call of a page is running or will come when it returns
  // From any thread; copies the event once for all clients of the path (not at all without one),
  // and waits for none of them. A client that does not take its events loses the oldest; after some
  // seconds it is let go.
  void publish(const std::string& path, std::string event) { do_publish(path, std::move(event)); }
  int listeners(const std::string& path) const {
    return do_listeners(path);
  }  // clients of a stream now
  std::string url() const {
    return do_url();
  }  // "http://127.0.0.1:8080/", with the port that it has

 private:
  virtual void do_page(const std::string& path, Page page) = 0;
  virtual void do_stream(const std::string& path, std::function<std::string()> greeting) = 0;
  virtual Status do_start() = 0;
  virtual void do_stop() = 0;
  virtual void do_publish(const std::string& path, std::string event) = 0;
  virtual int do_listeners(const std::string& path) const = 0;
  virtual std::string do_url() const = 0;
};

}  // namespace isojoule
