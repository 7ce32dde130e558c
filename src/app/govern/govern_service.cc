#include "app/govern/govern_service.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <mutex>
#include <utility>

#include "app/govern/govern_page.h"
#include "app/guard_place.h"
#include "base/wall_time.h"
#include "engine/command/find_program.h"

namespace isojoule {
namespace {

// What a wrapped program gets to end by itself after SIGTERM.
constexpr Duration kStopGrace = Duration::milliseconds(5000);

Result<std::unique_ptr<Target>> open_live(const Paths& paths, const TargetOptions& options) {
  if (options.board.starts_with(kTwinPrefix))
    return fail(ErrorKind::unsupported,
                "a service takes real time, the clock of a twin in this process does not",
                "Mount the twin (isojoule twin mount) and name its folder with --sysroot, or let "
                "isojoule govern --simulate run a service on it");
  return open_target(paths, options);
}

Status check_power(const Board& board) {
  std::string why;
  for (const Error& problem : board.problems) why += (why.empty() ? "" : "; ") + problem.what;
  if (board.sensors.empty())
    return fail(ErrorKind::unmeasured,
                "nothing here measures power: " +
                    (why.empty() ? std::string("the board has no source") : why),
                "isojoule probe says what is missing");
  if (board.file.total.empty())
    return fail(ErrorKind::unmeasured, "no source here measures the whole board",
                "isojoule probe says what is there");
  return {};
}

// A wrapped program; none is always at work.
class Wrapped {
 public:
  Status start(const std::vector<std::string>& words, const std::string& socket) {
    if (words.empty()) return {};
    SubprocessOptions options;
    options.command = words;
    ISOJOULE_TRY(options.command[0], find_program(words[0]));
    options.environment = {{"ISOJOULE_GOVERN", socket}};
    // Its own: whoever reads slowly holds the program up, and not the loop.
    options.pass_output = options.pass_errors = true;
    ISOJOULE_TRY(program_, Subprocess::start(options));
    return {};
  }
  bool has_ended() { return program_ && program_->wait({}).has_value(); }
  void end(GovernResult& result) {
    if (!program_) return;
    result.program = program_->wait({});
    if (result.program) return;
    result.stopped = true;
    result.program = program_->stop(kStopGrace);
  }

 private:
  std::unique_ptr<Subprocess> program_;
};

// The loop writes, the endpoint's thread reads.
class SharedState {
 public:
  void set(const LiveState& state) {
    const std::lock_guard lock(mutex_);
    state_ = state;
  }
  LiveState get() const {
    const std::lock_guard lock(mutex_);
    return state_;
  }

 private:
  mutable std::mutex mutex_;
  LiveState state_;
};

// Ends the pages before what they show goes.
struct MetricsEnd {
  MetricsEndpoint* endpoint;
  ~MetricsEnd() {
    if (endpoint != nullptr) endpoint->end();
  }
};

class Governing {
 public:
  Governing(const Paths& paths, const GovernRequest& request, const std::atomic<bool>& interrupted)
      : paths_(paths), request_(request), interrupted_(interrupted) {}

  Result<GovernResult> make(const std::function<void(const GovernStart&)>& on_start,
                            const std::function<void(const LiveState&)>& on_epoch) {
    ISOJOULE_TRY(const auto target, open_live(paths_, request_.target));
    Board& board = target->board;
    board.release.watches.clear();  // only power is asked for
    ISOJOULE_CHECK(check_power(board));
    ISOJOULE_TRY(const auto study, StudyFile::open(request_.study_path, StudyFile::Mode::read));
    ISOJOULE_TRY(const StudyTable known, operating_table(*study, request_.table, board));
    ISOJOULE_TRY(const auto port,
                 ServicePort::open(socket_path(), request_.group, {request_.goal.latency_limit_s}));
    ISOJOULE_TRY(
        const auto guard,
        BoardGuard::take(board, guard_options(paths_, request_.target, *target, request_.command)));
    labels_ = labels_of(board, known.network, port->path());
    if (on_start)
      on_start({labels_, known.known, std::ssize(known.table.points), known.runs, known.notes});
    ISOJOULE_TRY(GovernResult result, run(board, *guard, known, *port, on_epoch));
    result.caution = board.simulated ? "SIMULATED: the power is that of a twin that does not know "
                                       "of the service's work"
                                     : "";
    return result;
  }

 private:
  std::string socket_path() const {
    if (!request_.socket.empty()) return std::filesystem::absolute(request_.socket).string();
    if (request_.program.empty()) return usual_service_socket();
    return runtime_folder() + "/govern-" + std::to_string(::getpid()) + ".sock";
  }

  GovernLabels labels_of(const Board& board, const std::string& network,
                         const std::string& socket) const {
    GovernLabels labels;
    labels.board = board.file.name;
    labels.simulated = board.simulated;
    labels.network = network;
    labels.command = request_.command;
    labels.since = wall_time_now();
    labels.socket = socket;
    labels.latency_limit_s = request_.goal.latency_limit_s;
    labels.late_share = request_.goal.late_share;
    labels.epoch_s = request_.loop.epoch.seconds().value();
    return labels;
  }

  Result<GovernResult> run(Board& board, BoardGuard& guard, const StudyTable& known,
                           ServicePort& port,
                           const std::function<void(const LiveState&)>& on_epoch) {
    Controller controller(known.table, request_.goal, request_.controller);
    LiveLoop loop(board, guard, known.table, mind_of(controller), port, request_.loop);
    StatusFile file(runtime_folder(), labels_);
    (void)file.publish(loop.state());  // the first epoch's is told
    SharedState shared;
    const MetricsEnd end{request_.metrics};
    if (request_.metrics != nullptr)
      ISOJOULE_CHECK(request_.metrics->begin(
          [&](bool running) { return govern_page(shared.get(), labels_, running); }));
    Wrapped program;
    ISOJOULE_CHECK(program.start(request_.program, port.path()));
    const Instant begin = board.clock->now();
    const auto stops = [&] {
      return interrupted_.load(std::memory_order_relaxed) || program.has_ended() ||
             (request_.limit && board.clock->now() - begin >= *request_.limit);
    };
    const Status governed = loop.run(stops, [&](const LiveState& state) {
      LiveState told = state;
      told.status_problem = problem_of(file.publish(state));
      shared.set(told);
      if (on_epoch) on_epoch(told);
    });
    if (!governed) return tl::unexpected<Error>(guard.restore_after(governed.error()));
    ISOJOULE_CHECK(guard.restore());
    shared.set(loop.state());
    GovernResult result{loop.state(), labels_, {}, false, {}};
    program.end(result);
    return result;
  }

  // A full disk is no reason to let the board go.
  static std::string problem_of(const Status& published) {
    return published ? "" : to_string(published.error());
  }

  const Paths& paths_;
  const GovernRequest& request_;
  const std::atomic<bool>& interrupted_;
  GovernLabels labels_;
};

}  // namespace

Result<GovernResult> govern_service(const Paths& paths, const GovernRequest& request,
                                    const std::atomic<bool>& interrupted,
                                    const std::function<void(const GovernStart&)>& on_start,
                                    const std::function<void(const LiveState&)>& on_epoch) {
  return Governing(paths, request, interrupted).make(on_start, on_epoch);
}

}  // namespace isojoule
