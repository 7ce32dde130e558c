// A twin whose virtual time follows the real one, so that other programs can read and write its
// tree as they would a board's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"
#include "twin/twin.h"

namespace isojoule {

// One thread. Time stands still between two calls of catch_up(), so whoever reads or writes the
// tree calls it first.
class LiveTwin {
 public:
  explicit LiveTwin(std::unique_ptr<Twin> twin);
  // From now on the twin runs this job again and again, so that its rails and clocks have something
  // to do. Errors: the engine's.
  Status keep_busy(Job job);
  // Plays the simulation up to the present moment. Errors: of the job that keeps it busy.
  Status catch_up();
  // From now on the job's events are kept until they are taken.
  void keep_events() { keeps_events_ = true; }
  std::vector<Event> take_events() { return std::exchange(events_, {}); }
  MemoryTree& tree() { return twin_->tree(); }

 private:
  Status run_job(Instant until);

  std::unique_ptr<Twin> twin_;
  std::unique_ptr<Clock> real_;
  Duration ahead_{};  // virtual minus real time, constant
  std::optional<Job> job_;
  bool keeps_events_ = false;
  std::vector<Event> events_;
  std::unique_ptr<Session> session_;  // of the job; ends before the twin
};

}  // namespace isojoule
