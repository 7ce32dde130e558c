// Logs that other programs and meters wrote, as traces; one folder a format.
//
// A log is read once, block by block, so that one of any size needs the same memory. Its times are
// kept as the log writes them: nanoseconds since 1970 of the wall clock that the log shows (no time
// zone is applied), or since the log's own zero; LogReader says which, and reads and prints them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/counter.h"
#include "data/run.h"
#include "data/trace.h"
#include "import/source.h"

namespace isojoule {

struct ImportOptions {
  std::string format;  // a kind's name; "" = as the file's first bytes look
  // Of the format, by name: columns and units of a CSV. Unknown names are an error.
  std::map<std::string, std::string> options;
  // What the user knows of the meter and the log does not say. Absent: as the format usually is.
  std::optional<Second> window, lag;
  std::optional<double> gain_uncertainty;
  std::optional<Watt> offset_uncertainty;
};

enum class TimeBase : std::uint8_t {
  wall_clock,   // since 1970 of the clock that the log shows, or of UTC where it names a zone
  time_of_day,  // since the midnight before the first reading of a log that names no day
  own_zero,     // since some moment that only the log's writer knows
};

// Of one file that is being read.
class LogReader {
 public:
  LogReader() = default;
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;
  virtual ~LogReader() = default;

  // The rails of the log, without readings; none: it has windows alone. Valid from the start.
  const std::vector<ChannelInfo>& channels() const { return do_channels(); }
  // The expression of the total, as Trace::total; "": none.
  std::string total() const { return do_total(); }
  // Puts the next readings, of at most some thousand lines, in the place of what `block` holds: one
  // Channel a row of channels(), times ascending within and from block to block. False at the end
  // of the log. Errors: parse with file and line, io.
  Result<bool> next(std::vector<Channel>& block) { return do_next(block); }

  // Stretches that the log itself names, as far as it was read ("power_begin" to "power_end" is
  // "power"), by begin.
  const std::vector<Window>& windows() const { return do_windows(); }
  // Of what was read so far: line_malformed, line_truncated, time_backwards, not_a_number, ...
  const Counters& counters() const { return do_counters(); }
  // A time as this log writes it, or in seconds. Errors: parse.
  Result<Instant> parse_time(std::string_view text) const { return do_parse_time(text); }
  std::string print_time(Instant instant) const { return do_print_time(instant); }
  TimeBase time_base() const { return do_time_base(); }
  // What was assumed because the log does not say it, a sentence each, for people.
  const std::vector<std::string>& notes() const { return do_notes(); }

 private:
  virtual const std::vector<ChannelInfo>& do_channels() const = 0;
  virtual std::string do_total() const = 0;
  virtual Result<bool> do_next(std::vector<Channel>& block) = 0;
  virtual const std::vector<Window>& do_windows() const = 0;
  virtual const Counters& do_counters() const = 0;
  virtual Result<Instant> do_parse_time(std::string_view text) const = 0;
  virtual std::string do_print_time(Instant instant) const = 0;
  virtual TimeBase do_time_base() const = 0;
  virtual const std::vector<std::string>& do_notes() const = 0;
};

struct ImportOption {
  std::string_view name;
  std::string_view help;
};

struct ImportKind {
  std::string_view name;  // "spl"
  std::string_view help;
  std::span<const ImportOption> options;  // what ImportOptions::options may have
  // How surely the file's first bytes are of this format, 0 (no) to 100.
  int (*recognises)(std::string_view head, const std::string& path);
  // The options are of `options`. Errors: as open_log().
  Result<std::unique_ptr<LogReader>> (*open)(LogFile file, const ImportOptions& options);
};

std::span<const ImportKind> import_kinds();  // generated

// Errors: not_found, permission_denied, io, no_data (empty), parse (not a text, or not what the
// format is); unsupported (no kind recognises it; the remedy names --format csv), invalid (a
// folder; an unknown format; an option that the format does not have, with the nearest; a meter
// that cannot be: a window below zero, a lag or an uncertainty that is no number).
Result<std::unique_ptr<LogReader>> open_log(const std::string& path, const ImportOptions& options);
// The same of bytes that come from elsewhere; `file.path` may be empty.
Result<std::unique_ptr<LogReader>> open_log(LogFile file, const ImportOptions& options);
// The format that open_log() would take where none is named: the only one that has all the options
// that are given, else as the file's first bytes look. Errors: unsupported.
Result<const ImportKind*> recognise(const LogFile& file, const ImportOptions& options = {});

// The whole of a log at once, for what needs all of it.
struct Log {
  Trace trace;  // period: the median spacing of the first channel
  std::vector<Window> windows;
  Counters counters;
  TimeBase time_base = TimeBase::own_zero;
  std::vector<std::string> notes;  // LogReader::notes()
};
Result<Log> read_log(const std::string& path, const ImportOptions& options);
Result<Log> read_log(LogReader& reader);  // from where it stands

}  // namespace isojoule
