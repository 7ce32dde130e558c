// A running monitor in browsers: the page, its stream of events, and the metrics beside it.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "app/http_server.h"
#include "app/monitor/monitor_page.h"

namespace isojoule {

struct MonitorServing {
  std::string address = "127.0.0.1";  // in digits
  std::uint16_t port = 0;
  std::string token;               // "" = a new one, unless:
  bool without_token = false;      // on a loopback address alone
  std::vector<std::string> hosts;  // names by which it may be asked for
};

// With a new token where one is wanted and none was given. Errors: invalid (no token on an address
// that others reach), io.
Result<HttpServerOptions> server_options(const MonitorServing& serving);

// Answers from do_begin() on. "/" is the page, "/events" the stream, "/metrics" Prometheus' text.
//
// The first event of the stream, for a browser that comes, is the head with one more key, "frames":
// the latest kRecent and of those before one a second. Every other event is one frame.
// Frames go on when a browser stands still: publish() waits for nobody.
class MonitorServer final : public MonitorSink {
 public:
  static constexpr std::size_t kRecent = 300;  // frames that are kept whole: 30 s at 10 a second
  static constexpr std::size_t kOlder = 300;   // beyond, one a second: 5 minutes

  // Listens at once. `page` is shown at /metrics and outlives it. Errors: invalid (no token on an
  // address that others reach), those of HttpServer::listen().
  static Result<std::unique_ptr<MonitorServer>> open(const MonitorServing& serving,
                                                     const MonitorPage& page);
  ~MonitorServer() override;
  MonitorServer(const MonitorServer&) = delete;
  MonitorServer& operator=(const MonitorServer&) = delete;

  std::string url() const;                                // with the token
  std::string address() const { return server_->url(); }  // without it
  int browsers() const { return server_->listeners(kEvents); }
  std::string greeting() const;

 private:
  static constexpr const char* kEvents = "/events";

  explicit MonitorServer(const MonitorPage& page) : page_(page) {}
  Status do_begin(const LiveHead& head) override;
  Status do_show(const LiveFrame& frame) override;

  const MonitorPage& page_;
  std::string token_;
  mutable std::mutex lock_;  // of the lines
  std::string head_;
  std::deque<std::string> recent_, older_;
  double next_older_s_ = 0;
  std::deque<double> recent_s_;
  std::unique_ptr<HttpServer> server_;  // last: its pages use the rest
};

}  // namespace isojoule
