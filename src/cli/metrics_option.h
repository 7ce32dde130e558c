// --metrics, the same for every command that measures.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "app/metrics_endpoint.h"

namespace isojoule::cli {

void add_metrics_option(CLI::App& command, std::string& metrics);
// Says on standard error where the metrics are. Null for "".
Result<std::unique_ptr<MetricsEndpoint>> open_metrics(const std::string& metrics);
// Says so where the last state could not be written.
void warn_of_metrics(const MetricsEndpoint* endpoint);

}  // namespace isojoule::cli
