#include "app/fleet/coordinator_view.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/text.h"
#include "fleet/name.h"

namespace isojoule {
namespace {

constexpr Duration kRateWindow = Duration::milliseconds(180'000);
constexpr std::size_t kMostNamed = 5;  // of boards in one line
constexpr std::size_t kMostTroubles = 12;

// "board-1, board-2 and 7 more"
std::string some_of(const std::vector<std::string>& names) {
  if (names.size() <= kMostNamed) return join(names, ", ");
  return join({names.begin(), names.begin() + kMostNamed}, ", ") + " and " +
         std::to_string(names.size() - kMostNamed) + " more";
}

std::string counted(std::int64_t count, const std::string& one, const std::string& several) {
  return std::to_string(count) + ' ' + (count == 1 ? one : several);
}

std::string seconds_text(Second duration) {
  return std::to_string(std::llround(duration.value())) + " s";
}

}  // namespace

Status CoordinatorView::refresh(Instant now) {
  ISOJOULE_TRY(members_, fleet::members(bus_));
  for (const fleet::Member& member : members_) see(member, now);
  ISOJOULE_CHECK(take_joins());
  fleet::QueueState sum;
  for (std::int64_t lane = 0; lane < record_.lanes; ++lane) {
    const auto state = bus_.queue_state(fleet::kBlocks, fleet::lane_queue(record_.study, lane));
    if (!state && state.error().kind == ErrorKind::not_found) continue;  // not made yet, or removed
    if (!state) return tl::unexpected<Error>(state.error());
    sum.waiting += state->waiting;
    sum.claimed += state->claimed;
    sum.again += state->again;
  }
  queues_ = sum;
  rate_.emplace_back(now, ledger_.there());
  while (rate_.size() > 2 && now - rate_.front().first > kRateWindow) rate_.pop_front();
  return {};
}

Status CoordinatorView::take_joins() {
  if (!joins_watch_) {
    joins_.clear();
    ISOJOULE_TRY(joins_watch_, bus_.watch(fleet::kJoins, fleet::join_key(record_.study, "*")));
  }
  for (;;) {
    auto entry = joins_watch_->next(Duration::milliseconds(5));
    if (!entry) {
      joins_watch_.reset();
      return tl::unexpected<Error>(entry.error());
    }
    if (!*entry) return {};
    const std::string board = (*entry)->key.substr((*entry)->key.rfind('.') + 1);
    joins_.erase(board);
    if ((*entry)->removed) continue;
    // One that cannot be read is a board's that takes no blocks.
    auto answer = fleet::parse_join((*entry)->value);
    joins_[board] = answer ? *answer : fleet::Join{-1, answer.error().what};
  }
}

void CoordinatorView::see(const fleet::Member& member, Instant now) {
  if (!member.pulse) return;
  Seen& seen = seen_[member.card.name];
  if (seen.uptime_s == member.pulse->uptime_s) return;  // the same pulse as before
  seen.when = now;
  seen.uptime_s = member.pulse->uptime_s;
  seen.block = member.pulse->study == record_.study ? member.pulse->block : -1;
}

FleetBoardProgress CoordinatorView::board(const fleet::Member& member, Instant now) const {
  FleetBoardProgress row;
  row.name = member.card.name;
  const auto counted = collector_.tally().boards.find(row.name);
  if (counted != collector_.tally().boards.end()) row.runs = counted->second.runs;
  const auto seen = seen_.find(row.name);
  if (seen != seen_.end()) row.last_seen_s = (now - seen->second.when).seconds().value();
  if (!member.pulse) {
    row.state = "lost";
    row.trouble = "no sign of life";
    return row;
  }
  const fleet::Pulse& pulse = *member.pulse;
  row.state = fleet::name_of(pulse.state);
  row.trouble = pulse.why;
  if (row.trouble.empty() && !member.card.problems.empty())
    row.trouble = member.card.problems.front();
  if (row.trouble.empty() && pulse.unsent > 0)
    row.trouble = isojoule::counted(pulse.unsent, "run waits", "runs wait") + " for the server";
  if (pulse.study.empty()) return row;
  if (pulse.study != record_.study) {
    row.doing = "another study";
    return row;
  }
  row.doing = "block " + std::to_string(pulse.block) + ", " + std::to_string(pulse.block_done) +
              " of " + std::to_string(pulse.block_runs) + ": " + pulse.network + ' ' +
              pulse.setting;
  return row;
}

void CoordinatorView::add_lane_troubles(std::vector<std::string>& into) const {
  std::set<std::int64_t> lanes_open, lanes_joined;
  for (const std::int64_t block : ledger_.incomplete_blocks())
    lanes_open.insert(ledger_.lane_of(block));
  std::map<std::string, std::vector<std::string>> refused;  // boards by reason
  for (const auto& [name, join] : joins_) {
    const auto member = std::find_if(
        members_.begin(), members_.end(),
        [&board = name](const fleet::Member& known) { return known.card.name == board; });
    if (!join.refused.empty())
      refused[join.refused].push_back(name);
    else if (member != members_.end() && member->pulse &&
             member->pulse->state != fleet::BoardState::out &&
             member->pulse->state != fleet::BoardState::drained)
      lanes_joined.insert(join.lane);
  }
  std::vector<std::string> without;
  for (const std::int64_t lane : lanes_open)
    if (!lanes_joined.contains(lane)) without.push_back(std::to_string(lane + 1));
  if (!without.empty())
    into.push_back(record_.lanes == 1
                       ? "no board takes blocks of this study"
                       : "no board takes blocks of " +
                             std::string(without.size() == 1 ? "lane " : "lanes ") +
                             some_of(without) + " of " + std::to_string(record_.lanes) +
                             ": each setting is to be measured on so many boards");
  if (!without.empty() && joins_.empty())
    into.push_back(
        members_.empty()
            ? "no agent is there: start 'isojoule agent' on the boards"
            : "none of " +
                  isojoule::counted(static_cast<std::int64_t>(members_.size()), "board", "boards") +
                  " has answered yet");
  for (const auto& [why, names] : refused)
    into.push_back(isojoule::counted(static_cast<std::int64_t>(names.size()), "board refuses",
                                     "boards refuse") +
                   " this study (" + some_of(names) + "): " + why);
}

std::string CoordinatorView::why_all_refuse() const {
  std::string why;
  for (const fleet::Member& member : members_) {
    const std::string& name = member.card.name;
    const bool is_meant =
        record_.boards.empty() ||
        std::find(record_.boards.begin(), record_.boards.end(), name) != record_.boards.end();
    if (!member.pulse || !is_meant || member.card.board != record_.board ||
        member.card.simulated != record_.simulated)
      continue;
    const auto join = joins_.find(name);
    if (join == joins_.end() || join->second.refused.empty()) return {};  // it takes part, or may
    why = name + ": " + join->second.refused;
  }
  return why;
}

void CoordinatorView::add_board_troubles(std::vector<std::string>& into, Instant now) const {
  for (const fleet::Member& member : members_) {
    const auto joined = joins_.find(member.card.name);
    if (joined == joins_.end() || !joined->second.takes_part(record_.lanes)) continue;
    const auto seen = seen_.find(member.card.name);
    if (!member.pulse) {
      std::string text = member.card.name + " is lost";
      if (seen != seen_.end()) {
        text += ": no sign of life for " + seconds_text((now - seen->second.when).seconds());
        const std::int64_t block = seen->second.block;
        if (block >= 0 && block < ledger_.blocks() && ledger_.missing_of(block) > 0)
          text += "; its block " + std::to_string(block) + " goes to another board " +
                  seconds_text(claim_.seconds()) + " after its last word";
      }
      into.push_back(text);
    } else if (member.pulse->state == fleet::BoardState::out) {
      into.push_back(member.card.name + " has taken itself out: " + member.pulse->why);
    } else if (member.pulse->state == fleet::BoardState::drained) {
      into.push_back(member.card.name + " takes no blocks: it was drained" +
                     (member.pulse->why.empty() ? "" : " (" + member.pulse->why + ")"));
    }
  }
}

void CoordinatorView::add_message_troubles(std::vector<std::string>& into,
                                           const BlockWatch& watch) const {
  for (const auto& [name, board] : collector_.tally().boards)
    if (board.refused > 0)
      into.push_back(name + ": " +
                     isojoule::counted(board.refused, "message was", "messages were") +
                     " refused, the last because " + board.why);
  if (collector_.tally().without_trace > 0)
    into.push_back(isojoule::counted(collector_.tally().without_trace, "run has", "runs have") +
                   " no trace: it is not on the server as it was announced");
  if (watch.published_again() > 0)
    into.push_back(isojoule::counted(watch.published_again(), "block was", "blocks were") +
                   " published again: in nobody's hands, and not complete");
  if (!watch.given_up().empty())
    into.push_back(isojoule::counted(static_cast<std::int64_t>(watch.given_up().size()), "block is",
                                     "blocks are") +
                   " not complete however often published, and given up; the first is block " +
                   std::to_string(*watch.given_up().begin()));
}

Second CoordinatorView::left(Instant now) const {
  const std::int64_t missing = ledger_.planned() - ledger_.there();
  if (missing == 0) return Second(0);
  if (!rate_.empty()) {
    const double seconds = (now - rate_.front().first).seconds().value();
    const auto made = static_cast<double>(ledger_.there() - rate_.front().second);
    if (made > 0 && seconds > 0) return Second(static_cast<double>(missing) * seconds / made);
  }
  return Second(std::numeric_limits<double>::infinity());
}

FleetProgress CoordinatorView::progress(Instant now, const BlockWatch& watch) const {
  FleetProgress result;
  result.done = ledger_.there();
  result.total = ledger_.planned();
  result.failed = collector_.tally().failed;
  result.blocks_waiting = static_cast<std::int64_t>(queues_.waiting);
  result.blocks_claimed = static_cast<std::int64_t>(queues_.claimed);
  result.elapsed = (now - begun_).seconds();
  result.left = left(now);
  for (const fleet::Member& member : members_) {
    const auto joined = joins_.find(member.card.name);
    const bool takes_part = joined != joins_.end() && joined->second.takes_part(record_.lanes);
    if (takes_part || collector_.tally().boards.contains(member.card.name))
      result.boards.push_back(board(member, now));
  }
  if (!collector_.away().empty() || !bus_.connected())
    result.troubles.push_back(
        "the server does not answer" +
        (collector_.away().empty() ? std::string() : " (" + collector_.away() + ")") +
        ": trying again; the boards go on with what they hold");
  else
    add_lane_troubles(result.troubles);
  add_board_troubles(result.troubles, now);
  add_message_troubles(result.troubles, watch);
  if (result.troubles.size() > kMostTroubles) {
    const std::size_t more = result.troubles.size() - kMostTroubles;
    result.troubles.resize(kMostTroubles);
    result.troubles.push_back("and " + std::to_string(more) + " more");
  }
  return result;
}

}  // namespace isojoule
