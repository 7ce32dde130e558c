// Where an agent keeps what must outlive it, and who it is: its folder with one agent in it, its
// instance, the machine's serial.
#pragma once

#include <string>

#include "app/paths.h"
#include "app/target.h"
#include "base/error.h"
#include "data/file_lock.h"

namespace isojoule::agent {

// The name that a fleet knows it by: what was given, else the host's, of a twin the board's.
// Errors: invalid, with what it could be.
Result<std::string> agent_name(const std::string& given, const std::string& board);

// Of the device tree (/proc/device-tree/serial-number), else /etc/machine-id, else "". A twin's is
// made of its name.
std::string serial_of(FileTree& tree, bool is_twin, const std::string& board,
                      const std::string& name);

// The folder, locked for as long as this lives.
class AgentPlace {
 public:
  // `folder` "": STATE/agent/NAME. Makes it, with what lies in it. Errors: busy (another agent is
  // at work there), those of the folder.
  static Result<AgentPlace> take(const Paths& paths, const std::string& folder,
                                 const std::string& name);

  const std::string& folder() const { return folder_; }
  std::string below(const std::string& name) const { return folder_ + "/" + name; }
  const std::string& instance() const { return instance_; }  // of this process, random
  // Of the agent that had this folder before, which is dead, since its lock is ours; "" = none.
  const std::string& earlier_instance() const { return earlier_; }

 private:
  AgentPlace(std::string folder, FileLock lock)
      : folder_(std::move(folder)), lock_(std::move(lock)) {}
  Status begin_instance();
  std::string folder_;
  FileLock lock_;
  std::string instance_, earlier_;
};

}  // namespace isojoule::agent
