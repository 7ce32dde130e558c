// Standard output for who must not wait: a terminal that is held with Ctrl-S, an ssh whose line has
// gone, a pipe that nobody reads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/quantity.h"

namespace isojoule {

// One thread. A text goes out whole and in order, or not at all: of one that is stuck halfway the
// rest is kept and goes first, and texts that come meanwhile are dropped.
class ReadyOutput {
 public:
  static constexpr Duration kPatience = Duration::milliseconds(100);

  ReadyOutput();
  ~ReadyOutput();
  ReadyOutput(const ReadyOutput&) = delete;
  ReadyOutput& operator=(const ReadyOutput&) = delete;

  // Waits kPatience at most, and not at all while it is stuck already. Errors: of the write.
  Status write(std::string_view text);
  bool is_stuck() const { return !rest_.empty(); }
  bool has_no_reader() const { return no_reader_; }  // why the last write failed
  int descriptor() const { return own_ >= 0 ? own_ : given_; }

 private:
  Status push(std::string_view& text, Duration patience);
  long try_write(std::string_view text) const;  // as write(2)

  int given_;     // standard output, whose mode is that of others, too
  int own_ = -1;  // the same, opened anew so that it never waits; -1: could not be
  bool is_socket_ = false, is_file_ = false;
  bool no_reader_ = false;
  bool is_late_ = false;  // the last write found no room
  std::string rest_;
};

}  // namespace isojoule
