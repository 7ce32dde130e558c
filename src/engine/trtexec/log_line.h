// One line of what trtexec prints, without its prefix: "[MM/DD/YYYY-HH:MM:SS] [I] [TRT] text".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace isojoule::trtexec {

enum class Severity : std::uint8_t { none, verbose, info, warning, error, fatal };

struct LogLine {
  Severity severity = Severity::none;  // none: a line without prefix, or the rest of a long message
  bool of_library = false;             // [TRT]: said by TensorRT, not by trtexec
  std::string_view text;               // blanks at its end aside
};
LogLine read_line(std::string_view line);

// "&&&& RUNNING TensorRT.trtexec [TensorRT v8502] [b6] # command".
enum class Verdict : std::uint8_t { none, running, passed, failed, waived };

struct Version {
  int major = 0, minor = 0, patch = 0;
  std::string build;  // "b18": since 10.4; otherwise empty
  auto operator<=>(const Version&) const = default;
};
std::string to_string(const Version& version);  // "8.5.2", "10.4.0 b18"

struct Banner {
  Verdict verdict = Verdict::none;
  std::optional<Version> version;  // trtexec of 7.x names none
  std::string command;
};
// Nothing where the line is no banner of trtexec.
std::optional<Banner> read_banner(std::string_view line);
// "8502" -> 8.5.2, "100300" -> 10.3.0: four digits up to 8.x, six from 10 on.
std::optional<Version> version_of_number(std::string_view digits);

// The two lines between which the batches run: the first is printed (and flushed) just before the
// clock of the exported times starts, the second just after the last batch.
bool begins_inference(const LogLine& line);
bool begins_report(const LogLine& line);

}  // namespace isojoule::trtexec
