// A plan cut into blocks that boards measure one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "board/board.h"
#include "data/plan.h"
#include "experiment/experiment.h"
#include "fleet/message.h"

namespace isojoule::fleet {

struct BlockOptions {
  std::int64_t lanes = 1;       // boards that measure each setting (--replicate)
  std::int64_t block_runs = 0;  // runs of a block without its baselines, about; 0: chosen so that
                                // baselines are at most a quarter of all runs, 12 to 60
};

// Every repeat of every grid is shuffled by the plan's seed and cut into blocks of one network
// each; each block has that network's baselines once, at shuffled places, so that every board
// carries its own. The same in each lane, in another order. `sequence` counts through all lanes,
// 0..; `block` through all blocks; PlannedRun::block is that block. The same plan, board
// description and options give the same blocks, on any machine. Errors: those of order_runs().
Result<std::vector<BlockMessage>> cut_blocks(const std::string& study, const Plan& plan,
                                             const Board& board, const BlockOptions& options);

// A board that is known by its card alone: knobs with their values, nothing that could be read or
// set (unsupported).
Result<Board> described_board(const BoardCard& card);

// Of the plan's text, board type, networks' and files' hashes, and options: who gives the same
// again means the same study. 24 hexadecimal digits.
std::string study_id(const std::string& plan_toml, const std::string& board, bool simulated,
                     const std::string& engine, const std::map<std::string, ObjectName>& networks,
                     const std::map<std::string, ObjectName>& files, const BlockOptions& options);

}  // namespace isojoule::fleet
