// A whole log at once.
#include <algorithm>

#include "import/import.h"

namespace isojoule {
namespace {

void append(Channel& all, const Channel& block) {
  all.time_ns.insert(all.time_ns.end(), block.time_ns.begin(), block.time_ns.end());
  all.a.insert(all.a.end(), block.a.begin(), block.a.end());
  all.b.insert(all.b.end(), block.b.begin(), block.b.end());
}

Duration median_spacing(const std::vector<std::int64_t>& times) {
  if (times.size() < 2) return {};
  std::vector<std::int64_t> spacing;
  for (std::size_t i = 1; i < times.size(); ++i) spacing.push_back(times[i] - times[i - 1]);
  const auto middle = spacing.begin() + static_cast<std::ptrdiff_t>(spacing.size() / 2);
  std::nth_element(spacing.begin(), middle, spacing.end());
  return {*middle};
}

}  // namespace

Result<Log> read_log(const std::string& path, const ImportOptions& options) {
  ISOJOULE_TRY(const auto reader, open_log(path, options));
  return read_log(*reader);
}

Result<Log> read_log(LogReader& reader) {
  Log log;
  for (const ChannelInfo& info : reader.channels())
    log.trace.channels.push_back({info, {}, {}, {}});
  std::vector<Channel> block;
  for (;;) {
    ISOJOULE_TRY(const bool more, reader.next(block));
    if (!more) break;
    for (std::size_t i = 0; i < block.size(); ++i) append(log.trace.channels[i], block[i]);
  }
  log.trace.total = reader.total();
  if (!log.trace.channels.empty())
    log.trace.period = median_spacing(log.trace.channels.front().time_ns);
  log.windows = reader.windows();
  log.counters = reader.counters();
  log.time_base = reader.time_base();
  log.notes = reader.notes();
  return log;
}

}  // namespace isojoule
