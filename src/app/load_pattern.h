// Power on purpose: a load that can be stepped, and the pattern by which a meter's log is matched
// and calibrated.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "app/target.h"
#include "data/run.h"

namespace isojoule {

// What draws power in steps while time goes on.
class Load {
 public:
  virtual ~Load() = default;  // nothing runs any more
  // The highest level; 0 draws nothing beyond the board's idle.
  int levels() const { return do_levels(); }
  std::string what() const { return do_what(); }  // "busy threads on 4 CPUs", for people
  // Returns when the load of that level runs. Errors: of the engine on a twin.
  Status set(int level) { return do_set(level); }
  // Lets it run until then, and returns earlier only when `interrupted`.
  Status run_until(Instant end, const std::atomic<bool>& interrupted) {
    return do_run_until(end, interrupted);
  }

 private:
  virtual int do_levels() const = 0;
  virtual std::string do_what() const = 0;
  virtual Status do_set(int level) = 0;
  virtual Status do_run_until(Instant end, const std::atomic<bool>& interrupted) = 0;
};

// Threads that compute without end, on this machine's CPUs that this process may use; up to four
// levels. On a twin its own engine with a small network and larger and larger batches, since
// threads of this machine draw nothing there.
Result<std::unique_ptr<Load>> make_load(Target& target, const Paths& paths);

struct PatternTimes {
  Duration chip = Duration::milliseconds(2000);    // of a marker's code
  Duration step = Duration::milliseconds(10'000);  // at one level
};
Duration length_of(const PatternTimes& times, int levels);

// Idle, a marker, every level up and down again, another marker, idle. The markers switch the
// highest level on and off by Barker's codes of 13 and of 11, whose correlation with themselves has
// one peak and nothing above a thirteenth (an eleventh) of it beside (R. H. Barker, "Group
// Synchronizing of Binary Digital Systems", in Communication Theory, 1953); two different ones, so
// that neither is taken for the other. Adds the windows "marker" and "step LEVEL" to the run.
Status play_pattern(Load& load, Clock& clock, const PatternTimes& times,
                    const std::atomic<bool>& interrupted, std::vector<Window>& windows);

}  // namespace isojoule
