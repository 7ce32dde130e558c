// The streams and buckets of a fleet, and who is in it.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "fleet/bus.h"
#include "fleet/message.h"

namespace isojoule::fleet {

// Makes every stream and bucket that is not there. Idempotent; any number of callers at once.
// Without the right to, it succeeds where all are there already.
Status set_up(Bus& bus, int replicas);

// A board as the fleet knows it.
struct Member {
  BoardCard card;
  std::optional<Pulse> pulse;  // absent: lost (no pulse for kPulseAge, by the server's clock)
  Order order;
};
// By name. A card or pulse that cannot be read is a member with that reason in card.problems, never
// an error: one broken board must not hide the others.
Result<std::vector<Member>> members(Bus& bus);
Result<std::vector<StudyRecord>> studies(
    Bus& bus);  // oldest first; ones of a newer protocol are left out

// What `--boards` selects: "type=jetson-orin-nx,count>=3,release=36.4,name=rack1-*,simulated=no",
// and "name=a|b".
struct Selection {
  std::string type, release, variant;  // "" = any
  std::vector<std::string> names;      // patterns with *; empty = any
  std::optional<bool> simulated;
  std::int64_t least = 1;  // count>=N
  std::string text;
};
Result<Selection> parse_selection(
    std::string_view text);  // errors: invalid, with the nearest known key

struct Selected {
  std::vector<Member> boards;  // of one type, release notwithstanding
  // Ones that were meant and cannot take part, "board-7: lost", "board-9: its agent speaks protocol
  // 0": one line each.
  std::vector<std::string> left_out;
  // Of the boards: which of them take no block at present, "board-3: drained, ...".
  std::vector<std::string> notes;
};
// The boards that a study may use. `type` of the plan ("" = none) and the selection agree. Errors:
// not_found (none, or fewer than `least`; says which there are and why each does not fit), invalid
// (several types fit and none is named).
Result<Selected> select(const std::vector<Member>& members, const Selection& selection,
                        const std::string& plan_board);

}  // namespace isojoule::fleet
