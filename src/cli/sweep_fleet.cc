#include "cli/sweep_fleet.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>

#include "app/fleet/coordinator_text.h"
#include "cli/bus_options.h"

namespace isojoule::cli {
namespace {

constexpr double kLeastClaim_s = 1, kMostClaim_s = 3600;

// A table that is drawn over itself on a terminal; elsewhere a line now and then. Writes to
// standard error, so that standard output stays clean.
class FleetPrinter {
 public:
  FleetPrinter() : terminal_(::isatty(STDERR_FILENO) == 1) {}

  void operator()(const FleetProgress& progress) {
    const bool last = progress.done == progress.total;
    if (terminal_)
      draw(progress, last);
    else if (last || due(progress))
      say(progress);
  }

 private:
  static winsize terminal_size() {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
      size = winsize{24, 80, 0, 0};
    return size;
  }

  void draw(const FleetProgress& progress, bool last) {
    if (!last && progress.elapsed - at_ < Second(0.2)) return;
    at_ = progress.elapsed;
    const winsize size = terminal_size();
    const auto lines = fleet_progress_lines(progress, size.ws_col - 1, size.ws_row - 2);
    std::string text;
    if (drawn_ > 0) text += fmt::format("\x1b[{}A", drawn_);
    for (const std::string& line : lines) text += line + "\x1b[K\n";
    text += "\x1b[J";  // lines that are no longer there
    drawn_ = lines.size();
    fmt::print(stderr, "{}", text);
  }

  // With each hundredth of the runs, but not more often than every 10 s; every minute in any case;
  // and when what is wrong has changed.
  bool due(const FleetProgress& progress) {
    const Second since = progress.elapsed - at_;
    const std::int64_t hundredth = progress.done * 100 / std::max<std::int64_t>(1, progress.total);
    const bool news = troubles_.size() != progress.troubles.size();
    return at_ < Second(0) || since >= Second(60) ||
           (since >= Second(10) && (news || hundredth != hundredth_));
  }

  void say(const FleetProgress& progress) {
    const std::string line = fleet_progress_line(progress);
    at_ = progress.elapsed;
    hundredth_ = progress.done * 100 / std::max<std::int64_t>(1, progress.total);
    troubles_ = progress.troubles;
    if (line != said_) fmt::print(stderr, "{}\n", line);
    said_ = line;
  }

  bool terminal_;
  std::size_t drawn_ = 0;  // lines
  Second at_{-1};
  std::int64_t hundredth_ = -1;
  std::vector<std::string> troubles_;
  std::string said_;
};

}  // namespace

void add_sweep_fleet_options(CLI::App& command, FleetSweepRequest& request,
                             const std::vector<std::string>& alone) {
  add_bus_options(command, request.bus, "--fleet", false);
  CLI::Option* fleet = command.get_option("--fleet");
  for (const std::string& option : alone) fleet->excludes(command.get_option(option));
  command
      .add_option("--boards", request.boards,
                  "Which of the fleet: type=jetson-orin-nx,count>=3; also release=36.4, "
                  "name=rack1-*|bench-2, "
                  "simulated=no, with commas (default: every board of the plan's type)")
      ->needs(fleet);
  command
      .add_option("--replicate", request.blocks.lanes,
                  "Measure every setting on so many boards, none twice on one (default: 1)")
      ->check(CLI::Range(1, 4096))
      ->needs(fleet);
  command
      .add_option("--block-runs", request.blocks.block_runs,
                  "Runs that a board takes at a time, about, without the governors' (default: "
                  "chosen so that theirs are at most a quarter)")
      ->check(CLI::Range(0, 2000))
      ->needs(fleet);
  command
      .add_option_function<double>(
          "--claim",
          [&request](const double& seconds) {
            request.claim =
                Duration::milliseconds(static_cast<std::int64_t>(std::llround(seconds * 1000)));
          },
          "A board that gives no sign of life for so long loses its block to another: 30s "
          "(default), 5m")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"m", 60}},
                                        CLI::AsNumberWithUnit::CASE_SENSITIVE))
      ->check(CLI::Range(kLeastClaim_s, kMostClaim_s, "1s to 60m"))
      ->needs(fleet);
  command
      .add_option("--replicas", request.replicas,
                  "Servers that keep a copy of everything, where the fleet is first used "
                  "(default: 1)")
      ->check(CLI::IsMember({1, 3, 5}))
      ->needs(fleet);
  command
      .add_flag("!--no-wait", request.wait,
                "Publish the plan, collect what is there, and end: the boards go on")
      ->needs(fleet);
}

Result<int> run_sweep_fleet(const FleetSweepRequest& request, const Program& program) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  FleetPrinter printer;
  const auto result = sweep_fleet(paths, request, *program.interrupted,
                                  [&printer](const FleetProgress& progress) { printer(progress); });
  if (!result) return tl::unexpected<Error>(result.error());
  fmt::print("{}", fleet_summary(*result, request.study_path, request.wait));
  if (result->interrupted) return kInterrupted;
  return result->given_up > 0 ? kFailed : kDone;
}

}  // namespace isojoule::cli
