// Programs that set a board, a mounted twin, and die at random moments of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace isojoule::kill {

struct Rounds {
  int rounds = 50;
  std::uint64_t seed = 1;
  std::string root;     // the tree's
  std::string program;  // isojoule, which is its own keeper
  double limit_s = 1;   // from death to the last node's return; a busy machine needs more
};

struct Outcome {
  int made = 0;
  int died_early = 0;   // before their first write to a knob
  int died_inside = 0;  // by a crash of their own, not by a signal from outside
  std::map<std::string, int> by_signal;
  double slowest_s = 0;  // from the program's death to the last node's return
  std::string fault;     // "" = every round came back byte for byte within the limit
};

// Each round: a process takes the board and turns knob after knob to random values until it is
// killed by SIGKILL, SIGTERM, SIGINT, SIGHUP or SIGSEGV, or calls abort(); then every writable file
// of the tree must be as before within the limit. $ISOJOULE_STATE must name a folder.
Outcome run_rounds(const Rounds& rounds);

}  // namespace isojoule::kill
