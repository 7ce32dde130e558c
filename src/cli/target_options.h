// --board, --release, --sysroot and --helper, the same for every command that works on a board.
#pragma once

#include <CLI/CLI.hpp>

#include "app/target.h"

namespace isojoule::cli {

void add_target_options(CLI::App& command, TargetOptions& target);
// --pace, for commands that run long.
void add_pace_option(CLI::App& command, TargetOptions& target);

}  // namespace isojoule::cli
