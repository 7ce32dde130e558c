// A running session as metrics, in Prometheus' text format.
#pragma once

#include <cstdint>
#include <string>

#include "experiment/live_session.h"

namespace isojoule {

// What of a session stays the same.
struct LiveLabels {
  std::string board;
  std::string engine;
  bool simulated = false;
  double start_unix_s = 0;
};

// `running` is false in a file's last state, when the session is over.
std::string live_page(const LiveSession::State& state, const LiveLabels& labels, bool running);

}  // namespace isojoule
