// Windows from marks: "power_begin" and "power_end" are the window "power", "inf_start_batch_1" and
// "inf_end_batch_1" are "inf_batch_1".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/counter.h"
#include "data/run.h"
#include "import/time_line.h"

namespace isojoule::import {

class MarkPairs {
 public:
  enum class Role : std::uint8_t { begin, end, point };
  struct Label {
    Role role = Role::point;
    std::string window;  // the label without its word for begin or end
  };
  // Words are told apart by '_', '-', '.', ':' and spaces, and where a small letter is followed by
  // a capital.
  static Label meaning_of(std::string_view label);

  // A begin that is open already is put aside for the new one: its window never ended.
  void add(std::string_view label, Instant at);
  // The windows by begin. A begin without an end counts as trace_ends_in_phase, an end without a
  // begin, or before it, as line_malformed.
  std::vector<Window> take(Counters& counters);

 private:
  std::map<std::string, Instant, std::less<>> open_;
  std::vector<Window> windows_;
  std::uint64_t never_ended_ = 0, never_begun_ = 0;
};

// One mark of a text file: time and label in either order, between them a comma, a semicolon, a tab
// or spaces: "power_begin,08-07-2021 11:58:49.160", "1612620862.373557 init_start".
struct MarkLine {
  std::string label;
  std::int64_t ns = 0;
  TimeLine line;          // how the time is written
  std::size_t width = 0;  // of the time, in characters
};
std::optional<MarkLine> parse_mark(std::string_view text);

}  // namespace isojoule::import
