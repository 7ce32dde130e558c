// `isojoule sweep --fleet`: the sweep by a lab full of boards, told on a terminal.
#pragma once

#include <CLI/CLI.hpp>

#include "app/fleet/coordinator.h"
#include "cli/command.h"

namespace isojoule::cli {

// --fleet and what goes with it. `alone`: options of the command that are of one board and do not
// go with it. `request.bus.url` is empty where --fleet is not given.
void add_sweep_fleet_options(CLI::App& command, FleetSweepRequest& request,
                             const std::vector<std::string>& alone);

Result<int> run_sweep_fleet(const FleetSweepRequest& request, const Program& program);

}  // namespace isojoule::cli
