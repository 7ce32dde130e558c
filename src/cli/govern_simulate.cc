#include "cli/govern_simulate.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "app/govern/simulate.h"
#include "cli/command.h"
#include "optimise/goal.h"

namespace isojoule::cli {
namespace {

Status take_simulated_limit(const std::string& text, SimulateRequest& request) {
  ISOJOULE_TRY(const Limit limit, parse_limit(text));
  switch (limit.metric) {
    case Metric::latency:
    case Metric::latency_p99: request.latency_limit_s = limit.most; return {};
    case Metric::latency_p95:
      request.latency_limit_s = limit.most;
      request.late_share = 0.05;
      return {};
    case Metric::power: request.power_limit_w = limit.most; return {};
    case Metric::temperature: request.temperature_limit_c = limit.most; return {};
    default: break;
  }
  return fail(ErrorKind::unsupported, "--limit " + text + ": a service has no such limit",
              "Limit latency, power or temperature");
}

Result<double> simulated_late_share(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  const bool percent = error == std::errc() && end - at == 1 && *at == '%';
  if (percent) value /= 100;
  if (error == std::errc() && (percent || at == end) && value > 0 && value < 1) return value;
  return fail(ErrorKind::invalid, "--late '" + text + "' is no share of the requests",
              "Give for instance 1% or 0.01");
}

std::string trace_words() {
  std::string out;
  for (const TraceKind& kind : trace_kinds())
    out += fmt::format("{}{} ({})", out.empty() ? "" : "; ", kind.name, kind.summary);
  return out;
}

}  // namespace

void add_govern_simulate_options(CLI::App& command, GovernSimulateWords& words) {
  command.add_flag("--simulate", words.simulate,
                   "A simulated service on a twin, beside other policies; nothing is measured");
  command.add_option("--trace", words.trace, "What is asked for: " + trace_words())
      ->capture_default_str();
  command.add_option("--seed", words.seed, "Of requests, drift, noise and policies")
      ->capture_default_str();
  command.add_option("--batch", words.batch, "Requests that fit into a batch")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command.add_option("--probes", words.probes, "Measurements that the controller begins with")
      ->check(CLI::Range(4, 10000))
      ->capture_default_str();
  command.add_flag("!--no-drift", words.drift, "Nothing on the board changes by itself");
  command.add_flag("!--no-others", words.others, "The controller and the clairvoyant alone");
}

Result<int> govern_simulate(const GovernGoalWords& goal, const GovernSimulateWords& words) {
  SimulateRequest request;
  if (goal.board.empty() || goal.network.empty())
    return fail(ErrorKind::invalid, "a simulated service needs a twin and a network",
                "isojoule govern --simulate --board twin:jetson-nano --network resnet-18");
  request.board = goal.board;
  request.network = goal.network;
  request.trace = words.trace;
  request.seed = words.seed;
  request.batch = words.batch;
  request.probes = words.probes;
  request.drift = words.drift;
  request.others = words.others;
  ISOJOULE_TRY(request.late_share, simulated_late_share(goal.late));
  for (const std::string& text : goal.limits) ISOJOULE_CHECK(take_simulated_limit(text, request));
  if (goal.epoch_s) request.epoch_s = *goal.epoch_s;
  if (goal.for_s) request.seconds = *goal.for_s;
  ISOJOULE_TRY(const Paths paths, find_paths());
  ISOJOULE_TRY(const SimulateResult result, simulate_service(paths, request));
  if (goal.json)
    fmt::print("{}\n", to_json(result).dump(2));
  else
    fmt::print("{}", simulate_text(result));
  return kDone;
}

}  // namespace isojoule::cli
