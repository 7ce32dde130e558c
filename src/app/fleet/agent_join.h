// A board's answer to a study, on the server: the lane that it takes blocks from, or why it takes
// none. A lane that a board has measured in stays its lane, so that it makes no setting twice.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "fleet/bus.h"
#include "fleet/message.h"

namespace isojoule::agent {

// How many boards take from each lane.
std::int64_t emptiest_lane(const std::vector<std::int64_t>& boards_of_lanes);

// Names of the living boards of each lane.
using LaneNames = std::vector<std::set<std::string>>;

class JoinEntry {
 public:
  JoinEntry(fleet::Bus& bus, const std::string& study, std::string board)
      : bus_(&bus), study_(study), board_(std::move(board)) {}

  // What stands there; nothing where nothing does, or it cannot be read.
  Result<std::optional<fleet::Join>> look();
  // The lane that is there already, or a new entry in the lane with the fewest living boards; a
  // refusal that is there is replaced.
  Result<std::int64_t> join(std::int64_t lanes);
  Status refuse(const std::string& why);
  Result<bool> has_measured();  // whether the server has runs of this board for the study
  // Several boards that come at once choose the same lane, and lanes lose their boards. A board
  // that has not measured for the study yet goes where it is needed more: to a lane that has two
  // boards fewer, or none while there is nothing left in its own. Returns the lane.
  Result<std::int64_t> balance(std::int64_t lanes, bool has_nothing_left);

 private:
  Result<LaneNames> names_by_lane(std::int64_t lanes);
  Result<std::int64_t> choose(std::int64_t lanes);                   // takes some seconds
  bool is_last_in(const LaneNames& names, std::int64_t lane) const;  // by name
  Status put(const fleet::Join& join);
  fleet::Bus* bus_;
  std::string study_, board_;
};

}  // namespace isojoule::agent
