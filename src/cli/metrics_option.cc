#include "cli/metrics_option.h"

#include <fmt/format.h>

namespace isojoule::cli {

void add_metrics_option(CLI::App& command, std::string& metrics) {
  command.add_option("--metrics", metrics,
                     "Show the session to Prometheus while it runs: a FILE.prom, which is written "
                     "anew every 5 s, or a PORT of 127.0.0.1, or ADDRESS:PORT");
}

Result<std::unique_ptr<MetricsEndpoint>> open_metrics(const std::string& metrics) {
  if (metrics.empty()) return std::unique_ptr<MetricsEndpoint>();
  ISOJOULE_TRY(auto endpoint, MetricsEndpoint::open(metrics));
  fmt::print(stderr, "metrics: {}\n", endpoint->where());
  return endpoint;
}

void warn_of_metrics(const MetricsEndpoint* endpoint) {
  if (endpoint == nullptr) return;
  if (const auto problem = endpoint->problem())
    fmt::print(stderr, "attention: the metrics are not up to date: {}\n", to_string(*problem));
}

}  // namespace isojoule::cli
