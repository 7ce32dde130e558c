// A running monitor as metrics, in Prometheus' text format. The names are those of a session's
// page (app/live_page.h) where they mean the same.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "app/metrics_endpoint.h"
#include "app/monitor/monitor.h"

namespace isojoule {

// Keeps the last frame; page() may be called from any thread.
class MonitorPage final : public MonitorSink {
 public:
  std::string page(bool running) const;

 private:
  Status do_begin(const LiveHead& head) override;
  Status do_show(const LiveFrame& frame) override;

  mutable std::mutex lock_;  // of all below; held for as long as a copy takes
  LiveHead head_;
  LiveFrame frame_;
  bool has_frame_ = false;
  // By rail's place and phase: what is told never falls, or whoever counts would take it for a new
  // beginning.
  std::map<std::pair<std::size_t, std::string>, double> energy_j_;
};

// Opens --metrics once there is something to tell. Behind the page in the monitor's list.
class MetricsOpening final : public MonitorSink {
 public:
  MetricsOpening(MetricsEndpoint& endpoint, const MonitorPage& page)
      : endpoint_(endpoint), page_(page) {}

 private:
  Status do_begin(const LiveHead&) override {
    return endpoint_.begin([this](bool running) { return page_.page(running); });
  }
  Status do_show(const LiveFrame&) override { return {}; }

  MetricsEndpoint& endpoint_;
  const MonitorPage& page_;
};

}  // namespace isojoule
