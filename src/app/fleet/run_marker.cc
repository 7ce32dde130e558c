#include "app/fleet/run_marker.h"

#include <unistd.h>
#include <cerrno>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/file_tree.h"
#include "base/text_file.h"
#include "fleet/name.h"

namespace isojoule::agent {

Status RunMarker::set(const MarkedRun& run) {
  const nlohmann::json root = {
      {"study", run.study}, {"block", run.block}, {"sequence", run.sequence}};
  return write_text_file(path_, root.dump() + "\n");
}

Status RunMarker::clear() {
  if (::unlink(path_.c_str()) == 0 || errno == ENOENT) return {};
  return tl::unexpected<Error>(error_from_errno(errno, path_, "remove"));
}

std::optional<MarkedRun> RunMarker::left() const {
  const auto text = read_text_file(path_);
  if (!text) return std::nullopt;
  const auto root = nlohmann::json::parse(*text, nullptr, false);
  if (!root.is_object()) return std::nullopt;
  const auto study = root.find("study"), block = root.find("block"),
             sequence = root.find("sequence");
  if (study == root.end() || !study->is_string() || block == root.end() ||
      !block->is_number_integer() || sequence == root.end() || !sequence->is_number_integer())
    return std::nullopt;
  return MarkedRun{study->get<std::string>(), block->get<std::int64_t>(),
                   sequence->get<std::int64_t>()};
}

Status count_death(fleet::Bus& bus, const MarkedRun& run, const std::string& board) {
  const std::string key = fleet::trouble_key(run.study, run.sequence);
  for (;;) {
    const auto there = bus.get(fleet::kTroubles, key);
    if (!there && there.error().kind != ErrorKind::not_found)
      return tl::unexpected<Error>(there.error());
    fleet::Trouble trouble;
    if (there)
      if (const auto known = fleet::parse_trouble(there->value)) trouble = *known;
    ++trouble.deaths;
    trouble.last_board = board;
    const std::string bytes = to_bytes(trouble);
    const auto put = there ? bus.update(fleet::kTroubles, key, bytes, there->revision)
                           : bus.create(fleet::kTroubles, key, bytes);
    if (put) return {};
    if (put.error().kind != ErrorKind::exists) return tl::unexpected<Error>(put.error());
  }
}

Result<std::map<std::int64_t, fleet::Trouble>> troubles_of(fleet::Bus& bus,
                                                           const std::string& study) {
  ISOJOULE_TRY(const auto entries, bus.list(fleet::kTroubles));
  std::map<std::int64_t, fleet::Trouble> troubles;
  for (const fleet::KeyValue& entry : entries) {
    if (!entry.key.starts_with(study + ".")) continue;
    const std::string_view number = std::string_view(entry.key).substr(study.size() + 1);
    std::int64_t sequence = 0;
    const auto parsed = std::from_chars(number.data(), number.data() + number.size(), sequence);
    if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size()) continue;
    if (const auto trouble = fleet::parse_trouble(entry.value)) troubles[sequence] = *trouble;
  }
  return troubles;
}

}  // namespace isojoule::agent
