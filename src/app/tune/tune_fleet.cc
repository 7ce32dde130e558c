#include "app/tune/tune_fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <random>

#include "app/fleet/coordinator_patience.h"
#include "app/fleet/fleet_study.h"
#include "app/tune/asked_runs.h"
#include "app/tune/board_scale.h"
#include "app/tune/earlier_probes.h"
#include "app/tune/fleet_plan.h"
#include "app/tune/run_probe.h"
#include "app/tune/tune_opening.h"
#include "app/tune/tune_tale.h"
#include "app/tune/tune_words.h"
#include "fleet/catalogue.h"
#include "optimise/question_batch.h"

namespace isojoule {
namespace {

constexpr const char* kGovernors = "default";
constexpr std::int64_t kFirstInferences = 100;
constexpr double kProbe_s = 4;  // of the inference phase, at the governors' clocks
constexpr std::int64_t kFewest = 10, kMost = 1'000'000;
constexpr std::int64_t kMostAtOnce = 16;

std::string new_mark() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}", device(), device());
}

class FleetTune {
 public:
  FleetTune(const Paths& paths, const FleetTuneRequest& request,
            const std::atomic<bool>& interrupted,
            const std::function<void(const TuneProgress&)>& progress)
      : paths_(paths),
        request_(request),
        interrupted_(interrupted),
        progress_(progress),
        patience_(interrupted) {}

  Result<TuneResult> make() {
    ISOJOULE_CHECK(open());
    const Status done = search_and_compare();
    const bool stopped = !done && done.error().kind == ErrorKind::interrupted;
    if (!done && !stopped) return tl::unexpected<Error>(done.error());
    if (!stopped)
      if (const Status closed = close_study(*bus_, study_.stored.record); !closed)
        notes_.push_back("the study's queues were not removed: " + closed.error().what);
    ISOJOULE_CHECK(runs_->know_boards());
    return conclude(stopped);
  }

 private:
  const TuneRequest& tune() const { return request_.tune; }

  // ---- before anything is asked ----

  Status open() {
    if (tune().at_most)
      return fail(ErrorKind::unsupported,
                  "--for says nothing with --fleet: boards measure at the same time",
                  "Say --budget");
    ISOJOULE_TRY(bus_, patience_.connect([this] { return fleet::Bus::connect(request_.bus); }));
    ISOJOULE_CHECK(patience_([this] { return fleet::set_up(*bus_, request_.replicas); }));
    protocol_.repeats = 1;
    protocol_.idle = Duration::milliseconds(1000);
    std::error_code code;
    created_ = !std::filesystem::exists(tune().study_path, code);
    ISOJOULE_CHECK(created_ ? begin_study() : open_study_again());
    ISOJOULE_TRY(board_, searched_board(paths_, study_.card));
    ISOJOULE_TRY(space_, SearchSpace::grid(asked_.axes, asked_.fixed));
    ISOJOULE_TRY(goal_, tune_goal(asked_.minimise, asked_.limits));
    ISOJOULE_CHECK(begin_search());
    scale_.emplace(*goal_);
    const auto tell = [this](const std::string& words) {
      TuneProgress progress;
      progress.stage = TuneProgress::Stage::search;
      progress.words = words;
      report(progress);
    };
    runs_.emplace(AskedStudy{*bus_, *file_, study_.stored.record, asked_.network, tune().study_path,
                             request_.claim, interrupted_, tell},
                  std::move(memory_));
    return runs_->begin(patience_);
  }

  // The first board that fits tells which settings there are; the others are held to them.
  Status begin_study() {
    ISOJOULE_TRY(const auto selection, fleet::parse_selection(request_.boards));
    ISOJOULE_TRY(const auto members, patience_([this] { return fleet::members(*bus_); }));
    ISOJOULE_TRY(const auto selected, fleet::select(members, selection, ""));
    const fleet::BoardCard& card = selected.boards.front().card;
    ISOJOULE_TRY(const Board board, searched_board(paths_, card));
    ISOJOULE_TRY(TuneAxes axes, tune_axes(board, tune().space));
    asked_.network = tune().network;
    asked_.inferences = tune().inferences;
    asked_.axes = std::move(axes.axes);
    asked_.fixed = std::move(axes.fixed);
    asked_.minimise = tune().minimise.value_or(asked_.minimise);
    asked_.limits = tune().limits.value_or(asked_.limits);
    asked_.optimiser = tune().optimiser.value_or(asked_.optimiser);
    asked_.seed = tune().seed.value_or(asked_.seed);
    // What is wrong with the words leaves neither a file nor a study behind.
    ISOJOULE_CHECK(tune_goal(asked_.minimise, asked_.limits));
    ISOJOULE_CHECK(find_optimiser(asked_.optimiser));
    ISOJOULE_CHECK(SearchSpace::grid(asked_.axes, asked_.fixed));
    protocol_.seed = static_cast<std::uint64_t>(asked_.seed);
    memory_.plan = fleet_search_plan(tune(), asked_, protocol_, card.board, new_mark());
    ISOJOULE_CHECK(find_study(memory_.plan, ""));
    // The study is closed until its file is there: no board takes anything of it.
    const Status created = create_file();
    if (!created && study_.stored.created) {
      // Nobody could go on with it.
      [[maybe_unused]] const Status removed =
          bus_->remove(fleet::kStudies, study_.stored.record.study);
    }
    return created;
  }

  Status create_file() {
    StudyInfo info = fleet_study_info(study_, tune().command);
    info.name = "tune";
    info.plan_toml = to_toml(asked_);
    info.planned_runs = 0;  // as many as it takes
    info.protocol_json = protocol_json(protocol_);
    ISOJOULE_TRY(file_, StudyFile::create(tune().study_path, info));
    return store(memory_, *file_);
  }

  Status open_study_again() {
    ISOJOULE_TRY(file_, StudyFile::open(tune().study_path, StudyFile::Mode::write));
    ISOJOULE_TRY(asked_, tune_memory(file_->info(), tune().study_path));
    ISOJOULE_TRY(memory_, fleet_search_memory(*file_));
    if (memory_.plan.empty() || asked_.network != tune().network)
      return fail(
          ErrorKind::invalid,
          tune().study_path + (memory_.plan.empty() ? ": that search was made without a fleet"
                                                    : ": that search is of another network"),
          "Give another file with -o");
    asked_.minimise = tune().minimise.value_or(asked_.minimise);
    asked_.limits = tune().limits.value_or(asked_.limits);
    asked_.optimiser = tune().optimiser.value_or(asked_.optimiser);
    protocol_.seed = static_cast<std::uint64_t>(asked_.seed);
    return find_study(memory_.plan, file_->info().plan_hash);
  }

  // `id`: that it had when it was begun.
  Status find_study(const std::string& plan, const std::string& id) {
    FleetStudyRequest wanted;
    wanted.plan_path = "the search's plan";
    wanted.plan_text = plan;
    wanted.engine = tune().engine;
    wanted.boards = request_.boards;
    wanted.open_end = true;
    wanted.must_be = id;
    wanted.replicas = request_.replicas;
    ISOJOULE_TRY(study_, patience_([&] { return find_fleet_study(*bus_, paths_, wanted); }));
    for (const std::string& line : study_.left_out) notes_.push_back("left out: " + line);
    return {};
  }

  Status begin_search() {
    ISOJOULE_TRY(kind_, find_optimiser(asked_.optimiser));
    options_.seed = static_cast<std::uint64_t>(asked_.seed);
    options_.budget = tune().budget;
    const EarlierRequest request{&*space_, board_.file.name, board_.simulated, asked_.network};
    EarlierProbes earlier;
    for (const std::string& path : tune().warm) ISOJOULE_CHECK(add_warm(request, path, earlier));
    for (const std::string& path : tune().prior)
      ISOJOULE_CHECK(path == "predict" ? add_predicted(paths_, request, earlier)
                                       : add_prior(request, path, earlier));
    options_.warm = std::move(earlier.warm);
    options_.prior = std::move(earlier.prior);
    notes_.insert(notes_.end(), earlier.notes.begin(), earlier.notes.end());
    ISOJOULE_TRY(tale_, TuneTale::make(*space_, *goal_, asked_.optimiser, options_));
    return {};
  }

  // `first` of its block: all of a block have one scale.
  void tell_governors(const Run& run, const Run& first, std::int64_t turn) {
    if (const auto metrics = scale_->governors(run, first))
      tale_->tell_governors(run.setting, run.baseline, turn, *metrics);
  }

  // ---- the search ----

  Status search_and_compare() {
    ISOJOULE_CHECK(size_probes());
    ISOJOULE_CHECK(search());
    return compare();
  }

  Result<std::size_t> ask_for(AskedBlock block) {
    if (block.inferences == 0) block.inferences = inferences_;
    return runs_->ask_for(std::move(block));
  }

  Setting governors(GridPoint point) const {
    return governors_setting(board_, space_->setting(point), asked_.fixed);
  }

  // The first block: how long a probe should be, and whether anything here can be measured.
  Status size_probes() {
    inferences_ = asked_.inferences;
    if (inferences_ > 0) return {};
    if (runs_->blocks().empty())
      ISOJOULE_CHECK(
          ask_for({TuneRole::baseline, "", 0, kFirstInferences, 0, {{governors(0), kTuneSizing}}}));
    ISOJOULE_TRY(const auto runs, runs_->wait_for(0));
    if (!runs)
      return fail(ErrorKind::engine, "no board could make the first run that the search asked for",
                  "See why: isojoule fleet studies");
    const Run& run = *runs->front();
    if (const std::string why = failure_of(run); !why.empty()) {
      inferences_ = kFirstInferences;
      notes_.push_back("the governors could not be measured: " + why);
      return {};
    }
    const auto each = at(metrics_of(run), Metric::time);
    inferences_ =
        each ? std::clamp(static_cast<std::int64_t>(std::ceil(kProbe_s / *each)), kFewest, kMost)
             : kFirstInferences;
    for (const Metric metric : goal_->metrics())
      if (!at(metrics_of(run), metric))
        return fail(ErrorKind::unmeasured,
                    fmt::format("no board of the fleet measures {}", name_of(metric)),
                    "isojoule fleet exec BOARD probe says what is there");
    return {};
  }

  std::size_t at_once() const {
    const auto boards = static_cast<std::int64_t>(study_.boards);
    const std::int64_t wanted =
        request_.at_once > 0 ? request_.at_once : std::min(boards, kMostAtOnce);
    return static_cast<std::size_t>(std::max<std::int64_t>(1, wanted));
  }

  Status search() {
    for (std::size_t number = 0; number < runs_->blocks().size(); ++number)
      if (runs_->blocks()[number].role == TuneRole::search) out_.push_back(number);
    for (;;) {
      ISOJOULE_CHECK(tell_finished());
      ISOJOULE_CHECK(ask_more());
      if (out_.empty()) return {};
      ISOJOULE_CHECK(runs_->wait_a_moment());
    }
  }

  // Of those that are finished in the order in which they were asked for. A search that goes on
  // tells what it finds in this order, which need not be that in which boards had finished them.
  Status tell_finished() {
    for (std::size_t i = 0; i < out_.size();) {
      const auto runs = runs_->finished(out_[i]);
      if (!runs && runs_->is_given_up(out_[i])) {
        const AskedBlock& block = runs_->blocks()[out_[i]];
        out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(i));
        tell_given_up(block);
        continue;
      }
      if (!runs) {
        ++i;
        continue;
      }
      const AskedBlock& block = runs_->blocks()[out_[i]];
      out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(i));
      tell(block, *runs->front(), *runs->back());
    }
    return {};
  }

  // The search goes on without it.
  void tell_given_up(const AskedBlock& block) {
    const auto point = space_->find(block.runs.back().setting);
    if (!point) return;
    Probe probe;
    probe.point = *point;
    probe.failure = "no board could make its runs, however often they were asked for";
    probe.definite = true;
    take(block, probe);
  }

  void tell(const AskedBlock& block, const Run& governors, const Run& run) {
    tell_governors(governors, governors, 0);
    const auto point = space_->find(run.setting);
    if (!point) return;  // of a study that was begun otherwise; RunLedger lets no other setting in
    take(block, scale_->probe(run, governors, *point));
  }

  void take(const AskedBlock& block, const Probe& probe) {
    told_.push_back(probe);
    const SearchStep& step = tale_->tell({probe.point, block.why}, probe);
    TuneProgress progress;
    progress.done = std::ssize(tale_->steps());
    progress.total = tune().budget;
    progress.step = &step;
    progress.cost = goal_->cost.of(probe.metrics);
    if (step.answer) progress.least = step.answer->cost;
    report(progress);
  }

  // As many as there are boards, and no more than the budget has left.
  Status ask_more() {
    const auto left = tune().budget - std::ssize(tale_->steps()) - std::ssize(out_);
    const auto room = static_cast<std::int64_t>(at_once()) - std::ssize(out_);
    if (left <= 0 || room <= 0 || exhausted_) return {};
    std::vector<GridPoint> pending;
    for (const std::size_t number : out_)
      if (const auto point = space_->find(runs_->blocks()[number].runs.back().setting))
        pending.push_back(*point);
    const BatchRequest batch{kind_, &*space_, &*goal_, options_};
    ISOJOULE_TRY(const auto questions,
                 ask_batch(batch, told_, pending, static_cast<std::size_t>(std::min(left, room))));
    exhausted_ = questions.empty() && out_.empty();
    for (const Question& question : questions) {
      ISOJOULE_CHECK(
          ask_for({TuneRole::search,
                   question.why,
                   0,
                   0,
                   0,
                   {{governors(0), kGovernors}, {space_->setting(question.point), ""}}}));
      out_.push_back(runs_->blocks().size() - 1);
    }
    return {};
  }

  // The finalists and their governors in one block, so often, on whichever boards take them: what
  // is compared was measured on the same board.
  Status compare() {
    if (tune().finalists < 1 || tune().repeats < 1) return {};
    std::vector<std::size_t> turns;
    for (std::size_t number = 0; number < runs_->blocks().size(); ++number)
      if (runs_->blocks()[number].role == TuneRole::final_block) turns.push_back(number);
    const auto points = tale_->finalists(static_cast<std::size_t>(tune().finalists));
    while (!points.empty() && std::ssize(turns) < tune().repeats) {
      ISOJOULE_CHECK(ask_for(final_block(points, std::ssize(turns) + 1)));
      turns.push_back(runs_->blocks().size() - 1);
    }
    for (const std::size_t number : turns) {
      ISOJOULE_TRY(const auto runs, runs_->wait_for(number));
      if (runs)
        tell_again(runs_->blocks()[number], *runs);
      else
        notes_.push_back(fmt::format("no board could make turn {} of the finalists",
                                     runs_->blocks()[number].turn));
    }
    return {};
  }

  AskedBlock final_block(const std::vector<GridPoint>& points, std::int64_t turn) const {
    AskedBlock block{TuneRole::final_block, "finalist", turn, 0, 0, {}};
    // First those of the search, which all energies are scaled by; others have other batches or
    // precisions.
    std::vector<Setting> made = {governors(0)};
    for (const GridPoint point : points) {
      const Setting own = governors(point);
      if (std::find(made.begin(), made.end(), own) == made.end()) made.push_back(own);
    }
    for (const Setting& setting : made) block.runs.push_back({setting, kGovernors});
    for (const GridPoint point : points) block.runs.push_back({space_->setting(point), ""});
    // There and back; the governors that all are scaled by stay the first.
    if (turn % 2 == 0) std::reverse(block.runs.begin() + 1, block.runs.end());
    return block;
  }

  void tell_again(const AskedBlock& block, const std::vector<const Run*>& runs) {
    for (const Run* run : runs) {
      TuneProgress progress;
      progress.stage = TuneProgress::Stage::blocks;
      progress.words = "governors";
      if (!run->baseline.empty()) {
        tell_governors(*run, *runs.front(), block.turn);
      } else if (const auto point = space_->find(run->setting)) {
        const Probe probe = scale_->probe(*run, *runs.front(), *point);
        tale_->tell_again(probe, block.turn);
        progress.words = setting_words(*space_, *point);
        progress.cost = goal_->cost.of(probe.metrics);
      }
      report(progress);
    }
  }

  void report(TuneProgress& progress) {
    progress.space = &*space_;
    progress.goal = &*goal_;
    if (progress_) progress_(progress);
  }

  // ---- at the end ----

  TuneResult conclude(bool stopped) {
    TuneResult result{asked_, *goal_, *space_, file_->info(), tune().study_path};
    result.steps = tale_->steps();
    result.candidates = tale_->candidates(static_cast<std::size_t>(tune().finalists));
    result.governors = tale_->governors();
    result.answer = tale_->recommend();
    result.runs = std::ssize(runs_->runs());
    result.already_there = runs_->already_there();
    for (const auto& [sequence, run] : runs_->runs()) {
      const Probe made = probe_of(run, notes_of(run).value_or(TuneNotes{}), 0);
      result.search_s += made.seconds;
      result.search_j += made.joules;
    }
    result.decide_s = tale_->decide_s();
    result.interrupted = stopped;
    result.exhausted = exhausted_;
    if (study_.card.simulated)
      result.caution = "simulated: twins' results, no evidence about real boards";
    std::map<std::string, std::int64_t> boards;
    for (const auto& [sequence, run] : runs_->runs()) ++boards[run.on_board];
    notes_.push_back(fmt::format(
        "measured by {} board{}, {} at once; energies are what they would be on the board of the "
        "first probe",
        boards.size(), boards.size() == 1 ? "" : "s", at_once()));
    result.notes = notes_;
    result.judge();
    return result;
  }

  const Paths& paths_;
  const FleetTuneRequest& request_;
  const std::atomic<bool>& interrupted_;
  const std::function<void(const TuneProgress&)>& progress_;
  Patience patience_;
  std::unique_ptr<fleet::Bus> bus_;
  Protocol protocol_;
  FleetStudy study_;
  Board board_;
  TuneMemory asked_;
  FleetSearchMemory memory_;
  std::optional<SearchSpace> space_;
  std::optional<Goal> goal_;
  const OptimiserKind* kind_ = nullptr;
  SearchOptions options_;
  std::unique_ptr<StudyFile> file_;
  bool created_ = false;
  std::unique_ptr<TuneTale> tale_;
  std::optional<AskedRuns> runs_;
  std::optional<BoardScale> scale_;
  std::vector<std::size_t> out_;  // numbers of blocks of the search that are not told yet
  std::vector<Probe> told_;
  std::vector<std::string> notes_;
  std::int64_t inferences_ = 0;
  bool exhausted_ = false;
};

}  // namespace

Result<TuneResult> tune_fleet(const Paths& paths, const FleetTuneRequest& request,
                              const std::atomic<bool>& interrupted,
                              const std::function<void(const TuneProgress&)>& progress) {
  return FleetTune(paths, request, interrupted, progress).make();
}

}  // namespace isojoule
