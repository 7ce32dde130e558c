#include "app/live_metrics.h"

#include <chrono>

namespace isojoule {

LiveMetrics::LiveMetrics(const Board& board, const std::string& engine, MetricsEndpoint* endpoint)
    : endpoint_(endpoint) {
  if (endpoint == nullptr) return;
  session_.emplace(board);
  session_->expect(1, 0);
  labels_.board = board.file.name;
  labels_.engine = engine;
  labels_.simulated = board.simulated;
  labels_.start_unix_s =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

LiveMetrics::~LiveMetrics() {
  if (endpoint_ != nullptr) endpoint_->end();
}

Status LiveMetrics::begin() {
  if (endpoint_ == nullptr) return {};
  return endpoint_->begin(
      [this](bool running) { return live_page(session_->snapshot(), labels_, running); });
}

}  // namespace isojoule
