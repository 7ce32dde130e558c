#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>

#include "app/fleet/fleet_metrics.h"
#include "app/fleet/fleet_server.h"
#include "app/fleet/watch_fleet.h"
#include "app/monitor/monitor.h"
#include "app/monitor/monitor_page.h"
#include "app/monitor/monitor_server.h"
#include "app/monitor/terminal_screen.h"
#include "base/file_tree.h"
#include "cli/bus_options.h"
#include "cli/command.h"
#include "cli/measure_modes.h"
#include "cli/metrics_option.h"
#include "cli/target_options.h"

namespace isojoule::cli {
namespace {

// A port that nothing well-known has.
constexpr const char* kServeAt = "127.0.0.1:8642";
constexpr Duration kShortestPeriod = {100'000};
constexpr Duration kShortestFrame = Duration::milliseconds(10);
constexpr Duration kLongestPeriod = Duration::milliseconds(60'000);

struct MonitorArguments {
  MonitorRequest request;
  std::string period = "50ms", every = "100ms", length;
  bool json = false;
  std::optional<std::string> serve;
  std::string token_file, metrics;
  std::string token;  // of ISOJOULE_TOKEN
  std::vector<std::string> hosts;
  bool no_token = false;
  fleet::BusOptions fleet;  // instead of a board
};

Result<Duration> period_of(const std::string& option, const std::string& text, Duration least) {
  ISOJOULE_TRY(const Duration period, parse_duration(text));
  if (period >= least && period <= kLongestPeriod) return period;
  return fail(
      ErrorKind::invalid, option + " '" + text + "'",
      fmt::format("Give a time from {:g} ms to a minute", static_cast<double>(least.ns) / 1e6));
}

Status read_times(MonitorArguments& arguments) {
  MonitorRequest& request = arguments.request;
  ISOJOULE_TRY(request.sampling_period, period_of("--period", arguments.period, kShortestPeriod));
  ISOJOULE_TRY(request.frame_period, period_of("--every", arguments.every, kShortestFrame));
  if (!arguments.length.empty()) {
    ISOJOULE_TRY(const Duration length, parse_duration(arguments.length));
    request.length = length;
  }
  return {};
}

// Letters and digits, as they stand in an address; enough of them not to be guessed.
Result<std::string> checked_token(std::string token, const std::string& from) {
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  const bool is_plain = token.find_first_not_of(
                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "0123456789") == std::string::npos;
  if (is_plain && token.size() >= 16 && token.size() <= 256) return token;
  return fail(ErrorKind::invalid, "the token of " + from + " is none",
              "A token is 16 to 256 letters and digits on one line, for instance of 'openssl rand "
              "-hex 16'");
}

// Never an argument: other users see those (ps).
Result<std::string> token_of(const MonitorArguments& arguments) {
  if (arguments.no_token) return std::string();
  if (!arguments.token_file.empty()) {
    const auto tree = make_real_file_tree("");
    std::string path = arguments.token_file;
    if (path[0] != '/') {
      char folder[4096];
      if (::getcwd(folder, sizeof folder) != nullptr) path = std::string(folder) + "/" + path;
    }
    ISOJOULE_TRY(std::string text, read_line(*tree, path));
    struct stat about {};
    if (::stat(path.c_str(), &about) == 0 && (about.st_mode & (S_IRGRP | S_IROTH)) != 0)
      fmt::print(stderr, "attention: others can read {} (chmod 600)\n", arguments.token_file);
    return checked_token(std::move(text), arguments.token_file);
  }
  return arguments.token.empty() ? std::string() : checked_token(arguments.token, "ISOJOULE_TOKEN");
}

// A program that is watched has no business with it.
void take_token_of_environment(MonitorArguments& arguments) {
  if (const char* const token = std::getenv("ISOJOULE_TOKEN")) arguments.token = token;
  ::unsetenv("ISOJOULE_TOKEN");
}

// A token that somebody chose is known to those who shall know it; it does not go into logs.
template <typename Server>
std::string shown_address(const MonitorArguments& arguments, const Server& server) {
  const bool is_new = arguments.token_file.empty() && arguments.token.empty();
  return is_new ? server.url() : server.address();
}

Result<MonitorServing> serving_of(const MonitorArguments& arguments) {
  const std::string text = arguments.serve->empty() ? kServeAt : *arguments.serve;
  const auto place = parse_listen_place(text);
  if (!place)
    return fail(ErrorKind::invalid, "--serve '" + text + "' is no place to serve at",
                "Give PORT (of 127.0.0.1) or ADDRESS:PORT");
  MonitorServing serving;
  serving.address = place->address;
  serving.port = place->port;
  serving.hosts = arguments.hosts;
  serving.without_token = arguments.no_token;
  ISOJOULE_TRY(serving.token, token_of(arguments));
  return serving;
}

template <typename Server>
void say_where(const MonitorArguments& arguments, const Server& server) {
  fmt::print(stderr, "serving: {}\n", shown_address(arguments, server));
  if (arguments.no_token)
    fmt::print(stderr, "attention: without a token every user of this machine can read it\n");
}

Result<std::unique_ptr<MonitorServer>> open_server(const MonitorArguments& arguments,
                                                   const MonitorPage& page) {
  if (!arguments.serve) return std::unique_ptr<MonitorServer>();
  ISOJOULE_TRY(const MonitorServing serving, serving_of(arguments));
  ISOJOULE_TRY(auto server, MonitorServer::open(serving, page));
  say_where(arguments, *server);
  return server;
}

int status_of(const MonitorEnd& end) {
  if (end.program_status > 0) return std::min(end.program_status, 255);
  if (end.program_error || end.record_error) return kFailed;
  return kDone;
}

void tell_end(const MonitorArguments& arguments, const MonitorEnd& end, const TerminalView* view) {
  std::FILE* const to = arguments.json || !arguments.request.program.empty() ? stderr : stdout;
  if (view != nullptr) fmt::print(to, "{}", view->totals());
  if (end.marks_together > 0)
    fmt::print(stderr,
               "attention: {} marks came together with their begins, so nothing lies between them "
               "here: the program buffers its output, or this one was held up\n",
               end.marks_together);
  if (end.record_error)
    fmt::print(stderr, "the recording is not whole: {}\n", to_string(*end.record_error));
  if (!arguments.request.record.empty())
    fmt::print(stderr, "recorded: {} ({} {})\n", arguments.request.record, end.recorded_runs,
               end.recorded_runs == 1 ? "run" : "runs");
  if (end.lost_records > 0)
    fmt::print(stderr, "attention: {} readings were lost, since this program was held up\n",
               end.lost_records);
  if (end.program_error) fmt::print(stderr, "{}\n", to_string(*end.program_error));
}

Status check_fleet_alone(const MonitorArguments& arguments, const Program& program) {
  const MonitorRequest& request = arguments.request;
  const std::pair<bool, const char*> others[] = {
      {!request.target.board.empty(), "--board"},
      {!request.target.sysroot.empty(), "--sysroot"},
      {!request.load.empty(), "--load"},
      {!request.record.empty(), "--record"},
      {!arguments.length.empty(), "--for"},
      {arguments.json, "--json"},
      {!program.after_dashes.empty(), "a program behind --"}};
  for (const auto& [is_given, what] : others)
    if (is_given)
      return fail(ErrorKind::invalid,
                  fmt::format("--fleet shows no board of this machine: {}", what),
                  "Leave one of them away; 'isojoule fleet boards --json' prints a fleet as JSON");
  return {};
}

Result<int> monitor_fleet(MonitorArguments& arguments, const Program& program) {
  ISOJOULE_CHECK(check_fleet_alone(arguments, program));
  take_token_of_environment(arguments);
  ISOJOULE_TRY(const auto bus, fleet::Bus::connect(arguments.fleet));
  const auto clock = make_real_clock();
  ISOJOULE_TRY(const auto endpoint, open_metrics(arguments.metrics));
  FleetWatching watching;
  std::unique_ptr<FleetServer> server;
  if (arguments.serve) {
    ISOJOULE_TRY(const MonitorServing serving, serving_of(arguments));
    ISOJOULE_TRY(server, FleetServer::open(serving));
    ISOJOULE_CHECK(server->start());
    say_where(arguments, *server);
    watching.footer = shown_address(arguments, *server);
  }
  watching.draws = is_drawable(STDIN_FILENO, STDOUT_FILENO);
  if (!watching.draws && !server && !endpoint)
    return fail(ErrorKind::unsupported, "--fleet draws on a terminal, and this is none",
                "Give --serve or --metrics, or 'isojoule fleet boards'");
  FleetPicture latest;
  std::mutex lock;  // of `latest`, which the endpoint's thread reads
  watching.show = [&](const FleetPicture& picture) {
    if (server) server->show(picture);
    const std::lock_guard held(lock);
    latest = picture;
  };
  if (endpoint)
    ISOJOULE_CHECK(endpoint->begin([&](bool) {
      const std::lock_guard held(lock);
      return fleet_metrics(latest);
    }));
  const Status watched = watch_fleet(*bus, *clock, watching, *program.interrupted);
  if (endpoint) endpoint->end();
  warn_of_metrics(endpoint.get());
  if (!watched) return tl::unexpected<Error>(watched.error());
  return kDone;
}

Result<int> monitor_with(MonitorArguments& arguments, const Program& program) {
  if (!arguments.fleet.url.empty()) return monitor_fleet(arguments, program);
  MonitorRequest& request = arguments.request;
  ISOJOULE_CHECK(read_times(arguments));
  take_token_of_environment(arguments);
  request.program = program.after_dashes;
  request.command = program.command_line;
  ISOJOULE_TRY(const Paths paths, find_paths());
  MonitorPage page;
  ISOJOULE_TRY(const auto endpoint, open_metrics(arguments.metrics));
  ISOJOULE_TRY(const auto server, open_server(arguments, page));
  std::vector<MonitorSink*> sinks = {&page};
  std::optional<MetricsOpening> opening;
  if (endpoint) sinks.push_back(&opening.emplace(*endpoint, page));
  if (server) sinks.push_back(server.get());
  TerminalScreen screen;
  PlainLines plain;
  JsonLines json;
  // A program has the terminal for itself.
  const bool draws =
      !arguments.json && request.program.empty() && is_drawable(STDIN_FILENO, STDOUT_FILENO);
  const bool says_lines = !arguments.json && !draws && !server && request.program.empty();
  if (arguments.json) {
    sinks.push_back(&json);
    request.program_output = "stderr";
  }
  if (draws) {
    sinks.push_back(&screen);
    if (server) screen.say(shown_address(arguments, *server));
  }
  // Its lines are for the totals, too.
  if (says_lines) sinks.push_back(&plain);
  TerminalTotals totals;
  if (!draws && !says_lines) sinks.push_back(&totals);
  const auto end = run_monitor(paths, request, sinks, *program.interrupted);
  static_cast<MonitorSink&>(screen).leave();
  if (endpoint) endpoint->end();
  warn_of_metrics(endpoint.get());
  if (!end) return tl::unexpected<Error>(end.error());
  const TerminalView& view = draws ? screen.view() : says_lines ? plain.view() : totals.view();
  tell_end(arguments, *end, arguments.json ? nullptr : &view);
  return status_of(*end);
}

}  // namespace

void add_monitor(CLI::App& app, Program& program) {
  auto* command =
      app.add_subcommand("monitor",
                         "Watch a board live, or while a program runs (-- PROGRAM ARGUMENTS behind "
                         "all options): rails, "
                         "clocks, temperatures, energy; in the terminal, the browser, Prometheus");
  auto arguments = std::make_shared<MonitorArguments>();
  MonitorRequest& request = arguments->request;
  add_target_options(*command, request.target);
  auto* load = command->add_option(
      "--load", request.load,
      "Of a twin: a network that it runs again and again, an ONNX file or a name of 'isojoule zoo "
      "list'");
  command->add_option("--batch", request.batch, "Of --load: inputs in a batch")
      ->check(CLI::Range(1, 65536))
      ->needs(load)
      ->capture_default_str();
  command->add_option("--period", arguments->period, "Time between two readings, 0.1ms to a minute")
      ->capture_default_str();
  command->add_option("--every", arguments->every, "Time between two frames, 10ms to a minute")
      ->capture_default_str();
  command->add_option("--for", arguments->length, "End after this time: 10s, 5min, 2h");
  command->add_flag("--json", arguments->json,
                    "Print a line of JSON for the head and for every frame, units in the keys");
  command->add_option("--record", request.record,
                      "Keep every reading in a study file for show, report, export");
  auto* serve = command
                    ->add_option("--serve", arguments->serve,
                                 "Show it in the browser, too: [ADDRESS:]PORT, 127.0.0.1:8642 "
                                 "where none is given. The address with its token is printed")
                    ->expected(0, 1);
  command
      ->add_option("--token-file", arguments->token_file,
                   "File with the token to ask for (or ISOJOULE_TOKEN; default: a new one)")
      ->needs(serve)
      ->check(CLI::ExistingFile);
  command
      ->add_flag("--no-token", arguments->no_token, "Ask for no token; on a loopback address only")
      ->needs(serve)
      ->excludes("--token-file");
  command
      ->add_option("--host", arguments->hosts,
                   "Further names by which browsers may ask for it, of a board on the network")
      ->needs(serve);
  add_metrics_option(*command, arguments->metrics);
  add_bus_options(*command, arguments->fleet, "--fleet", false);
  command->callback([arguments, &program] {
    program.action = [arguments, &program] { return monitor_with(*arguments, program); };
  });
}

}  // namespace isojoule::cli
