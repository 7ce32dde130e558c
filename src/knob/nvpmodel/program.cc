#include "knob/nvpmodel/program.h"

#include <charconv>
#include <cstdio>

#include "base/file_tree.h"

namespace isojoule::nvpmodel {
namespace {

std::optional<int> leading_number(std::string_view text) {
  int number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc() && number >= 0 ? std::optional(number) : std::nullopt;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

bool has(std::string_view text, std::string_view words) {
  return text.find(words) != std::string_view::npos;
}

std::string first_error(std::string_view output) {
  for (const auto& line : lines_of(output))
    if (has(line, "NVPM ERROR")) return line;
  return {};
}

}  // namespace

Result<int> parse_query(std::string_view output, const Conf& conf) {
  const auto lines = lines_of(output);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    constexpr std::string_view key = "NV Power Mode:";
    const std::size_t at = lines[i].find(key);
    if (at == std::string::npos) continue;
    const std::string name = trimmed(std::string_view(lines[i]).substr(at + key.size()));
    for (std::size_t next = i + 1; next < lines.size(); ++next) {
      const bool is_number =
          !lines[next].empty() && lines[next].find_first_not_of("0123456789") == std::string::npos;
      const auto id = is_number ? leading_number(lines[next]) : std::nullopt;
      if (id && conf.find_mode(*id) != nullptr) return *id;
    }
    if (const Mode* mode = conf.find_mode(name)) return mode->id;
    return fail(ErrorKind::parse, "nvpmodel -q says the mode '" + name + "'",
                "Check that /etc/nvpmodel.conf is this module's", "run nvpmodel -q");
  }
  return fail(ErrorKind::parse, "nvpmodel -q says no mode: '" + trimmed(output.substr(0, 80)) + "'",
              {}, "run nvpmodel -q");
}

Result<int> parse_status(std::string_view text, const std::string& path) {
  constexpr std::string_view key = "pmode:";
  const std::size_t at = text.find(key);
  const auto id =
      at == std::string_view::npos ? std::nullopt : leading_number(text.substr(at + key.size()));
  if (id) return *id;
  return fail(ErrorKind::parse, path + ": no mode in '" + trimmed(text.substr(0, 40)) + "'", {},
              "read");
}

std::string status_with(std::string_view text, int id) {
  char mode[24];
  std::snprintf(mode, sizeof mode, "pmode:%04d", id);
  const std::string old = trimmed(text);
  const std::size_t space = old.find(' ');
  const bool has_more = old.starts_with("pmode:") && space != std::string::npos;
  return mode + (has_more ? old.substr(space) : std::string());
}

Status judge_answer(std::string_view output, const Mode& mode) {
  const std::string what = "power_mode: nvpmodel ";
  if (has(output, "Running in chroot"))
    return fail(ErrorKind::unsupported, what + "passes every request over in a chroot or container",
                "Run isojoule outside of it, on the board itself", "run nvpmodel -m");
  // Its prompt ends with "bad input!" where nobody answers it.
  if (has(output, "Reboot required") || has(output, "DO YOU WANT TO REBOOT") ||
      has(output, "optMask is 1") || has(output, "bad input"))
    return fail(ErrorKind::unsupported, what + "wants a reboot for the mode " + mode.name,
                "Set it by hand with 'nvpmodel -m " + std::to_string(mode.id) +
                    "', let it reboot, and start again",
                "run nvpmodel -m");
  const std::string error = first_error(output);
  if (error.empty()) return {};
  // errno stands at the end of the line: 13 is EACCES, 1 EPERM.
  if (error.ends_with(": 13") || error.ends_with(": 1"))
    return fail(ErrorKind::permission_denied, what + "says: " + error,
                "Run as root: nvpmodel sets nodes that only root may write", "run nvpmodel -m");
  return fail(ErrorKind::io, what + "says: " + error, {}, "run nvpmodel -m");
}

}  // namespace isojoule::nvpmodel
