// What a governor says of itself to others on this machine: a small JSON file in the runtime
// folder, written anew each epoch and whole at every moment.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/govern/live_loop.h"
#include "app/paths.h"

namespace isojoule {

inline constexpr int kStatusSchema = 1;

// What stays the same while it runs.
struct GovernLabels {
  std::string board, network, command, since, socket;
  bool simulated = false;
  double latency_limit_s = 0, late_share = 0.01;
  double epoch_s = 1;
};

class StatusFile {
 public:
  // In `folder`, which is made (publish() tells where that fails); files of governors that are gone
  // are removed.
  StatusFile(const std::string& folder, GovernLabels labels);
  ~StatusFile();  // removes it
  StatusFile(const StatusFile&) = delete;
  StatusFile& operator=(const StatusFile&) = delete;

  // Errors: those of the file. Nothing that a governor would have to end for.
  Status publish(const LiveState& state);
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  Status folder_;  // whether it is ours to write to
  GovernLabels labels_;
};

nlohmann::json status_json(const LiveState& state, const GovernLabels& labels);

// A governor that was found, and what holds a board.
struct RunningGovernor {
  std::string path;
  std::int64_t process = 0;
  bool alive = false;  // false: it died without a word, and its keeper has restored the board
  bool stale = false;  // alive, and silent for many of its epochs
  nlohmann::json state;
};
struct BoardHolder {
  std::string lock;          // or journal
  std::string who;           // "process 812 (isojoule sweep ...) since ..."
  bool left_behind = false;  // dead, and the board not restored yet
  bool held = false;         // by `isojoule apply`, on purpose
};
struct MachineStatus {
  std::vector<RunningGovernor> governors;
  std::vector<BoardHolder> holders;
  std::vector<std::string> problems;  // files that cannot be read
  bool runs() const;                  // a governor, or a program that holds a board
};
MachineStatus machine_status(const Paths& paths);
// `folders`: where governors' files may lie; for tests.
MachineStatus machine_status(const Paths& paths, const std::vector<std::string>& folders);
std::string status_text(const MachineStatus& status);
nlohmann::json status_json(const MachineStatus& status);

}  // namespace isojoule
