// Which run is being made: on the disk before it begins, so that an agent that finds one knows that
// its predecessor died of it, or during it. Three deaths of one run, on whatever boards, and it is
// given up.
//
// A kill from outside while a run is made counts as well: it cannot be told from a run that takes
// the board down with it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/error.h"
#include "fleet/bus.h"
#include "fleet/message.h"

namespace isojoule::agent {

inline constexpr std::int64_t kMostDeaths = 3;

struct MarkedRun {
  std::string study;
  std::int64_t block = 0;
  std::int64_t sequence = 0;
  bool operator==(const MarkedRun&) const = default;
};

// FOLDER/run.marker.
class RunMarker {
 public:
  explicit RunMarker(const std::string& folder) : path_(folder + "/run.marker") {}
  // On the disk when it returns. Errors: of the file.
  Status set(const MarkedRun& run);
  Status clear();
  // What a dead agent left; nothing where there is no marker, or none that can be read.
  std::optional<MarkedRun> left() const;

 private:
  std::string path_;
};

// Adds one to the run's deaths, whoever else does so at the moment. Errors: of the bus.
Status count_death(fleet::Bus& bus, const MarkedRun& run, const std::string& board);
// By sequence. One that cannot be read is left out.
Result<std::map<std::int64_t, fleet::Trouble>> troubles_of(fleet::Bus& bus,
                                                           const std::string& study);

}  // namespace isojoule::agent
