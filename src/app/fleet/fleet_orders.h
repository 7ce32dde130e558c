// What a person tells a fleet: boards to stop taking work or to go on, studies and boards that are
// to go, questions. Every function speaks to the server at once and returns when it has answered.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/fleet/fleet_picture.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/quantity.h"
#include "fleet/bus.h"

namespace isojoule {

// Every board that has announced itself. Errors: not_found (none, or one that is unknown, with the
// nearest name).
Result<std::vector<std::string>> fleet_board_names(fleet::Bus& bus);
Result<std::vector<std::string>> chosen_boards(fleet::Bus& bus,
                                               const std::vector<std::string>& names, bool all);

// The board measures its present block to its end and takes no other. Counts for a lost board when
// it comes again.
Status drain_board(fleet::Bus& bus, const std::string& board, const std::string& why);
// It takes blocks again; one that took itself out tries again.
Status resume_board(fleet::Bus& bus, const std::string& board);
// Returns when none of them measures: drained, out or lost. `tell` gets a line for each that ended.
// Errors: interrupted.
Status wait_for_drained(fleet::Bus& bus, Clock& clock, std::vector<std::string> boards,
                        const std::atomic<bool>& interrupted,
                        const std::function<void(const std::string&)>& tell);

// Card, pulse and order of a board that is gone. Errors: busy (it is alive), not_found.
Status forget_board(fleet::Bus& bus, const std::string& board);

struct RemovedStudy {
  std::string study, name;
  std::uint64_t runs = 0, blocks = 0, objects = 0;
};
// A study by its id, the beginning of it, or its name. Closed first, so that no agent takes a block
// of it any more; then its queues, blocks, runs, joins, and objects that no other study uses.
// Errors: busy (runs that may not have been collected, or boards that measure it, where not
// `sure`), not_found, invalid (several fit).
Result<RemovedStudy> remove_study(fleet::Bus& bus, const std::string& study, bool sure);

struct BoardAnswer {
  std::string board;
  std::string json;     // an object, as text; "" where there is none:
  std::string problem;  // why
};
inline constexpr const char* kFleetVerbs[] = {"probe", "health"};
// Asks all of them at once; each has until `limit`. In the order of `boards`.
std::vector<BoardAnswer> ask_boards(fleet::Bus& bus, const std::vector<std::string>& boards,
                                    const std::string& verb, Duration limit);
// An answer as lines for people, as if an enemy had written it: one that is no JSON object, or is
// too deep or too long, is a problem.
BoardAnswer checked_answer(const std::string& board, const Result<std::string>& answer);
std::string answer_text(const BoardAnswer& answer, bool utf8);

}  // namespace isojoule
