#include "engine/trtexec/log_line.h"

#include <algorithm>
#include <charconv>

#include "engine/trtexec/number.h"

namespace isojoule::trtexec {
namespace {

// "[07/29/2021-19:44:10]": 19 characters of digits and separators.
bool is_time_stamp(std::string_view tag) {
  if (tag.size() != 19) return false;
  constexpr std::string_view shape = "00/00/0000-00:00:00";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool digit = tag[i] >= '0' && tag[i] <= '9';
    if (shape[i] == '0' ? !digit : tag[i] != shape[i]) return false;
  }
  return true;
}

std::optional<Severity> severity_of(std::string_view tag) {
  if (tag.size() != 1) return std::nullopt;
  switch (tag[0]) {
    case 'V': return Severity::verbose;
    case 'I': return Severity::info;
    case 'W': return Severity::warning;
    case 'E': return Severity::error;
    case 'F': return Severity::fatal;
    default: return std::nullopt;
  }
}

}  // namespace

LogLine read_line(std::string_view line) {
  LogLine read;
  std::string_view rest = line;
  // Two threads of the library that write at once put their tags beside each other, so any number
  // of them is taken off.
  while (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) break;
    const std::string_view tag = rest.substr(1, end - 1);
    if (const auto severity = severity_of(tag)) {
      if (read.severity != Severity::none) break;
      read.severity = *severity;
    } else if (tag == "TRT") {
      read.of_library = true;
    } else if (!is_time_stamp(tag)) {
      break;
    }
    rest.remove_prefix(end + 1);
    if (rest.starts_with(' ')) rest.remove_prefix(1);
  }
  // A line that only looked like a prefix keeps all of its text.
  if (read.severity == Severity::none) {
    read.of_library = false;
    rest = line;
  }
  while (!rest.empty() && (rest.back() == ' ' || rest.back() == '\r' || rest.back() == '\t'))
    rest.remove_suffix(1);
  read.text = rest;
  return read;
}

std::string to_string(const Version& version) {
  std::string text = std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
                     std::to_string(version.patch);
  if (!version.build.empty()) text += " " + version.build;
  return text;
}

std::optional<Version> version_of_number(std::string_view digits) {
  if (digits.size() != 4 && digits.size() != 6) return std::nullopt;
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number < 0)
    return std::nullopt;
  Version version;
  const int major = digits.size() == 4 ? 1000 : 10000;
  version.major = number / major;
  version.minor = number % major / 100;
  version.patch = number % 100;
  return version;
}

std::optional<Banner> read_banner(std::string_view line) {
  constexpr std::string_view marks = "&&&& ";
  constexpr std::string_view name = "TensorRT.trtexec";
  if (!line.starts_with(marks)) return std::nullopt;
  line.remove_prefix(marks.size());
  Banner banner;
  const std::size_t space = line.find(' ');
  const std::string_view word = line.substr(0, space);
  if (word == "RUNNING") banner.verdict = Verdict::running;
  if (word == "PASSED") banner.verdict = Verdict::passed;
  if (word == "FAILED") banner.verdict = Verdict::failed;
  if (word == "WAIVED") banner.verdict = Verdict::waived;
  if (banner.verdict == Verdict::none || space == std::string_view::npos) return std::nullopt;
  line.remove_prefix(space + 1);
  if (!line.starts_with(name)) return std::nullopt;
  const std::size_t hash = line.find(" # ");
  if (hash != std::string_view::npos) banner.command = trimmed_view(line.substr(hash + 3));
  std::string_view tags = line.substr(name.size(), hash - std::min(hash, name.size()));
  for (std::size_t open = tags.find('['); open != std::string_view::npos; open = tags.find('[')) {
    tags.remove_prefix(open + 1);
    const std::string_view tag = tags.substr(0, tags.find(']'));
    constexpr std::string_view library = "TensorRT v";
    if (tag.starts_with(library))
      banner.version = version_of_number(tag.substr(library.size()));
    else if (banner.version && tag.starts_with('b') && tag.size() <= 8)
      banner.version->build = tag;
  }
  return banner;
}

bool begins_inference(const LogLine& line) {
  return line.severity == Severity::info && !line.of_library &&
         line.text.starts_with("Starting inference");
}

bool begins_report(const LogLine& line) {
  if (line.severity != Severity::info || line.of_library) return false;
  for (const std::string_view start :
       {"Warmup completed ", "The e2e network timing is not reported", "=== Performance summary",
        "=== Trace details", "=== Profile ("})
    if (line.text.starts_with(start)) return true;
  return false;
}

}  // namespace isojoule::trtexec
