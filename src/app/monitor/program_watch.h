// A monitored program, listened to on a thread of its own: its marks are timed when they arrive,
// however long the monitor's own thread is busy with a frame or a file.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"

namespace isojoule {

class ProgramWatch {
 public:
  // `clock`: the session's; outlives this.
  ProgramWatch(std::unique_ptr<Session> session, Clock& clock);
  // A program that still runs is told to end.
  ~ProgramWatch();
  ProgramWatch(const ProgramWatch&) = delete;
  ProgramWatch& operator=(const ProgramWatch&) = delete;

  // What it said since the last call; waits so long for a first word at most. The session's error
  // comes once all before it has been taken.
  Result<std::vector<Event>> take(Duration patience);

 private:
  void listen();

  std::unique_ptr<Session> session_;  // the thread's alone, while there is one
  Clock& clock_;
  std::mutex lock_;  // of what follows
  std::condition_variable changed_;
  std::vector<Event> events_;
  std::optional<Error> error_;
  bool ends_ = false;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace isojoule
