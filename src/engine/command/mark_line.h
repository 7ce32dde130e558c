// What a program says of itself, line by line: docs/engines/command.md.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"

namespace isojoule {

// One thing that a program says. Without a time of its own it happened when the line came.
struct Mark {
  enum class Kind { batch_begin, batch_end, event };
  Kind kind = Kind::event;
  bool timed = true;  // by the program
  Instant at;         // of a batch's begin or end
  Event event;        // phase_begin, phase_end, batch, note or layers
};

// The line after "isojoule:", or nothing when it does not begin so: then it is not for us.
std::optional<std::string_view> addressed_to_us(std::string_view line);

// A line for us: words ("begin load", "end load 123456", "batch begin", "note model resnet"), or
// JSON as in worker_protocol.h. `now` is when it came. Errors: parse.
Result<std::vector<Mark>> parse_marks(std::string_view line, Instant now);

// Whatever a program or its arguments say, as UTF-8: it goes into messages, JSON and files.
std::string as_utf8(std::string_view text);

// Cuts a program's output into the lines that are for us. Others may be of any length and hold any
// bytes.
class MarkScanner {
 public:
  // Those lines that `bytes` complete, without "isojoule:".
  std::vector<std::string> take(std::string_view bytes);

 private:
  std::string line_;       // its beginning, as far as it may be for us
  bool skipping_ = false;  // the rest of a line that is not
};

// What holds for any bytes, for the fuzzer and its corpus: lines do not depend on how the bytes
// arrive, and each gives marks or a parse error.
bool marks_hold(std::string_view bytes);

}  // namespace isojoule
