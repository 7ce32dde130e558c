// A fleet in browsers: the page, its stream of events, and the metrics beside it. Read-only.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "app/fleet/fleet_news.h"
#include "app/fleet/fleet_picture.h"
#include "app/http_server.h"
#include "app/monitor/monitor_server.h"

namespace isojoule {

// Answers from start() on. "/" is the page, "/events" the stream (fleet_news.h), "/metrics"
// Prometheus' text.
class FleetServer {
 public:
  // Listens at once. Errors: those of server_options() and HttpServer::listen().
  static Result<std::unique_ptr<FleetServer>> open(const MonitorServing& serving);
  ~FleetServer();
  FleetServer(const FleetServer&) = delete;
  FleetServer& operator=(const FleetServer&) = delete;

  Status start() { return server_->start(); }
  // One thread. Waits for no browser.
  void show(const FleetPicture& picture);

  std::string url() const;                                // with the token
  std::string address() const { return server_->url(); }  // without it

 private:
  static constexpr const char* kEvents = "/events";

  FleetServer() = default;
  std::string greeting() const;
  std::string metrics() const;

  std::string token_;
  mutable std::mutex lock_;  // of what follows; the server's thread reads it
  FleetPicture picture_;
  FleetNews news_;
  std::unique_ptr<HttpServer> server_;  // last: its pages use the rest
};

}  // namespace isojoule
