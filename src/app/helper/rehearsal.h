// What an unprivileged client may have of a board, found by rehearsal: the board is opened and
// every knob is turned on a tree that passes reads on, remembers them, and keeps writes to itself.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "board/board.h"

namespace isojoule::helper {

// Which texts one node takes. A text (without a newline at its end) is taken where it is
//  - one that a knob wrote in the rehearsal: set() of each of its values, once more with the
//    governors at `userspace`, once more on a kernel that refuses each text the first time, and
//    release(); or
//  - what the node said at the rehearsal (so that it can be written back); or
//  - a whole number in plain decimal form from the smallest to the largest positive number that
//    knobs with numbers for values (clocks, cores, the fan) wrote there for them.
// Nothing else, so neither a clock outside of the board's range, nor a governor that the kernel
// does not offer, nor a power mode that needs a reboot.
class TextRule {
 public:
  void add_text(const std::string& text) { texts_.insert(text); }
  void add_number(const std::string& text);  // does nothing where it is no positive number
  bool takes(std::string_view text) const;

 private:
  std::set<std::string, std::less<>> texts_;
  std::optional<std::pair<std::int64_t, std::int64_t>> range_;
};

struct Permissions {
  std::string board;
  // What the board's sensors, watches, throttles, thermal zones and knobs read below /sys.
  std::set<std::string, std::less<>> readable;
  // What the knobs save (and so can be restored) and write.
  std::map<std::string, TextRule, std::less<>> writable;
};

// Opens a board on a tree.
using OpenBoard = std::function<Result<Board>(FileTree& tree, Clock& clock)>;

// Reads the machine's nodes and writes none. No program of the board is run. Errors: those of
// open_board.
Result<Permissions> rehearse(const OpenBoard& open_board, FileTree& tree);

}  // namespace isojoule::helper
