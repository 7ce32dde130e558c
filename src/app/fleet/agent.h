// `isojoule agent`: a board's part of a fleet. Announces the board, takes blocks of the studies
// that fit it, one at a time, measures them as `sweep` does, and publishes each finished run.
//
// A run is on this board's disk (outbox.h) before it is published, and goes from there when the
// server has stored it, so that neither a kill nor a lost server loses one; a block is done when
// its runs are stored. The board is restored after every block, by the keeper where the agent dies.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "app/paths.h"
#include "app/target.h"
#include "base/error.h"
#include "fleet/bus.h"

namespace isojoule {

struct AgentRequest {
  fleet::BusOptions bus;
  TargetOptions target;
  std::string name;              // in the fleet; "" = the host's name, of a twin the board's
  std::string folder;            // outbox, objects, lock; "" = STATE/agent/NAME
  bool allow_command = false;    // plans whose engine is a program of theirs
  Duration until_idle{};         // ends when it had nothing to do for so long; 0: never
  std::int64_t most_blocks = 0;  // ends after so many; 0: no limit
  int replicas = 1;              // servers that keep a copy, where it has to make the streams
  Duration recheck = Duration::milliseconds(60'000);  // of a board that took itself out
  std::string command;                                // as typed
};

// What it tells the person who started it; one line each.
using AgentSays = std::function<void(const std::string& line)>;

struct AgentResult {
  std::int64_t runs = 0, blocks = 0;
  std::string out;  // why the board took itself out, where it did at the end
};

// Runs until interrupted. Errors: of the first connection, the target, busy (another agent of this
// machine, another board of this name), permission_denied (the servers refuse it for good; also
// later). Other troubles that come later are told in the pulse and do not end it.
Result<AgentResult> run_agent(const Paths& paths, const AgentRequest& request,
                              const std::atomic<bool>& interrupted, const AgentSays& says);

}  // namespace isojoule
