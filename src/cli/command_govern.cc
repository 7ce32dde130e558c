// isojoule govern: keeps a running service at the setting that costs least.
#include "cli/command.h"
#include "cli/govern_simulate.h"

namespace isojoule::cli {
namespace {

struct GovernWords {
  GovernGoalWords goal;
  GovernSimulateWords simulate;
};

CLI::AsNumberWithUnit durations() {
  return CLI::AsNumberWithUnit(
      std::map<std::string, double>{{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}},
      CLI::AsNumberWithUnit::CASE_SENSITIVE);
}

void add_goal(CLI::App& command, GovernGoalWords& words) {
  command.add_option("--board", words.board, "twin:NAME");
  command.add_option("--network", words.network, "The network that the service runs");
  command.add_option("--limit", words.limits,
                     "'latency<50ms' of a request, from arrival to answer; 'power<15W', "
                     "'temperature<70C'");
  command.add_option("--late", words.late, "Share of the requests that may be later")
      ->capture_default_str();
  command.add_option("--epoch", words.epoch_s, "Time between two decisions (default: 500ms)")
      ->transform(durations());
  command.add_option("--for", words.for_s, "So long: 90s, 5m, 1h (default: 1h)")
      ->transform(durations());
  command.add_flag("--json", words.json, "Print the result as JSON");
}

}  // namespace

void add_govern(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "govern", "Keep a running service in its limits at the least energy; --simulate on a twin");
  auto words = std::make_shared<GovernWords>();
  add_goal(*command, words->goal);
  add_govern_simulate_options(*command, words->simulate);
  command->callback([words, &program] {
    program.action = [words]() -> Result<int> {
      if (words->simulate.simulate) return govern_simulate(words->goal, words->simulate);
      return fail(ErrorKind::unsupported, "this program governs simulated services only",
                  "Add --simulate and --board twin:NAME");
    };
  });
}

}  // namespace isojoule::cli
