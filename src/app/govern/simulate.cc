#include "app/govern/simulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "app/govern/bandits.h"
#include "app/govern/clairvoyant.h"

namespace isojoule {
namespace {

constexpr double kUsualLimit = 4;  // full batches at the highest clocks

class ControllerPolicy final : public ServicePolicy {
 public:
  ControllerPolicy(OperatingTable table, const ServiceGoal& goal, const ControllerOptions& options)
      : controller_(std::move(table), goal, options) {}
  ControllerState state() const { return controller_.state(); }
  double longest_s() const { return longest_s_; }
  double mean_s() const { return decisions_ > 0 ? sum_s_ / decisions_ : 0; }

 private:
  Decision do_first() override { return controller_.first(); }
  Decision do_decide(const EpochReport& report, const ServiceView&) override {
    const auto begin = std::chrono::steady_clock::now();
    Decision decision = controller_.decide(report);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    longest_s_ = std::max(longest_s_, took.count());
    sum_s_ += took.count();
    ++decisions_;
    return decision;
  }
  Controller controller_;
  double longest_s_ = 0, sum_s_ = 0, decisions_ = 0;
};

Status check_simulation(const SimulateRequest& request) {
  if (!(request.epoch_s >= 0.05 && request.epoch_s <= 60))
    return fail(ErrorKind::out_of_range, "an epoch takes 50 ms to 60 s", "--epoch 500ms");
  if (request.probes < 4 || request.probes > 10'000)
    return fail(ErrorKind::out_of_range, "a survey takes 4 to 10000 probes", "--probes 32");
  if (!(request.late_share > 0 && request.late_share < 1))
    return fail(ErrorKind::out_of_range, "the share of late requests is between 0 and 1",
                "--late 1%");
  return {};
}

Result<double> service_limit(const SimulateRequest& request, const ServiceBoard& board) {
  const double one = board.truth.seconds(board.highest, 1);
  const double limit = request.latency_limit_s.value_or(
      kUsualLimit * board.truth.seconds(board.highest, board.batch));
  if (limit > one) return limit;
  return fail(ErrorKind::invalid,
              fmt::format("no setting keeps a latency of {:.4g} ms: one request alone takes {:.4g} "
                          "ms at the highest clocks",
                          1e3 * limit, 1e3 * one),
              fmt::format("--limit 'latency<{:.4g}ms'",
                          1e3 * kUsualLimit * board.truth.seconds(board.highest, board.batch)));
}

TraceOptions trace_options(const SimulateRequest& request, const ServiceBoard& board) {
  const double full = board.truth.seconds(board.highest, board.batch);
  TraceOptions options;
  options.kind = request.trace;
  options.seconds = request.seconds;
  options.capacity_hz = static_cast<double>(board.batch) / full;
  options.usual_w = board.truth.joules(board.highest, board.batch) / full;
  options.drift = request.drift;
  options.seed = request.seed;
  return options;
}

class Comparison {
 public:
  Comparison(const SimulateRequest& request, const ServiceBoard& board, const ServiceTrace& trace,
             const ServiceRunOptions& options, SimulateResult& result)
      : request_(request), board_(board), trace_(trace), options_(options), result_(result) {}

  void run() {
    controller();
    if (request_.others) others();
    result_.policies.push_back({"clairvoyant", "knows every request and all of the board",
                                best_clairvoyant(board_, trace_, options_, request_.late_share),
                                0});
    const double least = result_.policies.back().outcome.joules;
    for (PolicyResult& one : result_.policies)
      one.over_clairvoyant = one.outcome.joules / least - 1;
  }

 private:
  void controller() {
    ServiceGoal goal;
    goal.latency_limit_s = options_.latency_limit_s;
    goal.late_share = request_.late_share;
    goal.power_limit_w = request_.power_limit_w;
    goal.temperature_limit_c = request_.temperature_limit_c;
    ControllerOptions own = request_.controller;
    own.seed = request_.seed;
    ControllerPolicy policy(
        survey(board_, {.probes = request_.probes, .noise = 0.01, .seed = request_.seed}), goal,
        own);
    add("controller", "isojoule's", policy);
    result_.state = policy.state();
    result_.longest_decision_s = policy.longest_s();
    result_.mean_decision_s = policy.mean_s();
  }

  void others() {
    add("highest", "all clocks at their highest", *make_fixed_policy(board_.highest));
    add("governors", "the board's own", *make_fixed_policy({}));
    add("thompson", "a bandit over all settings",
        *make_thompson_policy(board_, request_.late_share, false, request_.seed));
    add("unimodal", "a bandit among neighbours",
        *make_thompson_policy(board_, request_.late_share, true, request_.seed));
    add("gradient", "primal-dual, from two points",
        *make_gradient_policy(board_, request_.late_share, request_.seed));
  }

  void add(const char* name, const char* what, ServicePolicy& policy) {
    result_.policies.push_back({name, what, run_service(board_, trace_, policy, options_), 0});
  }

  const SimulateRequest& request_;
  const ServiceBoard& board_;
  const ServiceTrace& trace_;
  const ServiceRunOptions& options_;
  SimulateResult& result_;
};

}  // namespace

Result<SimulateResult> simulate_service(const Paths& paths, const SimulateRequest& request) {
  ISOJOULE_CHECK(check_simulation(request));
  ISOJOULE_TRY(const ServiceBoard board,
               open_service_board(paths, request.board, request.network, request.batch));
  SimulateResult result;
  ISOJOULE_TRY(result.latency_limit_s, service_limit(request, board));
  ISOJOULE_TRY(const ServiceTrace trace, make_trace(trace_options(request, board)));
  result.board = board.name;
  result.network = board.network;
  result.trace = request.trace;
  result.seconds = trace.seconds;
  result.late_share = request.late_share;
  result.settings = board.space->size();
  result.requests = std::ssize(trace.requests);
  result.probes = request.probes;
  result.seed = request.seed;
  ServiceRunOptions options;
  options.epoch_s = request.epoch_s;
  options.latency_limit_s = result.latency_limit_s;
  options.seed = request.seed;
  options.blind_from_s = request.blind_from_s;
  options.blind_to_s = request.blind_to_s;
  options.interrupted = request.interrupted;
  Comparison(request, board, trace, options, result).run();
  if (request.interrupted != nullptr && request.interrupted->load(std::memory_order_relaxed))
    return fail(ErrorKind::interrupted, "interrupted: half a simulation says nothing",
                "Take a shorter one: --for 10m");
  return result;
}

std::string simulate_text(const SimulateResult& result) {
  std::string out = fmt::format(
      "simulated: twin of {}, {}, {} settings; trace '{}', {:.4g} s, {} requests, seed {}\n"
      "limit: {:.4g} ms a request, {:.3g} % may be late; the controller began with {} noisy "
      "probes\n\n",
      result.board, result.network, result.settings, result.trace, result.seconds, result.requests,
      result.seed, 1e3 * result.latency_limit_s, 100 * result.late_share, result.probes);
  out += fmt::format("{:<12} {:>11} {:>12} {:>8} {:>9} {:>9} {:>9} {:>9}\n", "policy", "energy J",
                     "over best", "late", "p50 ms", "p99 ms", "switches", "fallbacks");
  for (const PolicyResult& one : result.policies) {
    const ServiceOutcome& o = one.outcome;
    out += fmt::format("{:<12} {:>11.1f} {:>+10.2f} % {:>6.2f} % {:>9.1f} {:>9.1f} {:>9} {:>9}\n",
                       one.name, o.joules, 100 * one.over_clairvoyant, 100 * o.late_share(),
                       1e3 * o.p50_s, 1e3 * o.p99_s, o.switches, o.fallbacks);
  }
  const ControllerState& s = result.state;
  out += fmt::format(
      "\ncontroller at the end: slow-down {:.3f} +- {:.3f}, power {:.3f} +- {:.3f}, margin {:.3f}, "
      "{} drifts, {} explorations, {} emergencies; {:.0f} us a decision, {:.0f} us at most\n",
      s.slow_down, s.slow_down_sd, s.power_scale, s.power_scale_sd, s.margin, s.drifts,
      s.explorations, s.emergencies, 1e6 * result.mean_decision_s, 1e6 * result.longest_decision_s);
  return out;
}

nlohmann::json to_json(const SimulateResult& result) {
  nlohmann::json policies = nlohmann::json::array();
  for (const PolicyResult& one : result.policies)
    policies.push_back({{"policy", one.name},
                        {"what", one.what},
                        {"energy_j", one.outcome.joules},
                        {"over_clairvoyant", one.over_clairvoyant},
                        {"served", one.outcome.served},
                        {"late", one.outcome.late},
                        {"late_share", one.outcome.late_share()},
                        {"latency_p50_s", one.outcome.p50_s},
                        {"latency_p99_s", one.outcome.p99_s},
                        {"switches", one.outcome.switches},
                        {"fallbacks", one.outcome.fallbacks}});
  const ControllerState& s = result.state;
  return {{"simulated", true},
          {"board", "twin:" + result.board},
          {"network", result.network},
          {"trace", result.trace},
          {"duration_s", result.seconds},
          {"seed", result.seed},
          {"settings", result.settings},
          {"requests", result.requests},
          {"probes", result.probes},
          {"latency_limit_s", result.latency_limit_s},
          {"late_share_limit", result.late_share},
          {"policies", policies},
          {"controller",
           {{"slow_down", s.slow_down},
            {"power_scale", s.power_scale},
            {"margin", s.margin},
            {"drifts", s.drifts},
            {"explorations", s.explorations},
            {"emergencies", s.emergencies},
            {"decision_s", result.mean_decision_s},
            {"decision_longest_s", result.longest_decision_s}}}};
}

}  // namespace isojoule
