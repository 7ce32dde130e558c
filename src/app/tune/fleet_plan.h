// What a search over a fleet asks the server to know of it: a plan without blocks, which boards
// check themselves against.
#pragma once

#include <string>

#include "app/tune/tune.h"
#include "fleet/message.h"
#include "optimise/space.h"

namespace isojoule {

// The board that the card describes, with the governors that its board file names as usual. Errors:
// of the board file.
Result<Board> searched_board(const Paths& paths, const fleet::BoardCard& card);

// TOML. `mark` makes a search a study of its own: two searches of the same settings share nothing.
std::string fleet_search_plan(const TuneRequest& request, const TuneMemory& memory,
                              const Protocol& protocol, const std::string& board,
                              const std::string& mark);

}  // namespace isojoule
