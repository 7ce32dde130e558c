// isojoule session: started by isojoule.h for a program that measures itself.
#include <CLI/CLI.hpp>

#include "app/session/serve_session.h"
#include "cli/command.h"
#include "cli/number_between.h"
#include "cli/target_options.h"

namespace isojoule::cli {

void add_session(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("session", "")->group("");
  auto request = std::make_shared<SessionRequest>();
  command->add_option("--fd", request->descriptor, "The socket to the program")->required();
  command->add_option("--parent", request->parent, "The program's process");
  add_target_options(*command, request->target);
  // Nobody sees what is printed here: what is wrong with an option the program is told.
  command->get_option("--sysroot")->envname("ISOJOULE_SYSROOT")->get_validator(0)->active(false);
  command->add_option("--period-ms", request->period_ms, "Sampling period in milliseconds")
      ->envname("ISOJOULE_PERIOD_MS");
  command->add_option("--idle-ms", request->idle_ms, "Measure the board without load first")
      ->envname("ISOJOULE_IDLE_MS");
  command->add_option("--report", request->report, "A JSON file at the end")
      ->envname("ISOJOULE_REPORT");
  command->callback([request, &program] {
    program.action = [request, &program]() -> Result<int> {
      ISOJOULE_TRY(const Paths paths, find_paths());
      ISOJOULE_CHECK(serve_session(paths, *request, *program.interrupted));
      return kDone;
    };
  });
}

}  // namespace isojoule::cli
