#include "app/fleet/coordinator.h"

#include <filesystem>
#include <optional>
#include <set>

#include "app/fleet/block_watch.h"
#include "app/fleet/collect_runs.h"
#include "app/fleet/coordinator_patience.h"
#include "app/fleet/coordinator_view.h"
#include "app/fleet/fleet_study.h"
#include "app/fleet/publish_blocks.h"
#include "app/fleet/run_ledger.h"
#include "base/clock.h"

namespace isojoule {
namespace {

constexpr Duration kCollect = Duration::milliseconds(250);   // between two looks at the clock
constexpr Duration kCatchUp = Duration::milliseconds(1000);  // nothing for so long: all is read
constexpr Duration kRefresh = Duration::milliseconds(2000);  // of the boards shown
constexpr Duration kWatch = Duration::milliseconds(2000);    // for blocks in nobody's hands
constexpr Duration kAway = Duration::milliseconds(500);      // before a server is asked again
// Asking a thousand boards takes time: of all time at most about this part.
constexpr std::int64_t kRefreshShare = 20;

Result<std::unique_ptr<StudyFile>> open_fleet_study_file(const std::string& path,
                                                         const StudyInfo& info) {
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return StudyFile::create(path, info);
  ISOJOULE_TRY(auto study, StudyFile::open(path, StudyFile::Mode::write));
  if (study->info().plan_hash != info.plan_hash)
    return fail(ErrorKind::invalid,
                path +
                    ": the study there was made with another plan, board type, network or "
                    "number of boards, or without a fleet",
                "Give another file with -o, or the plan and options that it was begun with");
  return study;
}

// One coordinator at work. Everything that outlives it is on the server or in the study file.
class FleetSweep {
 public:
  FleetSweep(fleet::Bus& bus, FleetStudy study, StudyFile& file, const FleetSweepRequest& request,
             const std::atomic<bool>& interrupted,
             const std::function<void(const FleetProgress&)>& progress)
      : bus_(bus),
        study_(std::move(study)),
        record_(study_.stored.record),
        file_(file),
        request_(request),
        interrupted_(interrupted),
        show_(progress),
        clock_(make_real_clock()) {}

  Result<FleetSweepResult> run() {
    for (const fleet::BlockMessage& block : study_.blocks) ledger_.add(block);
    ISOJOULE_TRY(collector_, RunCollector::begin(bus_, record_, ledger_, file_));
    begin_watching();
    if (study_.stored.created) ISOJOULE_CHECK(publish());
    while (!ledger_.complete() && !interrupted_ && !watch_->hopeless()) {
      ISOJOULE_TRY(const std::int64_t taken, collector_->collect(published_ ? kCollect : kCatchUp));
      const bool away = !collector_->away().empty();
      if (!published_ && !away && taken == 0) ISOJOULE_CHECK(publish());
      ISOJOULE_CHECK(refresh(false));
      if (published_ && !away && taken == 0) {
        if (!request_.wait) break;
        ISOJOULE_CHECK(look());
      }
      if (away) clock_->sleep_for(kAway);
    }
    ISOJOULE_CHECK(finish());
    return result();
  }

 private:
  void begin_watching() {
    const auto make =
        [this](const std::set<std::int64_t>& wanted) -> Result<std::vector<fleet::BlockMessage>> {
      ISOJOULE_TRY(auto all,
                   fleet::cut_blocks(record_.study, study_.plan, study_.board, request_.blocks));
      std::erase_if(
          all, [&](const fleet::BlockMessage& block) { return !wanted.contains(block.block); });
      return all;
    };
    // A board that is cut off may hold a block for as long as its claim, and is not missed sooner
    // than its last pulse is old.
    const Duration grace = std::max(request_.claim * 2, fleet::kPulseAge * 2);
    watch_.emplace(bus_, record_, request_.claim, ledger_, *collector_, make, grace);
    view_.emplace(bus_, record_, request_.claim, ledger_, *collector_, clock_->now());
  }

  // Blocks with a run that nobody has stored, unless they are in a queue. A server that is away is
  // asked again later.
  Status publish() {
    const Status done = publish_missing();
    published_ = done.has_value();
    if (published_) {
      study_.blocks = {};  // from here on they are cut again in the rare case
      return {};
    }
    const ErrorKind kind = done.error().kind;
    const bool later = kind == ErrorKind::interrupted || passes(kind);
    return later ? Status() : done;
  }

  Status publish_missing() {
    if (ledger_.complete()) return {};
    ISOJOULE_CHECK(make_lanes(bus_, record_, request_.claim));
    // Of a study that is open everything was published; what is lost since is the watch's.
    if (!record_.closed) return {};
    ISOJOULE_TRY(const auto in_queues, blocks_in_queues(bus_, record_.study));
    std::vector<const fleet::BlockMessage*> missing;
    for (const fleet::BlockMessage& block : study_.blocks)
      if (ledger_.missing_of(block.block) > 0 && !in_queues.contains(block.block))
        missing.push_back(&block);
    ISOJOULE_TRY(const PublishTally tally, publish_blocks(bus_, missing, interrupted_));
    published_blocks_ += tally.published;
    ISOJOULE_CHECK(open_study(bus_, record_.study));
    record_.closed = false;
    return {};
  }

  // Boards, joins, queues; and what the file should know of the boards.
  Status refresh(bool at_once) {
    const Instant now = clock_->now();
    if (at_once || now >= next_refresh_) {
      if (view_->refresh(now)) {
        std::vector<fleet::BoardCard> cards;
        for (const fleet::Member& member : view_->members()) cards.push_back(member.card);
        ISOJOULE_CHECK(collector_->know_boards(cards));
      }
      const Duration took = clock_->now() - now;
      next_refresh_ = clock_->now() + std::max(kRefresh, took * kRefreshShare);
    }
    if (show_) show_(view_->progress(clock_->now(), *watch_));
    return {};
  }

  Status look() {
    const Instant now = clock_->now();
    if (now < next_look_) return {};
    const auto stored = get_study(bus_, record_.study);
    if (!stored && stored.error().kind == ErrorKind::not_found)
      return fail(ErrorKind::not_found, "study " + record_.study + " was removed from the fleet",
                  "What was collected is in " + request_.study_path +
                      "; the same command publishes the rest anew");
    const auto looked = watch_->look(view_->members(), now, interrupted_);
    const Duration took = clock_->now() - now;
    next_look_ = clock_->now() + std::max(kWatch, took * kRefreshShare);
    if (looked && *looked) next_look_ = clock_->now();  // there may be more
    if (looked) return {};
    const ErrorKind kind = looked.error().kind;
    if (kind == ErrorKind::interrupted || passes(kind)) return {};  // asked again
    return tl::unexpected<Error>(looked.error());
  }

  // What is left to say, and nothing left to take where every run is there.
  Status finish() {
    if (bus_.connected()) ISOJOULE_CHECK(refresh(true));
    if (!published_ && !ledger_.complete())
      troubles_.push_back(
          "not every block is published: boards begin when the same command did so");
    if (!ledger_.complete()) return {};
    const auto stored = get_study(bus_, record_.study);
    if (!stored || stored->record.closed) return {};
    const Status closed = close_study(bus_, record_);
    if (!closed) troubles_.push_back("the study's queues were not removed: " + closed.error().what);
    return {};
  }

  FleetSweepResult result() const {
    const CollectTally& tally = collector_->tally();
    FleetSweepResult result;
    result.study = record_.study;
    result.planned = ledger_.planned();
    result.collected = tally.collected;
    result.already_there = tally.already_there;
    result.failed = tally.failed;
    result.twice = tally.twice;
    result.refused = tally.refused;
    result.damaged = tally.damaged;
    result.without_trace = tally.without_trace;
    for (const auto& [name, board] : tally.boards) result.boards += board.runs > 0 ? 1 : 0;
    result.published = published_blocks_;
    result.published_again = watch_->published_again();
    result.given_up = static_cast<std::int64_t>(watch_->given_up().size());
    result.interrupted = interrupted_ && !ledger_.complete();
    result.simulated = record_.simulated;
    result.left_out = study_.left_out;
    result.troubles = view_->progress(clock_->now(), *watch_).troubles;
    result.troubles.insert(result.troubles.end(), troubles_.begin(), troubles_.end());
    return result;
  }

  fleet::Bus& bus_;
  FleetStudy study_;
  fleet::StudyRecord record_;
  StudyFile& file_;
  const FleetSweepRequest& request_;
  const std::atomic<bool>& interrupted_;
  const std::function<void(const FleetProgress&)>& show_;
  std::unique_ptr<Clock> clock_;
  RunLedger ledger_;
  std::unique_ptr<RunCollector> collector_;
  std::optional<BlockWatch> watch_;
  std::optional<CoordinatorView> view_;
  bool published_ = false;
  std::int64_t published_blocks_ = 0;
  Instant next_refresh_{}, next_look_{};
  std::vector<std::string> troubles_;
};

}  // namespace

Result<FleetSweepResult> sweep_fleet(const Paths& paths, const FleetSweepRequest& request,
                                     const std::atomic<bool>& interrupted,
                                     const std::function<void(const FleetProgress&)>& progress) {
  const Patience patience(interrupted);
  ISOJOULE_TRY(const auto bus, patience.connect([&] { return fleet::Bus::connect(request.bus); }));
  FleetStudyRequest wanted;
  wanted.plan_path = request.plan_path;
  wanted.engine = request.engine;
  wanted.boards = request.boards;
  wanted.blocks = request.blocks;
  wanted.replicas = request.replicas;
  ISOJOULE_TRY(FleetStudy study, patience([&] { return find_fleet_study(*bus, paths, wanted); }));
  const StudyInfo info = fleet_study_info(study, request.command);
  ISOJOULE_TRY(const auto file, open_fleet_study_file(request.study_path, info));
  return FleetSweep(*bus, std::move(study), *file, request, interrupted, progress).run();
}

}  // namespace isojoule
