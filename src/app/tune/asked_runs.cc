#include "app/tune/asked_runs.h"

#include <algorithm>

#include "app/fleet/fleet_study.h"
#include "app/fleet/publish_blocks.h"
#include "app/tune/run_probe.h"
#include "app/tune/tune_runs.h"
#include "base/text.h"
#include "fleet/catalogue.h"

namespace isojoule {
namespace {

constexpr Duration kCollect = Duration::milliseconds(250);
constexpr Duration kLook = Duration::milliseconds(1000);
// Asking a thousand boards takes time: of all time at most about this part.
constexpr std::int64_t kLookShare = 20;
constexpr Duration kCatchUp = Duration::milliseconds(500);
constexpr Duration kAway = Duration::milliseconds(500);

}  // namespace

AskedRuns::AskedRuns(AskedStudy study, FleetSearchMemory memory)
    : study_(std::move(study)), memory_(std::move(memory)), clock_(make_real_clock()) {}

Status AskedRuns::begin(const Patience& patience) {
  fleet::StudyRecord& record = study_.record;
  for (std::size_t number = 0; number < memory_.blocks.size(); ++number)
    ledger_.add(message(number));
  ISOJOULE_TRY(collector_, RunCollector::begin(study_.bus, record, ledger_, study_.file));
  collector_->look_at([this](Run& run) { take_note(run); });
  ISOJOULE_TRY(std::vector<Run> stored, study_.file.runs(true));
  for (Run& run : stored) runs_.emplace(run.sequence, std::move(run));
  already_there_ = std::ssize(runs_);
  ISOJOULE_CHECK(patience([&] { return make_lanes(study_.bus, record, study_.claim); }));
  ISOJOULE_CHECK(find_unpublished(patience));
  ISOJOULE_CHECK(patience([&] { return open_study(study_.bus, record.study); }));
  record.closed = false;
  const auto make =
      [this](const std::set<std::int64_t>& wanted) -> Result<std::vector<fleet::BlockMessage>> {
    std::vector<fleet::BlockMessage> made;
    for (const std::int64_t number : wanted)
      made.push_back(message(static_cast<std::size_t>(number)));
    return made;
  };
  watch_.emplace(study_.bus, record, study_.claim, ledger_, *collector_, make,
                 std::max(study_.claim * 2, fleet::kPulseAge * 2));
  view_.emplace(study_.bus, record, study_.claim, ledger_, *collector_, clock_->now());
  next_look_ = clock_->now() + kLook;  // boards answer within a moment
  return {};
}

// Blocks of an earlier command that lack runs and are in no queue: it ended before it published
// them, or the study was removed from the server. A board that has stored their runs meanwhile is
// not asked again.
Status AskedRuns::find_unpublished(const Patience& patience) {
  if (memory_.blocks.empty()) return {};
  for (;;) {
    ISOJOULE_TRY(const std::int64_t taken, collector_->collect(kCatchUp));
    if (taken == 0) break;
  }
  ISOJOULE_TRY(const auto in_queues,
               patience([this] { return blocks_in_queues(study_.bus, study_.record.study); }));
  for (const std::int64_t block : ledger_.incomplete_blocks())
    if (!in_queues.contains(block)) unpublished_.insert(static_cast<std::size_t>(block));
  return {};
}

fleet::BlockMessage AskedRuns::message(std::size_t number) const {
  return message_of(study_.record.study, study_.network, static_cast<std::int64_t>(number),
                    memory_.blocks[number]);
}

// On its way into the study: why it was made, as a search on one board notes it.
void AskedRuns::take_note(Run& run) {
  const AskedBlock& block = memory_.blocks[static_cast<std::size_t>(run.block)];
  TuneNotes notes;
  notes.role = block.role;
  if (!run.baseline.empty() && block.role == TuneRole::search) notes.role = TuneRole::baseline;
  notes.why = block.why;
  if (!run.phases.empty())
    notes.took_s = (run.phases.back().end - run.phases.front().begin).seconds().value();
  notes.definite = !failure_of(run).empty() && run.state != RunState::throttled;
  put_notes(notes, run);
  runs_.insert_or_assign(run.sequence, run);
}

// Remembered in the file before anybody can take it.
Result<std::size_t> AskedRuns::ask_for(AskedBlock block) {
  block.first = memory_.runs();
  memory_.blocks.push_back(std::move(block));
  ISOJOULE_CHECK(store(memory_, study_.file));
  ledger_.add(message(memory_.blocks.size() - 1));
  unpublished_.insert(memory_.blocks.size() - 1);
  ISOJOULE_CHECK(publish());
  return memory_.blocks.size() - 1;
}

// What is asked for and in no queue; again at the next moment where the server is away.
Status AskedRuns::publish() {
  while (!unpublished_.empty()) {
    const fleet::BlockMessage asked = message(*unpublished_.begin());
    const std::vector<const fleet::BlockMessage*> one = {&asked};
    const auto published = publish_blocks(study_.bus, one, study_.interrupted);
    if (!published && passes(published.error().kind)) return {};
    if (!published) return tl::unexpected<Error>(published.error());
    unpublished_.erase(unpublished_.begin());
  }
  return {};
}

Status AskedRuns::wait_a_moment() {
  if (study_.interrupted.load(std::memory_order_relaxed))
    return fail(ErrorKind::interrupted, "the search was interrupted");
  ISOJOULE_CHECK(publish());
  ISOJOULE_TRY(const std::int64_t taken, collector_->collect(kCollect));
  if (!collector_->away().empty()) clock_->sleep_for(kAway);
  const Instant now = clock_->now();
  if (taken > 0 || now < next_look_) return {};
  const Status looked = look(now);
  next_look_ = clock_->now() + std::max(kLook, (clock_->now() - now) * kLookShare);
  // A server that is away is asked again.
  const bool away = !looked && passes(looked.error().kind);
  tell_troubles(now);
  return away ? Status() : looked;
}

Status AskedRuns::look(Instant now) {
  const std::string& id = study_.record.study;
  const auto stored = get_study(study_.bus, id);
  if (!stored && stored.error().kind == ErrorKind::not_found)
    return fail(
        ErrorKind::not_found, "the study was removed from the fleet: " + id,
        "What was collected is in " + study_.study_path + "; the same command goes on from there");
  if (!stored) return tl::unexpected<Error>(stored.error());
  ISOJOULE_CHECK(view_->refresh(now));
  ISOJOULE_TRY([[maybe_unused]] const bool again,
               watch_->look(view_->members(), now, study_.interrupted));
  if (const std::string why = view_->why_all_refuse(); !why.empty())
    return fail(ErrorKind::engine, "every board refuses the search: " + why,
                "See all: isojoule fleet studies");
  return {};
}

void AskedRuns::tell_troubles(Instant now) {
  auto troubles = view_->progress(now, *watch_).troubles;
  if (troubles == troubles_) return;
  troubles_ = std::move(troubles);
  study_.tell(troubles_.empty() ? "the boards go on" : join(troubles_, "; "));
}

Status AskedRuns::know_boards() {
  const auto members = fleet::members(study_.bus);
  if (!members) return {};
  std::vector<fleet::BoardCard> cards;
  for (const fleet::Member& member : *members) cards.push_back(member.card);
  return collector_->know_boards(cards);
}

bool AskedRuns::is_given_up(std::size_t number) const {
  return watch_->given_up().contains(static_cast<std::int64_t>(number));
}

std::optional<AskedRuns::Runs> AskedRuns::finished(std::size_t number) const {
  const AskedBlock& block = memory_.blocks[number];
  Runs runs;
  for (std::int64_t i = 0; i < std::ssize(block.runs); ++i) {
    const auto found = runs_.find(block.first + i);
    if (found == runs_.end()) return {};
    runs.push_back(&found->second);
  }
  return runs;
}

Result<std::optional<AskedRuns::Runs>> AskedRuns::wait_for(std::size_t number) {
  for (;;) {
    if (auto runs = finished(number)) return runs;
    if (is_given_up(number)) return std::nullopt;
    ISOJOULE_CHECK(wait_a_moment());
  }
}

}  // namespace isojoule
