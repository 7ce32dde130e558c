// What the readers of all formats share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "import/import.h"
#include "import/number.h"
#include "import/time_line.h"

namespace isojoule::import {

class Reader : public LogReader {
 protected:
  std::vector<ChannelInfo> channels_;
  std::string total_;
  std::vector<Window> windows_;
  Counters counters_;
  TimeLine line_;
  std::vector<std::string> notes_;

  // One empty channel a row of channels_; the memory of the last block is used again.
  void clear(std::vector<Channel>& block) const;
  // What is true of every log, and what the user says of the meter, over what the format says.
  void apply(const ImportOptions& options);
  // The next block's lines, each given to `take(std::string_view) -> Status`; false after the last.
  // What follows the last line's end is counted once.
  template <typename Take>
  Result<bool> each_line(LineBlocks& blocks, const Take& take) {
    ISOJOULE_TRY(std::string_view text, blocks.next());
    if (text.empty()) {
      if (!trimmed_view(blocks.rest()).empty() && !told_rest_)
        counters_.add(Counter::line_truncated);
      told_rest_ = true;
      return false;
    }
    while (!text.empty()) ISOJOULE_CHECK(take(take_line(text)));
    return true;
  }

 private:
  bool told_rest_ = false;
  const std::vector<ChannelInfo>& do_channels() const final { return channels_; }
  std::string do_total() const final { return total_; }
  const std::vector<Window>& do_windows() const final { return windows_; }
  const Counters& do_counters() const final { return counters_; }
  Result<Instant> do_parse_time(std::string_view text) const final { return line_.parse(text); }
  std::string do_print_time(Instant instant) const final { return line_.print(instant); }
  TimeBase do_time_base() const final;
  const std::vector<std::string>& do_notes() const final { return notes_; }
};

// An option's text; "" where it is not there.
std::string option(const ImportOptions& options, const std::string& name);
// A number above zero, at most 1e9; `otherwise` where it is not there. Errors: invalid.
Result<double> number_option(const ImportOptions& options, const std::string& name,
                             double otherwise);

}  // namespace isojoule::import
