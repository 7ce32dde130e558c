#include "app/fleet/study_book.h"

#include <algorithm>
#include <thread>

#include "app/fleet/agent_join.h"
#include "app/fleet/passing.h"
#include "fleet/name.h"

namespace isojoule::agent {
namespace {

using std::chrono::steady_clock;

// A watch that a server lost without a word would hide new studies for ever.
constexpr std::chrono::minutes kWatchAge{5};
constexpr std::chrono::minutes kRefusalAge{10};
constexpr std::chrono::seconds kBalance{2};
// Boards that come at once choose their lanes at once, and look then who else did.
constexpr std::chrono::milliseconds kSettle{300};
constexpr Duration kNoWait{};
// Of a block that we cannot read, until it is offered again.
constexpr Duration kUnreadable = Duration::milliseconds(30'000);

}  // namespace

Status StudyBook::look() {
  if (watch_ && steady_clock::now() - watched_ > kWatchAge) watch_.reset();
  if (!watch_) {
    ISOJOULE_TRY(watch_, bus_.watch(fleet::kStudies, ">"));
    watched_ = steady_clock::now();
  }
  for (;;) {
    auto entry = watch_->next(kNoWait);
    if (!entry) {
      watch_.reset();
      return tl::unexpected<Error>(entry.error());
    }
    if (!*entry) return {};
    note(**entry);
  }
}

void StudyBook::note(const fleet::KeyValue& entry) {
  if (entry.removed) {
    studies_.erase(entry.key);
    return;
  }
  auto record = fleet::parse_study(entry.value);
  if (!record) return note_unreadable(entry, record.error());
  if (record->closed) {
    studies_.erase(entry.key);
    return;
  }
  OpenStudy& study = studies_[entry.key];
  const bool is_new = study.order == 0;
  if (is_new) study.order = entry.revision;
  // A search adds networks and blocks while it goes on.
  const bool is_same = !is_new && study.record.networks == record->networks &&
                       study.record.files == record->files && study.record.plan == record->plan;
  if (!is_same) {
    study.has_files = study.is_decided = false;
    study.plan.reset();
  }
  study.record = std::move(*record);
}

// Of a later version: it is refused in so many words, for whoever looks why this board does not
// take part.
void StudyBook::note_unreadable(const fleet::KeyValue& entry, const Error& error) {
  says_("cannot read study " + entry.key + ": " + to_string(error));
  if (error.kind != ErrorKind::newer_schema) return;
  JoinEntry join(bus_, entry.key, facts_.name);
  // Where it fails it is tried at the watch's next beginning.
  [[maybe_unused]] const Status refused =
      join.refuse("the agent of this board cannot read the study: " + to_string(error));
}

Result<Fit> StudyBook::fit(OpenStudy& study) {
  Fit found = fit_of(study.record, facts_);
  if (found.fitness != Fitness::fits) return found;
  if (const Status fetched = fetch_plan(bus_, study); !fetched) {
    const ErrorKind kind = fetched.error().kind;
    if (passes(kind)) return tl::unexpected<Error>(fetched.error());
    return Fit{Fitness::refused, to_string(fetched.error())};
  }
  TargetOptions options = target_;
  options.seed = study.plan->protocol.seed;
  const auto target = open_target(paths_, options);
  if (!target) return Fit{Fitness::refused, to_string(target.error())};
  return fit_of(study.record, *study.plan, (*target)->board, facts_);
}

Status StudyBook::decide(OpenStudy& study) {
  ISOJOULE_TRY(const Fit found, fit(study));
  if (found.fitness == Fitness::refused) return refuse(study, found.why);
  if (found.fitness == Fitness::fits) ISOJOULE_CHECK(join(study));
  study.is_refused = found.fitness != Fitness::fits;
  study.why = found.why;
  study.is_decided = true;
  study.decided = steady_clock::now();
  return {};
}

Status StudyBook::refuse(OpenStudy& study, const std::string& why) {
  if (study.why != why || !study.is_refused)
    says_("takes no part in study " + study.record.name + ": " + why);
  study.is_refused = study.is_decided = true;
  study.why = why;
  study.decided = steady_clock::now();
  return JoinEntry(bus_, study.record.study, facts_.name).refuse(why);
}

Status StudyBook::join(OpenStudy& study) {
  JoinEntry entry(bus_, study.record.study, facts_.name);
  ISOJOULE_TRY(study.lane, entry.join(study.record.lanes));
  study.queue.reset();
  ISOJOULE_TRY(const bool has_measured, entry.has_measured());
  // What an agent before this one could do here can be done here.
  study.has_worked = study.has_worked || has_measured;
  if (study.record.lanes > 1) {
    study.has_measured = has_measured;
    if (!study.has_measured) {
      std::this_thread::sleep_for(kSettle);
      ISOJOULE_TRY(study.lane, entry.balance(study.record.lanes, false));
    }
  }
  study.balanced = steady_clock::now();
  says_("takes part in study " + study.record.name +
        (study.record.lanes > 1 ? " in lane " + std::to_string(study.lane) : ""));
  return {};
}

Status StudyBook::balance(OpenStudy& study) {
  if (study.record.lanes < 2 || study.has_measured ||
      steady_clock::now() - study.balanced < kBalance)
    return {};
  study.balanced = steady_clock::now();
  const auto state =
      bus_.queue_state(fleet::kBlocks, fleet::lane_queue(study.record.study, study.lane));
  const bool has_nothing_left = state && state->waiting == 0 && state->claimed == 0;
  JoinEntry entry(bus_, study.record.study, facts_.name);
  ISOJOULE_TRY(const std::int64_t lane, entry.balance(study.record.lanes, has_nothing_left));
  if (lane == study.lane) return {};
  says_("moves to lane " + std::to_string(lane) + " of study " + study.record.name);
  study.lane = lane;
  study.queue.reset();
  return {};
}

// By age, but the one after that of the last block first.
std::vector<OpenStudy*> StudyBook::in_turn() {
  std::vector<OpenStudy*> studies;
  for (auto& [key, study] : studies_) studies.push_back(&study);
  std::sort(studies.begin(), studies.end(),
            [](const OpenStudy* a, const OpenStudy* b) { return a->order < b->order; });
  const auto next = std::find_if(studies.begin(), studies.end(), [this](const OpenStudy* study) {
    return study->order > last_order_;
  });
  std::rotate(studies.begin(), next, studies.end());
  return studies;
}

bool StudyBook::is_takable(OpenStudy& study) {
  const bool is_old = study.is_refused && steady_clock::now() - study.decided > kRefusalAge;
  if (!study.is_decided || is_old)
    if (const Status decided = decide(study); !decided) return false;  // the next time
  return !study.is_refused;
}

Result<std::optional<TakenBlock>> StudyBook::take(Duration limit) {
  std::vector<OpenStudy*> takable;
  for (OpenStudy* study : in_turn())
    if (is_takable(*study)) takable.push_back(study);
  for (OpenStudy* study : takable) {
    ISOJOULE_TRY(auto taken, take_from(*study, kNoWait));
    if (taken) return taken;
    ISOJOULE_CHECK(balance(*study));
  }
  // One of them is waited for; the others are asked the next time.
  if (takable.empty()) {
    if (watch_ && limit > kNoWait) {
      ISOJOULE_TRY(const auto entry, watch_->next(limit));
      if (entry) note(*entry);
    }
    return std::nullopt;
  }
  OpenStudy* const waited = takable.front();
  if (takable.size() > 1) last_order_ = waited->order;
  return take_from(*waited, limit);
}

Result<std::optional<TakenBlock>> StudyBook::take_from(OpenStudy& study, Duration limit) {
  if (!study.queue) {
    auto queue = bus_.queue(fleet::kBlocks, fleet::lane_queue(study.record.study, study.lane));
    if (!queue && queue.error().kind == ErrorKind::not_found) {
      // It is not made yet, or the study has just been closed.
      if (limit > kNoWait) std::this_thread::sleep_for(std::chrono::nanoseconds(limit.ns));
      return std::nullopt;
    }
    if (!queue) return tl::unexpected<Error>(queue.error());
    study.queue = std::move(*queue);
  }
  auto claim = study.queue->take(limit);
  if (!claim) {
    study.queue.reset();
    if (claim.error().kind == ErrorKind::not_found) return std::nullopt;
    return tl::unexpected<Error>(claim.error());
  }
  if (!*claim) return std::nullopt;
  last_order_ = study.order;
  auto block = fleet::parse_block((*claim)->message().bytes);
  const bool is_its_own = block && block->study == study.record.study;
  if (!is_its_own) {
    [[maybe_unused]] const Status given = (*claim)->give_back(kUnreadable);
    ISOJOULE_CHECK(refuse(
        study, block ? "a block of another study lies in its queue" : to_string(block.error())));
    return std::nullopt;
  }
  return TakenBlock{&study, std::move(*claim), std::move(*block)};
}

}  // namespace isojoule::agent
