#include "app/fleet/agent_block.h"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "app/fleet/agent_fit.h"
#include "app/fleet/agent_options.h"
#include "app/fleet/block_sink.h"
#include "app/guard_place.h"
#include "base/random.h"
#include "board/restore.h"
#include "experiment/experiment.h"
#include "experiment/live_session.h"
#include "fleet/name.h"

namespace isojoule::agent {
namespace {

using std::chrono::milliseconds;

// A claim is never shorter than some seconds (coordinator.h).
constexpr milliseconds kExtend{1000};
constexpr Duration kSendSlice = Duration::milliseconds(200);
// What an interrupted agent still waits for its last runs to be stored.
constexpr Duration kLastWords = Duration::milliseconds(2000);
// A block that failed here goes to others first.
constexpr Duration kForOthers = Duration::milliseconds(3000);
// A block that was handed out more often is not left open for the sake of one board.
constexpr std::int64_t kMostDeliveries = 5;
constexpr int kTriesOfDone = 3;
constexpr std::chrono::minutes kStandsStill{30};
constexpr int kStepsOfStandstill = 10;
constexpr Duration kCoolDown = Duration::milliseconds(10'000);

// What of the block has to be made, and what was given up.
struct OpenRuns {
  std::vector<PlannedRun> runs;
  std::vector<std::pair<PlannedRun, fleet::Trouble>> given_up;
  bool has_stored = false;  // others of the block
};

// What an engine says that would end the same at another time (known_failures.cc, is_definite), but
// permission_denied, which the nodes of the board say as well.
bool is_definite_kind(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
    case ErrorKind::invalid:
    case ErrorKind::parse:
    case ErrorKind::out_of_range:
    case ErrorKind::unsupported: return true;
    default: return false;
  }
}

// Runs of one key fail together (known_failures.cc).
std::string engine_key(const PlannedRun& run) {
  std::string key = run.network;
  for (const auto& [axis, value] : run.setting.values())
    if (is_engine_axis(axis)) key += '\n' + axis + '=' + to_string(value);
  return key;
}

bool is_of_board(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::permission_denied:
    case ErrorKind::read_only:
    case ErrorKind::io:
    case ErrorKind::not_reached:
    case ErrorKind::damaged:
    case ErrorKind::newer_schema:
    case ErrorKind::timeout:
    case ErrorKind::no_data: return true;
    default: return false;
  }
}

class BlockWork {
 public:
  BlockWork(const BlockContext& context, OpenStudy& study, fleet::Claim& claim,
            const fleet::BlockMessage& block)
      : context_(context), study_(study), claim_(claim), block_(block) {}

  BlockOutcome work() {
    {
      ClaimKeeper keeper(claim_, [this] { tell_stuck(); });
      keeper_ = &keeper;
      measure();
      close_bench();
      if (outcome_.end == BlockEnd::done) wait_until_stored();
      if (outcome_.end == BlockEnd::done) say_done();
      keeper_ = nullptr;
    }
    if (outcome_.end != BlockEnd::done) give_back_claim();
    return outcome_;
  }

 private:
  void measure() {
    const auto open = open_runs();
    if (!open) return give_back(open.error());
    for (const auto& [run, trouble] : open->given_up)
      if (const Status put = give_up(run, trouble); !put) return out_of(put.error());
    outcome_.end = BlockEnd::done;
    has_stored_runs_ = open->has_stored;
    if (open->runs.empty()) return;
    if (const Status ready = make_ready(open->runs); !ready) return not_ready(ready.error());
    measure(open->runs);
  }

  // ---- which runs ----

  Result<OpenRuns> open_runs() const {
    std::set<std::int64_t> stored;
    ISOJOULE_TRY(
        const auto subjects,
        context_.bus.subjects(fleet::kRuns, fleet::block_runs_filter(block_.study, block_.block)));
    for (const auto& [subject, count] : subjects)
      if (const auto place = fleet::parse_run_subject(subject)) stored.insert(place->sequence);
    ISOJOULE_TRY(const auto troubles, troubles_of(context_.bus, block_.study));
    OpenRuns open;
    open.has_stored = !stored.empty();
    for (const PlannedRun& run : block_.runs) {
      if (stored.contains(run.sequence) || context_.outbox.holds(block_.study, run.sequence))
        continue;
      const auto trouble = troubles.find(run.sequence);
      if (trouble != troubles.end() && trouble->second.deaths >= kMostDeaths)
        open.given_up.emplace_back(run, trouble->second);
      else
        open.runs.push_back(run);
    }
    return open;
  }

  Status give_up(const PlannedRun& planned, const fleet::Trouble& trouble) {
    return add_failed(planned, std::to_string(trouble.deaths) +
                                   " agents died while they made this run, the last on board " +
                                   trouble.last_board + ": it is given up");
  }

  Status add_failed(const PlannedRun& planned, const std::string& why) {
    fleet::RunMessage message;
    message.study = block_.study;
    message.board = context_.name;
    message.instance = context_.place.instance();
    message.run = run_of(planned);
    message.run.block = block_.block;
    message.run.on_board = context_.name;
    message.run.state = RunState::failed;
    message.run.failure = why;
    message.run.counters.add(Counter::engine_failed);
    ISOJOULE_CHECK(context_.outbox.add(message));
    ++outcome_.made;
    tell_stored(message.run);
    return {};
  }

  // ---- the board ----

  Status make_ready(const std::vector<PlannedRun>& runs) {
    ISOJOULE_CHECK(
        fetch_files(context_.objects, context_.place.folder(), context_.allow_command, study_));
    Workbench& bench = context_.bench;
    if (!bench.target || bench.study != block_.study) {
      bench = {};
      TargetOptions options = context_.options;
      options.seed = study_.plan->protocol.seed;
      ISOJOULE_TRY(bench.target, open_target(context_.paths, options));
      bench.study = block_.study;
    }
    for (const PlannedRun& run : runs) {
      ISOJOULE_CHECK(
          check_setting("run " + std::to_string(run.sequence), run.setting, bench.target->board));
      ISOJOULE_CHECK(check_option_axes(run.setting, context_.allow_command));
    }
    ISOJOULE_TRY(engines_, open_engines(*bench.target, context_.paths, runs,
                                        engine_of(study_.record.engine, *study_.plan),
                                        study_.options, study_.networks));
    return {};
  }

  // The study is not for this board, or the server was away.
  void not_ready(const Error& error) {
    switch (error.kind) {
      case ErrorKind::timeout:
      case ErrorKind::io:
      case ErrorKind::busy:
      case ErrorKind::not_reached: return give_back(error);
      case ErrorKind::disk_full:
        // The server's may be meant.
        if (has_recovered({OutageKind::disk, ""}, context_.paths, context_.options,
                          context_.place.folder(), context_.interrupted))
          return give_back(error);
        return out_of(error);
      default: break;
    }
    outcome_.end = BlockEnd::refused;
    outcome_.why = to_string(error);
  }

  GuardOptions guard() const {
    GuardOptions guard =
        guard_options(context_.paths, context_.options, *context_.bench.target, context_.command);
    // A twin's nodes die with the process; what a dead agent wrote of its twin is nobody's.
    if (context_.bench.target->twin) {
      guard.journal = context_.place.below("board.journal");
      ::unlink(guard.journal.c_str());
    }
    return guard;
  }

  // Before each attempt at a run the board tells its seed, by which the run is known.
  void mark_runs(const std::vector<PlannedRun>& runs) {
    by_seed_.clear();
    for (const PlannedRun& run : runs)
      by_seed_[seed_for(study_.plan->protocol.seed, std::to_string(run.sequence))] = &run;
    Board& board = context_.bench.target->board;
    original_ = board.begin_run;
    board.begin_run = [this](std::uint64_t seed) {
      if (const auto found = by_seed_.find(seed); found != by_seed_.end())
        begin_run(*found->second);
      if (original_) original_(seed);
    };
  }

  void begin_run(const PlannedRun& run) {
    // Where the disk does not take it, it will not take the run either, which is told then.
    [[maybe_unused]] const Status set =
        context_.marker.set({block_.study, block_.block, run.sequence});
    begun_.insert(engine_key(run));
    keeper_->step();
    context_.tell([&run](fleet::Pulse& pulse) {
      pulse.why.clear();
      pulse.network = run.network;
      pulse.setting = run.baseline.empty() ? to_string(run.setting) : run.baseline;
    });
  }

  void measure(const std::vector<PlannedRun>& runs) {
    Board& board = context_.bench.target->board;
    LiveSession live(board);
    context_.show(&live);
    BlockSink sink(
        {context_.outbox, context_.marker, context_.name, context_.place.instance(), block_.study},
        context_.health, study_.has_worked,
        [this, &board] { return throttles_at_rest(board, kCoolDown, context_.interrupted); },
        [this](const Run& run) { tell_stored(run); });
    mark_runs(runs);
    auto swept = sweep_runs(*study_.plan, runs, board, engines_.uses, sink, guard(),
                            context_.interrupted, {}, &live);
    board.begin_run = original_;
    context_.show(nullptr);
    const Status flushed = sink.flush();
    // What is not stored was not made: a marker would say that somebody died of it.
    [[maybe_unused]] const Status cleared = context_.marker.clear();
    outcome_.made += sink.made();
    study_.has_measured = true;
    study_.has_worked = study_.has_worked || sink.has_worked();
    if (sink.has_worked()) study_.failing.erase(network());
    if (!swept) return failed(swept.error(), sink, runs);
    if (!flushed) return out_of(flushed.error());
    if (swept->interrupted) outcome_.end = BlockEnd::interrupted;
  }

  void tell_stored(const Run& run) {
    stored_.insert(run.sequence);
    keeper_->step();
    context_.tell([&run](fleet::Pulse& pulse) {
      ++pulse.block_done;
      ++pulse.runs;
      if (!run.temperature_end_c.empty()) pulse.temperatures_c = run.temperature_end_c;
    });
  }

  // The keeper's thread.
  void tell_stuck() {
    context_.tell([](fleet::Pulse& pulse) {
      pulse.why =
          "it stands still: nothing began or was stored for too long, its block goes to others";
    });
  }

  // ---- what can go wrong ----

  std::string network() const { return block_.runs.empty() ? "" : block_.runs.front().network; }

  void failed(const Error& error, const BlockSink& sink, const std::vector<PlannedRun>& runs) {
    is_bench_spent_ = true;
    if (error.kind == ErrorKind::busy) return out({OutageKind::busy, to_string(error)});
    if (is_left_behind()) return out({OutageKind::restore, to_string(error)});
    if (sink.could_not_store()) return out_of(error);
    if (sink.outage() && sink.outage()->kind == OutageKind::engine)
      return engine_failed(*sink.outage(), false, runs);
    if (sink.outage()) return out(*sink.outage());
    switch (error.kind) {
      case ErrorKind::interrupted: outcome_.end = BlockEnd::interrupted; return;
      case ErrorKind::disk_full: return out_of(error);
      default: break;
    }
    if (is_of_engine(error, sink, runs))
      return engine_failed({OutageKind::engine, to_string(error)}, true, runs);
    // The guard's, the keeper's, our own: no result of the runs.
    const bool is_final = is_of_board(error.kind) || claim_.deliveries() > kMostDeliveries;
    if (is_final) return out({OutageKind::restore, to_string(error)});
    give_back(error);
  }

  // Whether the sweep ended because nothing of the block can be done: it has tried all of it then,
  // and stored nothing.
  bool is_of_engine(const Error& error, const BlockSink& sink,
                    const std::vector<PlannedRun>& runs) const {
    if (!is_definite_kind(error.kind) || sink.made() > 0 || sink.has_worked()) return false;
    return std::all_of(runs.begin(), runs.end(),
                       [this](const PlannedRun& run) { return begun_.contains(engine_key(run)); });
  }

  // What was opened on the board goes before the board does.
  void close_bench() {
    engines_ = {};
    if (is_bench_spent_) context_.bench = {};  // as good as new, the next time
  }

  // Whether the board is otherwise than it was found.
  bool is_left_behind() const {
    const GuardOptions place = guard_options(context_.paths, context_.options, context_.command);
    if (place.journal.empty()) return false;
    const auto left = left_behind(place.journal);
    return left && *left && !(*left)->held;
  }

  // Nothing of this network could be done. Where the engine has worked with another one here, that
  // is the network's result; so it is where it would end the same again and runs of
  // this very block are stored already, or it came back too often. Where all have failed, it is
  // this board that cannot do the study.
  void engine_failed(const Outage& outage, bool is_definite, const std::vector<PlannedRun>& runs) {
    const bool is_known_to_end_so = has_stored_runs_ || claim_.deliveries() > kMostDeliveries;
    const bool is_to_be_stored = study_.has_worked || (is_definite && is_known_to_end_so);
    if (is_to_be_stored) {
      for (const PlannedRun& run : runs) {
        if (stored_.contains(run.sequence)) continue;
        if (const Status put = add_failed(run, outage.why); !put) return out_of(put.error());
      }
      outcome_.end = BlockEnd::done;
      return;
    }
    study_.failing.insert(network());
    const bool all = std::all_of(
        study_.plan->grids.begin(), study_.plan->grids.end(), [this](const PlanGrid& grid) {
          return std::all_of(grid.networks.begin(), grid.networks.end(),
                             [this](const auto& one) { return study_.failing.contains(one); });
        });
    if (all && !is_definite) return out(outage);
    outcome_.end = all ? BlockEnd::refused : BlockEnd::given_back;
    outcome_.why = outage.why;
  }

  void out(Outage outage) {
    outcome_.end = BlockEnd::out;
    outcome_.outage = std::move(outage);
    outcome_.why = outcome_.outage->why;
  }
  // The outbox did not take a run.
  void out_of(const Error& error) { out({OutageKind::disk, to_string(error)}); }
  void give_back(const Error& error) {
    outcome_.end = BlockEnd::given_back;
    outcome_.why = to_string(error);
  }

  // ---- the block's end ----

  void wait_until_stored() {
    std::int64_t waiting = context_.outbox.state().waiting;
    while (!context_.outbox.wait_sent(block_.study, kSendSlice)) {
      const std::int64_t still = context_.outbox.state().waiting;
      if (still < waiting) keeper_->step();
      waiting = still;
      if (keeper_->is_stuck())
        return give_back({ErrorKind::timeout, "the server stores none of its runs", "", ""});
      if (!context_.interrupted && !context_.is_cut_off()) continue;
      if (!context_.outbox.wait_sent(block_.study, kLastWords))
        outcome_.end = BlockEnd::interrupted;
      break;
    }
    if (context_.outbox.has_refused(block_.study, block_.block) && !everything_is_there())
      out({OutageKind::server, context_.outbox.state().trouble});
  }

  // A run that was too large is there as a failed one.
  bool everything_is_there() const {
    const auto open = open_runs();
    return open && open->runs.empty() && open->given_up.empty();
  }

  // While the claim is extended still. Where it fails each time the claim runs out by itself, and
  // whoever has the block next finds its runs stored.
  void say_done() {
    for (int i = 0; i < kTriesOfDone; ++i)
      if (claim_.done() || context_.interrupted || context_.is_cut_off()) return;
  }

  void give_back_claim() {
    const bool at_once = outcome_.end == BlockEnd::interrupted;
    if (at_once) context_.outbox.wait_sent(block_.study, kLastWords);
    // Where it fails the claim runs out by itself.
    [[maybe_unused]] const Status given = claim_.give_back(at_once ? Duration{} : kForOthers);
  }

  const BlockContext& context_;
  OpenStudy& study_;
  fleet::Claim& claim_;
  const fleet::BlockMessage& block_;
  ClaimKeeper* keeper_ = nullptr;  // while the block is worked on
  OpenedEngines engines_;
  bool is_bench_spent_ = false;
  bool has_stored_runs_ = false;  // of this block, by whatever board
  std::set<std::string> begun_;   // engine keys of runs that were tried
  std::map<std::uint64_t, const PlannedRun*> by_seed_;
  std::set<std::int64_t> stored_;  // sequences that the outbox has got
  std::function<void(std::uint64_t)> original_;
  BlockOutcome outcome_;
};

}  // namespace

ClaimKeeper::ClaimKeeper(fleet::Claim& claim, std::function<void()> stuck)
    : claim_(claim), stuck_(std::move(stuck)) {
  thread_ = std::thread([this] { extend_on(); });
}

void ClaimKeeper::extend_on() {
  bool is_told = false;
  std::unique_lock lock(mutex_);
  while (!woken_.wait_for(lock, kExtend, [this] { return stopping_.load(); })) {
    lock.unlock();
    const bool is_stuck_now = is_stuck();
    if (is_stuck_now && !is_told) stuck_();
    is_told = is_stuck_now;
    if (!is_stuck_now) {
      // A server that is away is tried again; a claim that ran out meanwhile costs a run twice.
      [[maybe_unused]] const Status extended = claim_.extend();
    }
    lock.lock();
  }
}

void ClaimKeeper::step() {
  const std::lock_guard lock(mutex_);
  const Time now = std::chrono::steady_clock::now();
  longest_ = std::max(longest_, now - last_);
  last_ = now;
}

bool ClaimKeeper::is_stuck() const {
  const std::lock_guard lock(mutex_);
  const std::chrono::steady_clock::duration least = kStandsStill;
  return std::chrono::steady_clock::now() - last_ > std::max(least, kStepsOfStandstill * longest_);
}

ClaimKeeper::~ClaimKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  thread_.join();
}

BlockOutcome measure_block(const BlockContext& context, OpenStudy& study, fleet::Claim& claim,
                           const fleet::BlockMessage& block) {
  return BlockWork(context, study, claim, block).work();
}

}  // namespace isojoule::agent
