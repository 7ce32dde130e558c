// The address of a fleet's server and what opens it: the same for every command that speaks to one.
#pragma once

#include <CLI/CLI.hpp>

#include "fleet/bus.h"

namespace isojoule::cli {

// `option`: "--nats" or "--fleet". Beside it --creds, --tls-ca, --tls-cert, --tls-key. Where it is
// `required` and not given: ISOJOULE_NATS; without both the command fails with invalid. Where it is
// not required, ISOJOULE_NATS alone does not make a command one of the fleet.
void add_bus_options(CLI::App& command, fleet::BusOptions& bus, const std::string& option,
                     bool required = true);

}  // namespace isojoule::cli
