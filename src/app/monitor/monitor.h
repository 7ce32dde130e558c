// `isojoule monitor`: samples a board's rails and watches until it is told to end, and tells
// whoever shows them of a frame ten times a second.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/monitor/live_frame.h"
#include "app/paths.h"
#include "app/target.h"
#include "base/quantity.h"

namespace isojoule {

// One way to show frames. Called on the monitor's own thread; what is slow must not be done here.
class MonitorSink {
 public:
  virtual ~MonitorSink() = default;
  Status begin(const LiveHead& head) { return do_begin(head); }
  // An error ends the monitor.
  Status show(const LiveFrame& frame) { return do_show(frame); }
  // About ten times a second, also between two frames. True: the person at it wants to end.
  bool look() { return do_look(); }
  // It is over but for the last frame, which may take its time; only totals are wanted now.
  void leave() { do_leave(); }
  // Something that whoever watches should know now.
  void tell(const std::string& words) { do_tell(words); }

 private:
  virtual Status do_begin(const LiveHead& head) = 0;
  virtual Status do_show(const LiveFrame& frame) = 0;
  virtual bool do_look() { return false; }
  virtual void do_leave() {}
  virtual void do_tell(const std::string&) {}
};

struct MonitorRequest {
  TargetOptions target;
  Duration sampling_period = Duration::milliseconds(50);
  Duration frame_period = Duration::milliseconds(100);
  std::optional<Duration> length;  // absent: until it is ended
  std::string load;                // of a twin: a network that runs again and again
  std::int64_t batch = 1;
  std::vector<std::string> program;       // ends with it
  std::string program_output = "stdout";  // where its standard output goes: stdout, stderr, none
  std::string record;                     // a study file; "" = none
  std::string command;                    // as typed
};

struct MonitorEnd {
  LiveHead head;
  LiveFrame last;                  // the totals
  bool interrupted = false;        // by a signal
  std::int64_t recorded_runs = 0;  // in the file
  std::uint64_t lost_records = 0;  // ticks' records that found no room
  std::optional<Error> program_error;
  int program_status = 0;             // its exit status, where it said one
  std::uint64_t marks_together = 0;   // of the program, timed as if nothing lay between them
  std::optional<Error> record_error;  // why the recording ended before the monitor
};

// A board that can be read, or a twin whose virtual time follows the real one. Errors: those of
// open_target() and of starting the program or the load; of a sink; of the recording's file.
Result<MonitorEnd> run_monitor(const Paths& paths, const MonitorRequest& request,
                               const std::vector<MonitorSink*>& sinks,
                               const std::atomic<bool>& interrupted);

}  // namespace isojoule
