// isojoule govern: keeps a running service at the setting that costs least.
#include "cli/command.h"
#include "cli/govern_live.h"
#include "cli/govern_simulate.h"
#include "cli/number_between.h"
#include "cli/target_options.h"

namespace isojoule::cli {
namespace {

struct GovernWords {
  GovernGoalWords goal;
  GovernSimulateWords simulate;
  GovernLiveWords live;
};

void add_goal(CLI::App& command, GovernGoalWords& words) {
  command.add_option("--network", words.network,
                     "The network that the service runs (default: the study's only one)");
  command.add_option("--limit", words.limits,
                     "'latency<50ms' of a request, from arrival to answer (latency_p95: 5 % may be "
                     "later, latency_p99: 1 %); 'power<15W', 'temperature<70C'");
  command.add_option("--late", words.late, "Share of the requests that may be later")
      ->default_str("1%");
  command
      .add_option("--epoch", words.epoch_s,
                  "Time between two decisions (default: 1s; simulated 500ms)")
      ->transform(govern_times())
      ->check(number_between(0.05, 60));
  command
      .add_option("--for", words.for_s,
                  "So long: 90s, 5m, 1h (default: until it is stopped; simulated 1h)")
      ->transform(govern_times())
      ->check(number_between(1e-3, 366.0 * 24 * 3600));
  command.add_flag("--json", words.json, "Print the result as JSON");
}

}  // namespace

void add_govern(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("govern",
                                     "Keep a running service in its limits at the least energy: "
                                     "[-- PROGRAM ARGUMENTS]; --simulate on a twin");
  auto words = std::make_shared<GovernWords>();
  add_target_options(*command, words->live.target);
  add_goal(*command, words->goal);
  add_govern_live_options(*command, words->live);
  add_govern_simulate_options(*command, words->simulate);
  command->callback([words, &program] {
    program.action = [words, &program]() -> Result<int> {
      words->goal.board = words->live.target.board;
      return words->simulate.simulate ? govern_simulate(words->goal, words->simulate, program)
                                      : govern_live(words->goal, words->live, program);
    };
  });
}

}  // namespace isojoule::cli
