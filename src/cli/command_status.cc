// isojoule status: what runs here.
#include <fmt/format.h>

#include "app/govern/status_file.h"
#include "cli/command.h"

namespace isojoule::cli {

void add_status(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "status",
      "What runs on this machine: governors, and whoever holds a board; exit status 1: nothing");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "As JSON");
  command->callback([json, &program] {
    program.action = [json]() -> Result<int> {
      ISOJOULE_TRY(const Paths paths, find_paths());
      const MachineStatus status = machine_status(paths);
      if (*json)
        fmt::print("{}\n", status_json(status).dump(2, ' ', false,
                                                    nlohmann::json::error_handler_t::replace));
      else
        fmt::print("{}", status_text(status));
      return status.runs() ? kDone : kFailed;
    };
  });
}

}  // namespace isojoule::cli
