// Where a running session's metrics can be seen: --metrics FILE.prom or --metrics [ADDRESS:]PORT.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "app/http_page.h"
#include "base/clock.h"
#include "base/error.h"

namespace isojoule {

struct MetricsTarget {
  std::string file;     // or
  std::string address;  // in digits
  std::uint16_t port = 0;
};
// "run.prom", "/var/lib/node_exporter/isojoule.prom": a file, whose name ends with .prom because
// the textfile collector reads no other. "9464": a port of 127.0.0.1; "localhost:9464",
// "192.168.1.5:9464", "[::1]:9464". Errors: invalid.
Result<MetricsTarget> parse_metrics_target(const std::string& text);

// "9464", "localhost:9464", "192.168.1.5:9464", "[::1]:9464": a place to listen at, as above.
struct ListenPlace {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
};
std::optional<ListenPlace> parse_listen_place(const std::string& text);

class MetricsEndpoint {
 public:
  // The port is listened at from here on, the folder of the file is tried. Errors: those of
  // HttpPage::listen() and of writing the file.
  static Result<std::unique_ptr<MetricsEndpoint>> open(const std::string& target);
  ~MetricsEndpoint() { end(); }
  MetricsEndpoint(const MetricsEndpoint&) = delete;
  MetricsEndpoint& operator=(const MetricsEndpoint&) = delete;

  const std::string& where() const { return where_; }  // "http://127.0.0.1:9464/metrics", a path

  // `page(running)` is called on other threads: on demand, or every five seconds for the file,
  // which is whole at every moment. To be called once.
  Status begin(std::function<std::string(bool running)> page);
  // The file stays, with the last state and running = false; the port is closed. What `page` refers
  // to may go then.
  void end();
  // Why the file could not be written the last time, where it could not.
  std::optional<Error> problem() const;

 private:
  MetricsEndpoint() = default;
  void write(bool running);

  MetricsTarget target_;
  std::string where_;
  std::unique_ptr<HttpPage> http_;
  std::function<std::string(bool)> page_;
  mutable std::mutex mutex_;
  std::optional<Error> problem_;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Ticker> ticker_;  // last: its ticks use the rest
};

}  // namespace isojoule
