// `isojoule fleet credentials`: keys and the server's configuration.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/command.h"

namespace isojoule::cli {

void add_fleet_credentials(CLI::App& fleet, Program& program);

}  // namespace isojoule::cli
