#include "cli/govern_simulate.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/govern/simulate.h"
#include "cli/command.h"

namespace isojoule::cli {
namespace {

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

Result<int> govern_simulate(const GovernGoalWords& goal, const GovernSimulateWords& words,
                            const Program& program) {
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
  ISOJOULE_TRY(const ServiceGoal wanted, service_goal(goal));
  if (wanted.latency_limit_s > 0) request.latency_limit_s = wanted.latency_limit_s;
  request.late_share = wanted.late_share;
  request.power_limit_w = wanted.power_limit_w;
  request.temperature_limit_c = wanted.temperature_limit_c;
  request.interrupted = program.interrupted;
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
