// What every study of a board says of it, whichever command makes it.
#pragma once

#include <string>

#include "board/board.h"
#include "data/study_file.h"

namespace isojoule {

// Name, board, release, rails and their total, this program's version, its command line, and now.
// Engine, plan, hash and protocol are the caller's; one run is planned.
StudyInfo board_study_info(const std::string& name, const Board& board, const std::string& command);

}  // namespace isojoule
