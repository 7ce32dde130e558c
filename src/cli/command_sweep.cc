#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "app/fleet/coordinator_text.h"
#include "app/sweep_study.h"
#include "cli/command.h"
#include "cli/metrics_option.h"
#include "cli/sweep_fleet.h"
#include "cli/target_options.h"

namespace isojoule::cli {
namespace {

// A bar that stays on its line on a terminal; elsewhere one line a block. Writes to standard error,
// so that standard output stays clean.
class ProgressPrinter {
 public:
  ProgressPrinter() : terminal_(::isatty(STDERR_FILENO) == 1) {}

  void operator()(const Progress& progress) {
    terminal_ ? draw_bar(progress) : print_block(progress);
  }
  void finish() const {
    if (terminal_ && drawn_) fmt::print(stderr, "\n");
  }

 private:
  static int terminal_width() {
    winsize size{};
    const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80;
  }

  void draw_bar(const Progress& progress) {
    // At most twenty times a second: a twin makes hundreds of runs in that time.
    const bool last = progress.done == progress.total;
    if (!last && progress.elapsed - drawn_at_ < Second(0.05)) return;
    drawn_at_ = progress.elapsed;
    drawn_ = true;
    const std::string words =
        fmt::format(" {:>3.0f} %  {}/{} runs, block {}/{}, {} left ",
                    100.0 * static_cast<double>(progress.done) /
                        static_cast<double>(std::max<std::int64_t>(1, progress.total)),
                    progress.done, progress.total, progress.block + 1, progress.blocks,
                    duration_text(progress.left));
    const int width = std::max(0, terminal_width() - static_cast<int>(words.size()) - 3);
    const auto full =
        static_cast<int>(static_cast<double>(width) * static_cast<double>(progress.done) /
                         static_cast<double>(std::max<std::int64_t>(1, progress.total)));
    fmt::print(stderr, "\r[{}{}]{}", std::string(static_cast<std::size_t>(full), '#'),
               std::string(static_cast<std::size_t>(width - full), ' '), words);
  }

  void print_block(const Progress& progress) {
    if (progress.block == block_ && progress.done != progress.total) return;
    block_ = progress.block;
    fmt::print(stderr, "block {}/{}: {}/{} runs, {} gone, {} left\n", progress.block + 1,
               progress.blocks, progress.done, progress.total, duration_text(progress.elapsed),
               duration_text(progress.left));
  }

  bool terminal_;
  bool drawn_ = false;
  Second drawn_at_{-1};
  std::int64_t block_ = -1;
};

Result<int> run_sweep(SweepRequest& request, const std::string& metrics, const Program& program) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  ISOJOULE_TRY(const auto endpoint, open_metrics(metrics));
  request.metrics = endpoint.get();
  request.target.interrupted = program.interrupted;
  ProgressPrinter printer;
  const auto result = sweep_study(paths, request, *program.interrupted,
                                  [&printer](const Progress& progress) { printer(progress); });
  printer.finish();
  warn_of_metrics(endpoint.get());
  if (!result) return tl::unexpected<Error>(result.error());
  fmt::print("{}: {} of {} runs there, {} made now{}\n", request.study_path,
             result->already_there + result->made, result->planned, result->made,
             result->failed > 0 ? fmt::format(", {} failed", result->failed) : "");
  if (!result->caution.empty()) fmt::print(stderr, "attention: {}\n", result->caution);
  if (result->interrupted) {
    fmt::print("interrupted; the same command goes on from here\n");
    return kInterrupted;
  }
  return kDone;
}

// A helper that the environment names is of this machine, and no wish of this command.
Status check_no_helper(const std::string& helper) {
  const char* usual = std::getenv("ISOJOULE_HELPER");
  if (helper.empty() || (usual != nullptr && helper == usual)) return {};
  return fail(ErrorKind::invalid, "--helper does not go with --fleet",
              "Name it where the boards' agents are started: isojoule agent --helper");
}

}  // namespace

void add_sweep(CLI::App& app, Program& program) {
  auto* command =
      app.add_subcommand("sweep", "Measure every setting of a plan, beside the governors");
  auto request = std::make_shared<SweepRequest>();
  command->add_option("PLAN", request->plan_path, "The plan (TOML); ready ones are in studies/")
      ->required();
  command->add_option("--engine", request->engine,
                      "Instead of the plan's; see 'isojoule list engines'. A twin brings its own");
  add_target_options(*command, request->target);
  add_pace_option(*command, request->target);
  command
      ->add_option("-o,--output", request->study_path,
                   "The study file; one that is there is gone on with")
      ->required();
  auto metrics = std::make_shared<std::string>();
  add_metrics_option(*command, *metrics);
  auto fleet = std::make_shared<FleetSweepRequest>();
  add_sweep_fleet_options(*command, *fleet,
                          {"--board", "--release", "--sysroot", "--no-calibration", "--metrics"});
  command->callback([request, metrics, fleet, &program] {
    request->command = fleet->command = program.command_line;
    fleet->plan_path = request->plan_path;
    fleet->study_path = request->study_path;
    fleet->engine = request->engine;
    program.action = [request, metrics, fleet, &program]() -> Result<int> {
      if (fleet->bus.url.empty()) return run_sweep(*request, *metrics, program);
      ISOJOULE_CHECK(check_no_helper(request->target.helper));
      return run_sweep_fleet(*fleet, program);
    };
  });
}

}  // namespace isojoule::cli
