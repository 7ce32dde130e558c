#include "app/fleet/agent_join.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "fleet/name.h"

namespace isojoule::agent {
namespace {

constexpr std::chrono::milliseconds kOthersChoose{1000};
constexpr int kMostLooks = 20;

std::vector<std::int64_t> counts_of(const LaneNames& names) {
  std::vector<std::int64_t> counts;
  for (const auto& lane : names) counts.push_back(std::ssize(lane));
  return counts;
}

bool has_too_many(const LaneNames& names, std::int64_t lane, std::int64_t by) {
  const auto counts = counts_of(names);
  return counts[static_cast<std::size_t>(lane)] - *std::min_element(counts.begin(), counts.end()) >=
         by;
}

}  // namespace

std::int64_t emptiest_lane(const std::vector<std::int64_t>& boards_of_lanes) {
  return std::min_element(boards_of_lanes.begin(), boards_of_lanes.end()) - boards_of_lanes.begin();
}

Result<std::optional<fleet::Join>> JoinEntry::look() {
  const auto entry = bus_->get(fleet::kJoins, fleet::join_key(study_, board_));
  if (!entry && entry.error().kind == ErrorKind::not_found) return std::nullopt;
  if (!entry) return tl::unexpected<Error>(entry.error());
  const auto join = fleet::parse_join(entry->value);
  return join ? std::optional(*join) : std::nullopt;
}

// Boards without a pulse do not count: nobody waits for them.
Result<LaneNames> JoinEntry::names_by_lane(std::int64_t lanes) {
  ISOJOULE_TRY(const auto pulses, bus_->list(fleet::kPulses));
  ISOJOULE_TRY(const auto joins, bus_->list(fleet::kJoins));
  std::set<std::string> alive = {board_};
  for (const auto& pulse : pulses) alive.insert(pulse.key);
  LaneNames names(static_cast<std::size_t>(lanes));
  const std::string prefix = study_ + ".";
  for (const auto& entry : joins) {
    if (!entry.key.starts_with(prefix)) continue;
    const std::string name = entry.key.substr(prefix.size());
    const auto join = fleet::parse_join(entry.value);
    if (join && alive.contains(name) && join->takes_part(lanes))
      names[static_cast<std::size_t>(join->lane)].insert(name);
  }
  return names;
}

bool JoinEntry::is_last_in(const LaneNames& names, std::int64_t lane) const {
  const auto& here = names[static_cast<std::size_t>(lane)];
  return here.empty() || *here.rbegin() == board_;
}

Status JoinEntry::put(const fleet::Join& join) {
  ISOJOULE_TRY([[maybe_unused]] const auto revision,
               bus_->put(fleet::kJoins, fleet::join_key(study_, board_), to_bytes(join)));
  return {};
}

// Boards that come at the same moment see the same lanes empty. So each looks again a moment after
// it has written its choice, when it sees the others'. Of a lane that has too many only the last by
// name goes, one at a time, and the others wait; nobody has taken a block yet.
Result<std::int64_t> JoinEntry::choose(std::int64_t lanes) {
  ISOJOULE_TRY(LaneNames names, names_by_lane(lanes));
  std::int64_t lane = emptiest_lane(counts_of(names));
  ISOJOULE_CHECK(put({lane, ""}));
  for (int looks = 0; looks < kMostLooks; ++looks) {
    std::this_thread::sleep_for(kOthersChoose);
    ISOJOULE_TRY(names, names_by_lane(lanes));
    if (!has_too_many(names, lane, 2)) return lane;
    if (!is_last_in(names, lane)) continue;
    lane = emptiest_lane(counts_of(names));
    ISOJOULE_CHECK(put({lane, ""}));
  }
  return lane;
}

Result<std::int64_t> JoinEntry::join(std::int64_t lanes) {
  ISOJOULE_TRY(const auto there, look());
  const bool is_known = there && there->lane >= 0 && there->lane < lanes;
  if (is_known && there->refused.empty()) return there->lane;
  if (!is_known && lanes > 1) return choose(lanes);
  // Also of a refusal: it may have measured there before.
  const std::int64_t lane = is_known ? there->lane : 0;
  ISOJOULE_CHECK(put({lane, ""}));
  return lane;
}

// What is there already is not written again: a watcher would be told for nothing.
Status JoinEntry::refuse(const std::string& why) {
  ISOJOULE_TRY(const auto there, look());
  if (there && there->refused == why) return {};
  return put({there ? there->lane : -1, why});
}

Result<bool> JoinEntry::has_measured() {
  ISOJOULE_TRY(const auto subjects,
               bus_->subjects(fleet::kRuns, "isojoule.run." + board_ + "." + study_ + ".>"));
  return !subjects.empty();
}

Result<std::int64_t> JoinEntry::balance(std::int64_t lanes, bool has_nothing_left) {
  ISOJOULE_TRY(const auto there, look());
  const std::int64_t mine = there ? there->lane : -1;
  if (mine < 0 || mine >= lanes) return join(lanes);
  ISOJOULE_TRY(const LaneNames names, names_by_lane(lanes));
  const auto counts = counts_of(names);
  const std::int64_t lane = emptiest_lane(counts);
  const bool is_empty = counts[static_cast<std::size_t>(lane)] == 0;
  const bool is_needed_there = has_too_many(names, mine, 2) || (has_nothing_left && is_empty);
  if (!is_needed_there || lane == mine || !is_last_in(names, mine)) return mine;
  ISOJOULE_CHECK(put({lane, ""}));
  return lane;
}

}  // namespace isojoule::agent
