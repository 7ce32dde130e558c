// A session that can be seen while it runs: the experiment's LiveSession, shown at an endpoint.
#pragma once

#include <optional>
#include <string>

#include "app/live_page.h"
#include "app/metrics_endpoint.h"
#include "experiment/live_session.h"

namespace isojoule {

// Without an endpoint it costs nothing and session() is null. The endpoint outlives it.
class LiveMetrics {
 public:
  LiveMetrics(const Board& board, const std::string& engine, MetricsEndpoint* endpoint);
  ~LiveMetrics();
  LiveMetrics(const LiveMetrics&) = delete;
  LiveMetrics& operator=(const LiveMetrics&) = delete;

  Status begin();
  LiveSession* session() { return session_ ? &*session_ : nullptr; }

 private:
  MetricsEndpoint* endpoint_;
  std::optional<LiveSession> session_;
  LiveLabels labels_;
};

}  // namespace isojoule
