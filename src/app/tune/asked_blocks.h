// The blocks that a search over a fleet has asked for, as they are remembered in its study file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/tune/tune_memory.h"
#include "data/study_file.h"
#include "fleet/message.h"

namespace isojoule {

struct AskedRun {
  Setting setting;
  std::string baseline;  // "": a setting of the search
};
struct AskedBlock {
  TuneRole role = TuneRole::search;
  std::string why;              // the optimiser's words
  std::int64_t turn = 0;        // of the interleaved blocks at the end, from 1
  std::int64_t inferences = 0;  // of each run
  std::int64_t first = 0;       // sequence of its first run
  std::vector<AskedRun> runs;
};

// Of a search on a fleet: the plan under which the server knows it, and what was asked so far.
struct FleetSearchMemory {
  std::string plan;
  std::vector<AskedBlock> blocks;  // the place is the block's number
  std::int64_t runs() const;       // of all blocks
};
// Errors: of the file; damaged. A file without one gives an empty plan.
Result<FleetSearchMemory> fleet_search_memory(StudyFile& file);
Status store(const FleetSearchMemory& memory, StudyFile& file);

fleet::BlockMessage message_of(const std::string& study, const std::string& network,
                               std::int64_t number, const AskedBlock& block);

}  // namespace isojoule
