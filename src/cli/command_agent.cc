#include <fmt/format.h>

#include <cmath>

#include "app/fleet/agent.h"
#include "cli/bus_options.h"
#include "cli/command.h"
#include "cli/target_options.h"

namespace isojoule::cli {
namespace {

struct AgentArguments {
  AgentRequest request;
  double until_idle_s = 0;
  double recheck_s = 60;
};

Duration of_seconds(double seconds) {
  return Duration::milliseconds(static_cast<std::int64_t>(std::lround(seconds * 1e3)));
}

// Each line at once: a log is read while the agent runs.
void print_line(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

Result<int> run_command(const AgentArguments& arguments, const Program& program) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  AgentRequest request = arguments.request;
  request.until_idle = of_seconds(arguments.until_idle_s);
  request.recheck = of_seconds(arguments.recheck_s);
  ISOJOULE_TRY(const AgentResult result,
               run_agent(paths, request, *program.interrupted, print_line));
  fmt::print("{} runs in {} blocks{}\n", result.runs, result.blocks,
             result.out.empty() ? "" : "; the board took itself out: " + result.out);
  return result.out.empty() ? kDone : kFailed;
}

}  // namespace

void add_agent(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "agent",
      "This board's part of a fleet: takes blocks of studies from a server, measures them");
  auto arguments = std::make_shared<AgentArguments>();
  AgentRequest& request = arguments->request;
  add_bus_options(*command, request.bus, "--nats");
  add_target_options(*command, request.target);
  add_pace_option(*command, request.target);
  command->add_option("--name", request.name,
                      "The board's name in the fleet: letters, digits, - and _ (default: the "
                      "host's name, of a twin the board's)");
  command->add_option("--folder", request.folder,
                      "Where runs wait for the server and networks are kept (default: agent/NAME "
                      "in the state folder)");
  command->add_flag("--allow-command", request.allow_command,
                    "Also take studies that run programs of their plan: everybody who may publish "
                    "studies may then run programs here");
  command
      ->add_option("--until-idle", arguments->until_idle_s,
                   "End when there was nothing to do for so many seconds (default: go on)")
      ->check(CLI::Range(0.0, 1e6))
      ->transform(
          CLI::AsNumberWithUnit(std::map<std::string, double>{{"ms", 1e-3}, {"s", 1}, {"min", 60}},
                                CLI::AsNumberWithUnit::CASE_SENSITIVE));
  command->add_option("--blocks", request.most_blocks, "End after so many blocks (default: go on)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}));
  command
      ->add_option(
          "--recheck", arguments->recheck_s,
          "Seconds after which a board that took itself out looks whether it is well again")
      ->check(CLI::Range(0.1, 1e6))
      ->capture_default_str();
  command
      ->add_option("--replicas", request.replicas,
                   "Servers that keep a copy of everything, where the streams are not there yet")
      ->check(CLI::IsMember({1, 3, 5}))
      ->capture_default_str();
  command->callback([arguments, &program] {
    arguments->request.command = program.command_line;
    program.action = [arguments, &program] { return run_command(*arguments, program); };
  });
}

}  // namespace isojoule::cli
