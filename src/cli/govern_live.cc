#include "cli/govern_live.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "app/govern/govern_service.h"
#include "cli/metrics_option.h"
#include "cli/number_between.h"
#include "data/value_text.h"

namespace isojoule::cli {
namespace {

// How often a line is printed where standard error is watched.
constexpr double kPrintPeriod_s = 10;

Result<ServiceGoal> goal_of(const GovernGoalWords& words) {
  ISOJOULE_TRY(const ServiceGoal goal, service_goal(words));
  if (!(goal.latency_limit_s > 0))
    return fail(ErrorKind::invalid, "no limit of the latency: the slowest clocks would always win",
                "Say how long a request may take: --limit 'latency<50ms'");
  return goal;
}

Result<GovernRequest> request_of(const GovernGoalWords& wanted, const GovernLiveWords& words,
                                 const Program& program) {
  GovernRequest request;
  if (words.study.empty())
    return fail(ErrorKind::invalid, "nothing is known of the settings",
                "Sweep or tune this board once, and give that file: --table FILE.study");
  request.target = words.target;
  request.study_path = words.study;
  request.table.network = wanted.network;
  for (const std::string& text : words.where) {
    ISOJOULE_TRY(const AxisValue one, parse_axis_value(text));
    request.table.where.set(one.axis, one.value);
  }
  ISOJOULE_TRY(request.goal, goal_of(wanted));
  request.controller.explore = words.explore;
  if (wanted.epoch_s) request.loop.epoch = Duration::from(Second(*wanted.epoch_s));
  request.loop.sampling_period = Duration::from(Second(words.period_s));
  request.socket = words.socket;
  request.group = words.group;
  request.program = program.after_dashes;
  if (wanted.for_s) request.limit = Duration::from(Second(*wanted.for_s));
  request.command = program.command_line;
  return request;
}

void print_start(const GovernStart& start) {
  fmt::print(stderr, "governs {}{} for {}: {} of {} settings known, from {} runs\n",
             start.labels.board, start.labels.simulated ? " (SIMULATED)" : "", start.labels.network,
             start.known, start.settings, start.runs);
  for (const std::string& note : start.notes) fmt::print(stderr, "  {}\n", note);
  fmt::print(stderr, "services connect at {}\n", start.labels.socket);
}

std::string percent_of(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? fmt::format("{:.2f} %", 100.0 * double(part) / double(whole)) : "no requests";
}

// When the setting changes, when sight is lost or comes back, and now and then.
class Printer {
 public:
  explicit Printer(bool quiet) : quiet_(quiet) {}
  void take(const LiveState& state) {
    if (!state.status_problem.empty() && !complained_) {
      fmt::print(stderr, "attention: isojoule status does not see this governor: {}\n",
                 state.status_problem);
      complained_ = true;
    }
    const std::string now = state.setting + "\n" + state.blind;
    const bool is_news = now != last_ || state.uptime_s - printed_s_ >= kPrintPeriod_s;
    if (quiet_ || !is_news) return;
    last_ = now;
    printed_s_ = state.uptime_s;
    fmt::print(stderr, "{:7.1f} s  {}  {:.1f}/s  late {}  {}{}\n", state.uptime_s,
               state.power_w ? fmt::format("{:.2f} W", *state.power_w) : "no power",
               state.arrival_hz, percent_of(state.late, state.served),
               state.setting.empty() ? "stock governors" : state.setting,
               state.blind.empty() ? " (" + state.why + ")" : " (blind: " + state.blind + ")");
  }

 private:
  bool quiet_, complained_ = false;
  std::string last_;
  double printed_s_ = -kPrintPeriod_s;
};

void print_result(const GovernResult& result, FILE* to) {
  const LiveState& state = result.state;
  if (!result.caution.empty()) fmt::print(to, "{}\n", result.caution);
  fmt::print(to,
             "governed for {:.1f} s: {} requests answered, {} late ({}; wanted at most {:g} %)\n",
             state.uptime_s, state.served, state.late, percent_of(state.late, state.served),
             100 * result.labels.late_share);
  if (state.energy_known_s > 0)
    fmt::print(to, "energy {:.2f} J in the {:.1f} s that it is known of, {:.3f} W\n",
               state.energy_j, state.energy_known_s, state.energy_j / state.energy_known_s);
  else
    fmt::print(to, "energy not known: no epoch was measured\n");
  std::int64_t fallbacks = 0;
  std::string causes;
  for (const auto& [cause, count] : state.fallbacks) {
    fallbacks += count;
    causes += fmt::format("{}{} {}", causes.empty() ? "" : ", ", cause, count);
  }
  fmt::print(to, "switches {}, fallbacks {}{}, blind {} of {} epochs\n", state.switches, fallbacks,
             causes.empty() ? "" : " (" + causes + ")", state.blind_epochs, state.epochs);
  if (state.lost_marks > 0 || state.absurd_marks > 0)
    fmt::print(to, "of the service's marks {} were lost, {} cannot be\n", state.lost_marks,
               state.absurd_marks);
  fmt::print(to, "the board is as it was before\n");
}

int status_of(const GovernResult& result) {
  if (!result.program || *result.program == ExitState{}) return kDone;
  if (result.stopped && result.program->by_signal && result.program->code == SIGTERM) return kDone;
  return result.program->by_signal ? 128 + result.program->code : result.program->code;
}

}  // namespace

CLI::AsNumberWithUnit govern_times() {
  return CLI::AsNumberWithUnit(
      std::map<std::string, double>{{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}},
      CLI::AsNumberWithUnit::CASE_SENSITIVE);
}

void add_govern_live_options(CLI::App& command, GovernLiveWords& words) {
  command.add_option("--table", words.study, "A study of this board, of sweep or tune")
      ->check(CLI::ExistingFile);
  command.add_option("--where", words.where,
                     "AXIS=VALUE of the engine, where the study has several: precision=fp16");
  command.add_option("--period", words.period_s, "Time between two readings of the power")
      ->transform(govern_times())
      ->check(number_between(1e-3, 10))
      ->default_str("100ms");
  command.add_option("--socket", words.socket,
                     "Where services connect (default: /run/isojoule/govern.sock, or "
                     "$XDG_RUNTIME_DIR/isojoule/govern.sock)");
  command.add_option("--group", words.group, "Let the members of this group connect, too");
  add_metrics_option(command, words.metrics);
  command.add_flag("!--no-explore", words.explore, "Never try a setting only to learn of it");
  command.add_flag("--quiet", words.quiet, "Say nothing between begin and end");
}

Result<int> govern_live(const GovernGoalWords& goal, const GovernLiveWords& words,
                        const Program& program) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  ISOJOULE_TRY(GovernRequest request, request_of(goal, words, program));
  ISOJOULE_TRY(const auto metrics, open_metrics(words.metrics));
  request.metrics = metrics.get();
  Printer printer(words.quiet);
  ISOJOULE_TRY(const GovernResult result,
               govern_service(paths, request, *program.interrupted, print_start,
                              [&printer](const LiveState& state) { printer.take(state); }));
  warn_of_metrics(metrics.get());
  if (goal.json) {
    nlohmann::json root = status_json(result.state, result.labels);
    if (result.program) root["program"] = to_string(*result.program);
    if (!result.caution.empty()) root["caution"] = result.caution;
    fmt::print("{}\n", root.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    // A wrapped program's output is on standard output.
    print_result(result, program.after_dashes.empty() ? stdout : stderr);
  }
  return status_of(result);
}

}  // namespace isojoule::cli
