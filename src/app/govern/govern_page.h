// A running governor as metrics, in Prometheus' text format: --metrics.
#pragma once

#include <string>

#include "app/govern/live_loop.h"
#include "app/govern/status_file.h"

namespace isojoule {

// `running` is false in a file's last state, when the governor has ended.
std::string govern_page(const LiveState& state, const GovernLabels& labels, bool running);

}  // namespace isojoule
