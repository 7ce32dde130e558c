// The tool itself, as a child program whose lines a thread takes as they come.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/file_tree.h"
#include "base/quantity.h"
#include "sensor/sensor.h"
#include "sensor/shared_readings.h"
#include "sensor/tegrastats/parse.h"

namespace isojoule::tegrastats {

// Where the tool is: `wanted`, or the places where JetPack puts it. Errors: not_found;
// permission_denied; unsupported (the tree is not the machine's own: no program is run for it).
Result<std::string> find_program(const std::string& wanted, FileTree& tree);

// What the tool's first line has, for a machine without a board file; nothing without a rail.
std::optional<FoundSource> source_of(const std::vector<RailPower>& rails);

// Thread: one of its own starts, reads and ends the tool (a child of Subprocess must not outlive
// the thread that started it). Lifetime: the tool runs from the constructor to the destructor,
// which takes at most a tenth of a second; a tool that ends by itself is not started again.
class Live {
 public:
  // A line, and the instant on CLOCK_MONOTONIC at which it was there.
  struct Stamped {
    Line line;
    Instant at;
  };
  // Called on the thread for every further line; with null once, when the tool ended.
  using Follow = std::function<void(const Line* line, Instant at)>;

  Live(std::string program, Duration interval);
  ~Live();
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  // Waits for the first line, at most `limit`. Errors: as Subprocess::start(); io (it ended before
  // it), parse (it prints something else), timeout.
  Result<Stamped> first_line(Duration limit);
  void follow(Follow follow);

 private:
  void run();
  void take(std::string& pending, const std::string& text, Instant at);
  void give(Stamped line);
  void give_up(Error error);

  std::string program_;
  Duration interval_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Result<Stamped>> first_;  // under mutex_, as the next two
  Follow follow_;
  std::string strange_;  // the first line that was not one of the tool's
  std::thread thread_;   // last: it uses the rest
};

}  // namespace isojoule::tegrastats
