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

// What a program says of its windows (isojoule.h): begun, ended, a moment.
struct WindowMark {
  enum class Kind { begin, end, moment };
  Kind kind = Kind::begin;
  std::int64_t id = 0;    // of the window, as the client gave it; 0: known by its name
  std::int64_t name = 0;  // its number in the client's list of names
  Instant at;
};
// One line of them. A client numbers its names as it meets them.
struct WindowWords {
  std::int64_t client = 0;  // several may speak: copies of a process
  std::int64_t names_from = 0;
  std::vector<std::string> names;  // the next of the list
  std::vector<WindowMark> marks;
  std::string name;  // of the one mark, when it was said in words: "window begin preprocess"
};

// One thing that a program says. Without a time of its own it happened when the line came.
struct Mark {
  enum class Kind { batch_begin, batch_end, event, windows };
  Kind kind = Kind::event;
  bool timed = true;    // by the program
  Instant at;           // of a batch's begin or end
  Event event;          // phase_begin, phase_end, batch, note or layers
  WindowWords windows;  // of kind windows
};

// The line after "isojoule:", or nothing when it does not begin so: then it is not for us.
std::optional<std::string_view> addressed_to_us(std::string_view line);

// A line for us: words ("begin load", "end load 123456", "batch begin", "window begin
// preprocess", "mark frame", "note model resnet"), or JSON as in worker_protocol.h, and the
// client's own for windows. `now` is when it came. Errors: parse.
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
