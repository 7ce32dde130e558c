#include "board/throttle.h"

#include <charconv>

namespace isojoule {
namespace {

// A program of the firmware's answers within milliseconds.
constexpr Duration kLimit = Duration::milliseconds(2000);

// "throttled=0x50005": what `vcgencmd get_throttled` prints (Raspberry Pi documentation).
Result<std::uint64_t> number_of(std::string_view text, const std::string& program) {
  const std::string line = trimmed(text);
  constexpr std::string_view kMark = "=0x";
  const std::size_t mark = line.find(kMark);
  if (mark != std::string::npos) {
    std::uint64_t number = 0;
    const char* end = line.data() + line.size();
    const auto parsed = std::from_chars(line.data() + mark + kMark.size(), end, number, 16);
    if (parsed.ec == std::errc() && parsed.ptr == end) return number;
  }
  return fail(ErrorKind::parse, program + " printed '" + line.substr(0, 60) + "'",
              "Expected is NAME=0xBITS", "run " + program);
}

}  // namespace

Result<std::int64_t> read_throttle(FileTree& tree, const ThrottleSpec& spec) {
  if (spec.command.empty()) return read_integer(tree, spec.path);
  ISOJOULE_TRY(const std::string text, tree.run(spec.command, kLimit));
  ISOJOULE_TRY(const std::uint64_t number, number_of(text, spec.command.front()));
  return static_cast<std::int64_t>(number & spec.mask);
}

}  // namespace isojoule
