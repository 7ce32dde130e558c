// The static program and fleets: it links no libnats, which Debian has as a shared library only.
// The same program with libnats, libexec/isojoule/isojoule-fleet, lies beside it with the libraries
// and the loader that it needs, lib/isojoule/fleet, so that it, too, asks nothing of the machine.
#pragma once

#include <CLI/CLI.hpp>

namespace isojoule::cli {

// Where this is the static program and the chosen command speaks to a fleet, that one takes over
// this process, with the same words; returns where it does not, or where it is not there (the
// command then fails with `unsupported`). Does nothing in any other build.
void hand_to_fleet_program(const CLI::App& app, char** words);

}  // namespace isojoule::cli
