// One call of trtexec from its start to its end: every line as it comes, with the time at which it
// came.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/subprocess.h"
#include "engine/memory_note.h"
#include "engine/trtexec/log.h"

namespace isojoule::trtexec {

struct Call {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;
  std::string doing;            // "building the engine"
  Duration silence;             // longest time in which it neither writes nor uses the processor
  Duration limit;               // longest time at all
  std::function<void()> alive;  // called about every two seconds while it runs
};

struct Course {
  Instant started, ended;
  // When these lines came: the arrival of what was flushed after each line, so late by the time
  // that this process takes to wake up.
  std::optional<Instant> inference_line, report_line;
  Log log;
  MemoryNote memory;
};

// Waits for its end. Errors: those of Subprocess::start; timeout (a limit; it was stopped); those
// of failure_of where it did not succeed.
Result<Course> run_call(const Call& call);

}  // namespace isojoule::trtexec
