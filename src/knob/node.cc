#include "knob/node.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>

#include "base/text.h"

namespace isojoule::node {

Status write(FileTree& tree, const std::string& path, const std::string& text) {
  auto status = tree.write(path, text);
  if (status) return {};
  Error error = std::move(status).error();
  error.what += " (on writing '" + text + "')";
  if (error.kind == ErrorKind::permission_denied)
    error.remedy = "Run as root: only root may write " + path;
  return tl::unexpected<Error>(std::move(error));
}

Status write(FileTree& tree, const std::string& path, std::int64_t value) {
  return write(tree, path, std::to_string(value));
}

Status save(FileTree& tree, const std::string& path, std::vector<SavedNode>& nodes) {
  ISOJOULE_TRY(std::string text, read_line(tree, path));
  nodes.push_back({path, std::move(text)});
  return {};
}

Result<bool> wait_until(const std::function<Result<bool>()>& reached, Clock& clock,
                        Duration deadline) {
  constexpr Duration longest = Duration::milliseconds(16);
  const Instant end = clock.now() + deadline;
  for (Duration step = Duration::milliseconds(1);; step = std::min(step * 2, longest)) {
    ISOJOULE_TRY(const bool done, reached());
    const Instant now = clock.now();
    if (done || now >= end) return done;
    clock.sleep_until(std::min(now + step, end));
  }
}

Result<double> number_of(const Axis& axis, const Value& value) {
  if (const double* number = std::get_if<double>(&value)) return *number;
  return fail(ErrorKind::invalid, axis.name + ": '" + to_string(value) + "' is not a number");
}

Result<std::vector<std::string>> present(FileTree& tree,
                                         const std::vector<std::string>& directories,
                                         const std::string& axis) {
  std::vector<std::string> there;
  for (const auto& directory : directories)
    if (tree.exists(directory)) there.push_back(directory);
  if (there.empty())
    return fail(ErrorKind::not_found, axis + ": its nodes are not there",
                "Check the board and its release, and that /sys is visible here",
                join(directories, ", "));
  return there;
}

int number_after(std::string_view prefix, std::string_view name) {
  if (!name.starts_with(prefix)) return -1;
  name.remove_prefix(prefix.size());
  int number = -1;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  return parsed.ec == std::errc() && parsed.ptr == name.data() + name.size() ? number : -1;
}

bool is_of_offline_core(FileTree& tree, const std::string& path) {
  constexpr std::string_view folder = "/sys/devices/system/cpu/";
  if (!path.starts_with(folder)) return false;
  const std::size_t end = path.find('/', folder.size());
  if (end == std::string::npos) return false;
  if (number_after("cpu", path.substr(folder.size(), end - folder.size())) < 0) return false;
  const auto online = read_integer(tree, path.substr(0, end) + "/online");
  return online && *online == 0;
}

Result<std::optional<double>> read_cap(FileTree& tree, const std::string& path) {
  ISOJOULE_TRY(const std::string text, read_line(tree, path));
  const bool is_negative = !text.empty() && text.front() == '-';
  std::uint64_t number = 0;
  const char* begin = text.data() + (is_negative ? 1 : 0);
  const auto parsed = std::from_chars(begin, text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    return fail(ErrorKind::parse, path + ": not a cap: '" + text.substr(0, 40) + "'", {}, "read");
  constexpr std::uint64_t largest[] = {0x7fffffffU, 0xffffffffU, 0x7fffffffffffffffU,
                                       0xffffffffffffffffU};
  if (is_negative || number == 0 ||
      std::find(std::begin(largest), std::end(largest), number) != std::end(largest))
    return std::nullopt;
  return static_cast<double>(number);
}

bool shows_what_was_written(std::string_view path) {
  return path.starts_with("/sys/kernel/nvpmodel_emc_cap/");
}

}  // namespace isojoule::node
