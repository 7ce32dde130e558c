#include "app/fleet/block_watch.h"

#include <algorithm>

#include "app/fleet/publish_blocks.h"
#include "fleet/name.h"

namespace isojoule {
namespace {

constexpr std::int64_t kMostAttempts = 2;
constexpr std::size_t kBlocksOfALook = 256;  // the others wait for the next
// A queue that somebody removed while blocks were in it is made again.
constexpr Duration kLanes = Duration::milliseconds(60'000);

}  // namespace

bool BlockWatch::is_held(std::int64_t block, const std::vector<fleet::Member>& members) const {
  return std::any_of(members.begin(), members.end(), [&](const fleet::Member& member) {
    return member.pulse && member.pulse->study == record_.study && member.pulse->block == block;
  });
}

// The block is in no queue, so that whoever had it said that its runs are stored, unless somebody
// purged the queue.
Result<BlockWatch::Found> BlockWatch::judge(std::int64_t block) {
  ISOJOULE_TRY(const auto subjects,
               bus_.subjects(fleet::kRuns, fleet::block_runs_filter(record_.study, block)));
  std::map<std::int64_t, std::int64_t> stored;  // messages by run
  for (const auto& [subject, count] : subjects)
    if (const auto place = fleet::parse_run_subject(subject))
      stored[place->sequence] += static_cast<std::int64_t>(count);
  Found result = Found::spoilt;
  for (const std::int64_t sequence : ledger_.missing_sequences(block)) {
    if (stored[sequence] > collector_.bad_messages(sequence))
      return Found::waits;  // it is there, and not yet collected
    if (stored[sequence] == 0) result = Found::lost;
  }
  return result;
}

bool BlockWatch::is_due(std::int64_t block, Found found, Instant now) {
  if (found == Found::waits || found == Found::held) {
    since_.erase(block);
    return false;
  }
  const Instant since = since_.try_emplace(block, now).first->second;
  return found == Found::spoilt || now - since >= grace_;
}

// What the collector has read and does not remember as bad, because it was refused before this
// program was started, or was too much, would be waited for for ever.
bool BlockWatch::waits_too_long(std::int64_t block, Found found, Instant now) {
  if (found != Found::waits) {
    waiting_.erase(block);
    return false;
  }
  return now - waiting_.try_emplace(block, now).first->second >= grace_;
}

Status BlockWatch::keep_lanes(Instant now) {
  if (!lanes_due_) lanes_due_ = now + kLanes;
  if (now < *lanes_due_) return {};
  lanes_due_ = now + kLanes;
  return make_lanes(bus_, record_, claim_);
}

Result<bool> BlockWatch::look(const std::vector<fleet::Member>& members, Instant now,
                              const std::atomic<bool>& interrupted) {
  ISOJOULE_TRY(const auto in_queues, blocks_in_queues(bus_, record_.study));
  std::set<std::int64_t> due;
  std::size_t looked = 0;
  bool queued = false, anew = false;
  for (const std::int64_t block : ledger_.incomplete_blocks()) {
    if (in_queues.contains(block)) {
      since_.erase(block);
      waiting_.erase(block);
      queued = true;
      continue;
    }
    if (given_up_.contains(block) || looked == kBlocksOfALook) continue;
    ++looked;
    Found found = Found::held;
    if (!is_held(block, members)) {
      ISOJOULE_TRY(found, judge(block));
    }
    if (waits_too_long(block, found, now)) anew = true;
    if (!is_due(block, found, now)) continue;
    if (attempts_[block] >= kMostAttempts)
      given_up_.insert(block);
    else
      due.insert(block);
  }
  if (anew) {  // once a grace
    collector_.read_anew();
    waiting_.clear();
  }
  if (queued) ISOJOULE_CHECK(keep_lanes(now));
  if (due.empty()) return false;
  ISOJOULE_CHECK(publish_again(due, interrupted));
  return true;
}

Status BlockWatch::publish_again(const std::set<std::int64_t>& blocks,
                                 const std::atomic<bool>& interrupted) {
  // What a board would take for a run that is stored goes first.
  for (const std::int64_t block : blocks)
    for (const std::int64_t sequence : ledger_.missing_sequences(block)) {
      for (const std::string& subject : collector_.bad_subjects(sequence))
        ISOJOULE_CHECK(bus_.purge(fleet::kRuns, subject));
      collector_.forget_bad(sequence);
    }
  ISOJOULE_CHECK(make_lanes(bus_, record_, claim_));
  ISOJOULE_TRY(const auto made, make_blocks_(blocks));
  std::vector<const fleet::BlockMessage*> messages;
  for (const fleet::BlockMessage& block : made) messages.push_back(&block);
  ISOJOULE_TRY(const PublishTally tally, publish_blocks(bus_, messages, interrupted, true));
  published_again_ += tally.published;
  for (const std::int64_t block : blocks) {
    ++attempts_[block];
    since_.erase(block);
  }
  return open_study(bus_,
                    record_.study);  // another coordinator, whose file has them, may have closed it
}

bool BlockWatch::hopeless() const {
  const auto incomplete = ledger_.incomplete_blocks();
  return !incomplete.empty() &&
         std::all_of(incomplete.begin(), incomplete.end(),
                     [this](std::int64_t block) { return given_up_.contains(block); });
}

}  // namespace isojoule
