// isojoule measure -- PROGRAM ARGUMENTS: any program instead of a network.
#pragma once

#include "app/measure_once.h"
#include "cli/command.h"

namespace isojoule::cli {

// What of the request the user has said, and where the report goes.
struct MeasureWords {
  bool engine_given = false;
  bool inferences_given = false;
  bool json = false;
};

// Makes the request one for engine command where a program was given. Its standard output passes
// through; beside our JSON it goes to standard error. Errors: invalid (neither a program nor a
// network, or both, or another engine).
Status take_program(const Program& program, const MeasureWords& words, MeasureRequest& request);

// Our exit status for a failed run: a program's own where it is not 0.
int status_of_failure(const MeasureResult& result);

}  // namespace isojoule::cli
