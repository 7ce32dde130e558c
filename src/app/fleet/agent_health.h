// Whether a board measures well enough to take part. One that does not takes itself out, says why,
// and looks by itself whether it is well again, where looking can tell.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "app/paths.h"
#include "app/target.h"
#include "data/run.h"
#include "fleet/message.h"

namespace isojoule::agent {

enum class OutageKind : std::uint8_t {
  throttling,
  sensor,   // a rail of the total gives nothing
  disk,     // no room for runs
  busy,     // another program sets the board
  engine,   // workers die every time
  restore,  // the board could not be set, or not put back
  server,   // the server does not take this board's runs
};
struct Outage {
  OutageKind kind = OutageKind::restore;
  std::string why;
  bool operator==(const Outage&) const = default;
};

struct Verdict {
  std::optional<Outage> outage;
  bool is_held_back = false;        // it may be the board's fault: stored when a good run follows
  bool is_first_throttled = false;  // look whether it throttles at rest
};

// Judges runs in their order, across blocks.
class RunHealth {
 public:
  // `has_sensors`: the board's total could be read when the agent began.
  explicit RunHealth(bool has_sensors) : has_sensors_(has_sensors) {}
  // `engine_has_worked`: some run of this study did, so that a death is the run's own.
  Verdict judge(const Run& run, bool engine_has_worked);
  void forget() { throttled_ = deaths_ = 0; }  // the board is well again

 private:
  Verdict judge_throttled();
  bool has_sensors_;
  int throttled_ = 0, deaths_ = 0;  // in a row
};

// Why the board throttles with nothing to do, looked at over a second after `cool_down`; "" = it
// does not. Waits on the board's clock, in slices, until `interrupted`.
std::string throttles_at_rest(Board& board, Duration cool_down,
                              const std::atomic<bool>& interrupted);

// Whether the reason has gone. Of kinds that only a person can judge (engine, server): false.
bool has_recovered(const Outage& outage, const Paths& paths, const TargetOptions& target,
                   const std::string& folder, const std::atomic<bool>& interrupted);

}  // namespace isojoule::agent
