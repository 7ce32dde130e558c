// The command lines of trtexec's three calls. Options that were renamed between versions are chosen
// by what its help names, so that a version that nobody here has seen still gets what it knows.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/trtexec/options.h"
#include "engine/trtexec/program.h"

namespace isojoule::trtexec {

struct Plan {
  Program program;
  Options options;
  std::string model, engine;  // files
  std::string shapes;         // shapes_argument(); may be empty
  std::string loaded_inputs;  // write_inputs(); may be empty
  bool detailed = false;      // layers shall have kinds
};

// Builds the engine and runs nothing. Errors: unsupported (an option that this version lacks).
Result<std::vector<std::string>> build_command(const Plan& plan);

struct RunCounts {
  std::int64_t iterations = 1;  // beside the warm-up by time
  std::int64_t warm_up_ms = 0;
};
// What shall run so that the job's batches are the last ones: one more for the first of all, those
// of the warm-up by count, and with several streams a round more, because each adds its own.
RunCounts counts_of(const Job& job, std::int64_t batches, std::int64_t streams);

Result<std::vector<std::string>> run_command(const Plan& plan, const RunCounts& counts,
                                             const std::string& times_file);
Result<std::vector<std::string>> profile_command(const Plan& plan, std::int64_t batches,
                                                 const std::string& profile_file,
                                                 const std::string& layers_file);

// What makes an engine another one: the build's arguments without the names of files.
std::string build_identity(const Plan& plan, const std::vector<std::string>& command);

// Of every call: how CUDA loads its kernels.
std::map<std::string, std::string> environment_of(const Options& options);

}  // namespace isojoule::trtexec
