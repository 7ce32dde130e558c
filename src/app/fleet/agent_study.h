// What a board needs of a study before it can measure a block of it: the plan, its lane, the
// networks and files as they lie here.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "data/plan.h"
#include "fleet/bus.h"
#include "fleet/message.h"

namespace isojoule::agent {

// Objects of studies on this disk: FOLDER/objects/HASH. Bytes that were asked for least recently go
// where there are more than `most`, but those of the present study stay.
class ObjectStore {
 public:
  ObjectStore(fleet::Bus& bus, const std::string& folder, std::int64_t most_bytes)
      : bus_(bus), folder_(folder + "/objects"), most_bytes_(most_bytes) {}
  // Its path. Errors: not_found, damaged (the bytes are not those of the hash), of the disk.
  Result<std::string> get(const fleet::ObjectName& object);
  void keep_bound(const std::set<std::string>& in_use);  // hashes

 private:
  fleet::Bus& bus_;
  std::string folder_;
  std::int64_t most_bytes_;
};

struct OpenStudy {
  fleet::StudyRecord record;
  std::uint64_t order = 0;                        // the older study has the smaller
  bool is_decided = false;                        // it was looked at, and
  bool is_refused = false;                        // refused,
  std::string why;                                // because of this,
  std::chrono::steady_clock::time_point decided;  // then
  std::int64_t lane = -1;
  std::unique_ptr<fleet::Queue> queue;  // null: not opened yet
  bool has_measured = false;            // a block of it: the lane stays
  std::optional<Plan> plan;
  std::map<std::string, std::string> networks;  // paths here, by the plan's names
  std::map<std::string, std::string> options;   // of the engine, as they are here
  bool has_files = false;                       // networks and options are filled
  // Networks whose every run failed here, while nothing has worked yet.
  std::set<std::string> failing;
  bool has_worked = false;  // some run of it did here, by this agent or one before it
  std::chrono::steady_clock::time_point balanced;
};

// The plan, by its hash. Errors: not_found, damaged, parse.
Status fetch_plan(fleet::Bus& bus, OpenStudy& study);
// Networks and files into FOLDER/studies/STUDY, as the plan calls them, without a second copy.
// Errors: not_found, damaged, permission_denied (options), of the disk.
Status fetch_files(ObjectStore& objects, const std::string& folder, bool allow_command,
                   OpenStudy& study);

}  // namespace isojoule::agent
