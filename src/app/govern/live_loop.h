// `isojoule govern` on a board: epoch after epoch it gathers what the service said and what the
// board took, lets the controller decide, and turns the knobs.
//
// Whatever it cannot see or set ends at the stock governors, at once: missing samples, a clock that
// is not where it was put, marks that were lost or cannot be, its own deadline missed. One thread,
// on any clock; the sampler's own beside it on the real one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "app/govern/service_port.h"
#include "board/board.h"
#include "board/journal.h"
#include "experiment/sampler.h"
#include "govern/controller.h"

namespace isojoule {

// The controller, or a script in tests.
struct GovernMind {
  std::function<Decision()> first;
  std::function<Decision(const EpochReport&)> decide;
  std::function<ControllerState()> state;
};
GovernMind mind_of(Controller& controller);  // which outlives it

struct LiveLoopOptions {
  Duration epoch = Duration::milliseconds(1000);
  Duration sampling_period = Duration::milliseconds(100);
  Duration look = Duration::milliseconds(25);  // between two looks at the services' queues
};

// What is told to people and pages; totals are since the loop began.
struct LiveState {
  ControllerState controller;
  std::string setting;  // that the board has by our doing; "": the stock governors'
  std::string why;      // of the last decision
  std::string blind;    // of the last epoch; "" it was seen
  std::int64_t services = 0, queued = 0;
  double uptime_s = 0;
  double epoch_s = 0;               // of the last one, as the next four
  std::optional<double> power_w;    // mean
  double arrival_hz = 0;            // requests a second
  std::optional<double> latency_s;  // the longest
  std::optional<double> temperature_c;
  double energy_j = 0, energy_known_s = 0;  // of the epochs whose energy is known, and their time
  std::int64_t epochs = 0, blind_epochs = 0;
  std::int64_t arrived = 0, served = 0, dropped = 0, late = 0;
  std::uint64_t lost_marks = 0;
  std::int64_t absurd_marks = 0;
  std::int64_t switches = 0;                      // knobs were turned to another point
  std::string status_problem;                     // why `isojoule status` does not see this
  std::map<std::string, std::int64_t> fallbacks;  // from a point to the stock governors, by cause
};

// The causes that LiveState::fallbacks and the pages name.
std::string cause_of(const std::string& blind);

class LiveLoop {
 public:
  // All outlive it; `table` is the one that the mind knows. The guard has been taken: nothing is
  // written before.
  LiveLoop(Board& board, BoardGuard& guard, const OperatingTable& table, GovernMind mind,
           ServiceSource& services, const LiveLoopOptions& options);

  // Until `stop` says so, which is asked every few milliseconds. At the end the stock governors
  // rule. Errors: nodes that cannot be restored (the keeper tries again).
  Status run(const std::function<bool()>& stop,
             const std::function<void(const LiveState&)>& each_epoch);
  const LiveState& state() const { return state_; }

 private:
  Instant now() { return board_.clock->now(); }
  bool wait_until(Instant due, const std::function<bool()>& stop);
  EpochReport gather(Instant end, bool is_last = false);
  void add_energy(Instant end, EpochReport& report);
  void add_setting(EpochReport& report);
  void add_temperature(EpochReport& report);
  void count(const ServiceEpoch& seen, const EpochReport& report);
  void note(const ServiceEpoch& seen, const EpochReport& report);
  Status obey(const Decision& decision);
  Status set(GridPoint point);
  Status give_back();
  void refuse(GridPoint point, const std::string& why);

  struct Refusal {
    std::string why;
    Instant until;
    Duration wait;
  };

  Board& board_;
  BoardGuard& guard_;
  const OperatingTable& table_;
  GovernMind mind_;
  ServiceSource& services_;
  LiveLoopOptions options_;
  Sampler sampler_;
  LiveState state_;
  std::optional<GridPoint> point_;  // that the board has
  bool touched_ = false;            // some knob may not be as it was found
  std::map<GridPoint, Refusal> refused_;
  std::string trouble_;  // of the last setting, or of the loop itself: the next epoch is blind
  Instant began_, epoch_begin_;
};

}  // namespace isojoule
