// isojoule govern: keeps a running service at the setting that costs least.
#include "cli/command.h"
#include "cli/govern_live.h"

namespace isojoule::cli {

void add_govern(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "govern", "Keep a running service in its limits at the least energy: [-- PROGRAM ARGUMENTS]");
  auto words = std::make_shared<GovernLiveWords>();
  add_govern_goal_options(*command, *words);
  add_govern_live_options(*command, *words);
  command->callback([words, &program] {
    program.action = [words, &program] { return govern_live(*words, program); };
  });
}

}  // namespace isojoule::cli
