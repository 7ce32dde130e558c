// Which study a plan is on a fleet: the one that is there already, or a new one, and what its
// blocks are cut for.
#pragma once

#include <string>
#include <vector>

#include "app/fleet/publish_blocks.h"
#include "app/fleet/study_files.h"
#include "app/paths.h"
#include "base/error.h"
#include "board/board.h"
#include "data/plan.h"
#include "data/study_file.h"
#include "fleet/block.h"
#include "fleet/bus.h"
#include "fleet/catalogue.h"

namespace isojoule {

struct FleetStudyRequest {
  std::string plan_path;
  std::string plan_text = {};  // in its place, where there is no file; plan_path then only names it
  std::string engine;          // instead of the plan's
  std::string boards;          // a selection; "" = every board of the plan's type
  fleet::BlockOptions blocks;
  bool open_end = false;     // a search: its blocks come as it asks
  std::string must_be = {};  // the id that it had; "" = whichever it gets
  int replicas = 1;
};

struct FleetStudy {
  Plan plan;
  StudyFiles files;
  StoredStudy stored;                       // as it is on the server
  fleet::BoardCard card;                    // that its blocks are cut for
  Board board;                              // the same, described
  std::vector<fleet::BlockMessage> blocks;  // of all lanes; none of a search
  std::string release;                // of its boards; "several"; "" = none of them is there now
  std::string engine;                 // for people
  std::size_t boards = 0;             // that are there and may take part
  std::vector<std::string> left_out;  // "board-7: lost", one line each
};

// Finds the study of this plan on the server, whether or not a board is there now, or creates it
// (closed) from the boards that are. Its objects are on the server before its record. Errors: those
// of the plan, the selection, the networks and the bus; not_found (no board fits; why each does
// not), out_of_range (no board has the plan's values), invalid (twins and boards both fit; it would
// be another study than it must be, and nothing was created).
Result<FleetStudy> find_fleet_study(fleet::Bus& bus, const Paths& paths,
                                    const FleetStudyRequest& request);

// What the study file says of it.
StudyInfo fleet_study_info(const FleetStudy& study, const std::string& command);

// Boards that can share blocks: their cards have the plan's axes and values, its engines, and the
// same rails.
struct FittingBoards {
  std::vector<fleet::Member> boards;  // by name
  std::vector<std::string> left_out;  // "board-7: ...", one line each
};
// The same plan with each axis for itself: of a search, whose product of axes nobody measures. Has
// the same values for a board to have.
Plan axis_by_axis(const Plan& plan);

// `like`: the board that the study's blocks were cut for; null: where boards differ ("all" has
// other values there), those that agree with most others.
FittingBoards fitting_boards(const std::vector<fleet::Member>& boards, const Plan& plan,
                             const std::vector<std::string>& engines, const fleet::BoardCard* like);

}  // namespace isojoule
