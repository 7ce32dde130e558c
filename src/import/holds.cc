#include "import/holds.h"

#include <cmath>
#include <limits>

#include "import/import.h"

namespace isojoule {
namespace {

struct Outcome {
  std::string error;  // "" when it was read to its end
  std::vector<Channel> channels;
  std::vector<Window> windows;
  Counters counters;
  std::string fault;  // of the invariants
  bool operator==(const Outcome&) const = default;
};

void add(Outcome& outcome, const std::vector<Channel>& block) {
  if (block.size() != outcome.channels.size()) {
    outcome.fault = "a block without one channel a rail";
    return;
  }
  for (std::size_t i = 0; i < block.size(); ++i) {
    Channel& all = outcome.channels[i];
    const bool has_b = all.info.kind == ChannelKind::voltage_current;
    if (block[i].a.size() != block[i].time_ns.size() ||
        block[i].b.size() != (has_b ? block[i].time_ns.size() : 0))
      outcome.fault = "columns of unequal length";
    for (const std::int64_t time : block[i].time_ns) {
      if (!all.time_ns.empty() && time <= all.time_ns.back()) outcome.fault = "times that descend";
      all.time_ns.push_back(time);
    }
    all.a.insert(all.a.end(), block[i].a.begin(), block[i].a.end());
    all.b.insert(all.b.end(), block[i].b.begin(), block[i].b.end());
  }
}

void check_ends(Outcome& outcome, const LogReader& reader) {
  for (const ChannelInfo& info : reader.channels())
    if (info.rail.empty() || !(info.step_a > 0) || !std::isfinite(info.step_a))
      outcome.fault = "a rail without name or step";
  Instant last{std::numeric_limits<std::int64_t>::min()};
  for (const Window& window : reader.windows()) {
    if (window.end < window.begin || window.begin < last) outcome.fault = "windows out of order";
    last = window.begin;
  }
  for (const Channel& channel : outcome.channels) {
    if (channel.time_ns.empty()) continue;
    // What is printed can be read again, where the clock is one that people write.
    const Instant first{channel.time_ns.front()};
    const auto again = reader.parse_time(reader.print_time(first));
    if (reader.time_base() == TimeBase::wall_clock && first.ns >= 0 && (!again || *again != first))
      outcome.fault = "the time " + reader.print_time(first) + " is not read as it is printed";
  }
}

Outcome read(std::string_view format, std::string_view bytes, std::size_t chunk) {
  Outcome outcome;
  ImportOptions options;
  options.format = format;
  auto file = LogFile::from("", text_source(std::string(bytes), chunk));
  auto reader = file ? open_log(std::move(*file), options)
                     : Result<std::unique_ptr<LogReader>>(tl::unexpected<Error>(file.error()));
  if (!reader) {
    outcome.error = to_string(reader.error());
    return outcome;
  }
  for (const ChannelInfo& info : (*reader)->channels())
    outcome.channels.push_back({info, {}, {}, {}});
  std::vector<Channel> block;
  for (;;) {
    const auto more = (*reader)->next(block);
    if (!more) {
      // What was read before the error depends on the pieces.
      outcome = Outcome();
      outcome.error = to_string(more.error());
      return outcome;
    }
    if (!*more) break;
    add(outcome, block);
  }
  outcome.windows = (*reader)->windows();
  outcome.counters = (*reader)->counters();
  check_ends(outcome, **reader);
  return outcome;
}

}  // namespace

std::string import_holds(std::string_view format, std::string_view bytes) {
  const Outcome whole = read(format, bytes, 1 << 20);
  if (!whole.fault.empty()) return whole.fault;
  constexpr std::size_t kOddPiece = 37;
  if (read(format, bytes, kOddPiece) != whole) return "other pieces, another answer";
  return format == "spl" ? spl::fast_agrees(bytes) : std::string();
}

}  // namespace isojoule
