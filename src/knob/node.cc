#include "knob/node.h"

#include <algorithm>

#include "base/text.h"

namespace isojoule::node {

Status write(FileTree& tree, const std::string& path, const std::string& text) {
  auto status = tree.write(path, text);
  if (status) return {};
  Error error = std::move(status).error();
  error.what += " (on writing '" + text + "')";
  if (error.kind == ErrorKind::permission_denied)
    error.remedy = "Run as root: " + path + " is 0644, so only its owner may write";
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

}  // namespace isojoule::node
