#include "app/measure_once.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "app/guard_place.h"
#include "base/text.h"
#include "board/journal.h"
#include "experiment/apply.h"

namespace isojoule {
namespace {

// Why the inference phase has no energy: what its row says, else what opening the board met.
std::string reason_without_energy(const Run& run, const Board& board) {
  if (const PhaseEnergy* energy = run.energy(PhaseKind::inference)) {
    if (energy->gross.value) return {};
    if (!energy->gross.why_absent.empty() && board.problems.empty())
      return energy->gross.why_absent;
  }
  std::string reason;
  for (const Error& problem : board.problems) {
    if (!reason.empty()) reason += "; ";
    reason += problem.what;
    if (!problem.tried.empty()) reason += " (tried: " + problem.tried + ")";
    if (!problem.remedy.empty()) reason += ". " + problem.remedy;
  }
  return reason.empty() ? "the board has no power source" : reason;
}

// The start of a command, in place of a network's name.
std::string program_words(const std::vector<std::string>& program) {
  constexpr std::size_t kLongest = 60;
  std::vector<std::string> words = program;
  words[0] = std::filesystem::path(words[0]).filename().string();
  std::string text = join(words, " ");
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.size() > kLongest ? text.substr(0, kLongest) + "..." : text;
}

// Of a program there is no file to look for.
Result<std::string> model_path(const Target& target, const Paths& paths,
                               const MeasureRequest& request) {
  if (request.program.empty()) return network_file(target, paths, request.network);
  if (target.twin)
    return fail(ErrorKind::unsupported,
                request.target.board + " is simulated: a program cannot run there",
                "Leave --board away, or name a network with --model.");
  return std::string();
}

Job job_of(const MeasureRequest& request, std::string path) {
  Job job;
  job.model_path = std::move(path);
  job.network = std::filesystem::path(request.network).stem().string();
  job.command = request.program;
  if (!job.command.empty()) job.network = program_words(job.command);
  job.batch = request.batch;
  job.inferences = request.inferences;
  job.warmup_batches = request.warmup_batches;
  job.threads = request.threads;
  job.options = request.options;
  return job;
}

}  // namespace

Result<MeasureResult> measure_once(const Paths& paths, const MeasureRequest& request,
                                   const std::atomic<bool>& interrupted) {
  ISOJOULE_TRY(const auto target, open_target(paths, request.target));
  ISOJOULE_CHECK(use_engine(*target, paths, request.engine));
  ISOJOULE_TRY(std::string path, model_path(*target, paths, request));
  std::unique_ptr<BoardGuard> guard;
  if (!request.setting.values().empty()) {
    ISOJOULE_CHECK(check_no_contradiction(target->board, request.setting));
    ISOJOULE_TRY(guard, BoardGuard::take(target->board, guard_options(paths, request.target,
                                                                      *target, request.command)));
  }
  const Job job = job_of(request, std::move(path));
  Protocol protocol;
  protocol.inferences = request.inferences;
  protocol.warmup_batches = request.warmup_batches;
  protocol.sampling_period = request.sampling_period;
  protocol.idle = request.idle;
  PlannedRun planned;
  planned.network = job.network;
  planned.setting = request.setting;
  planned.setting.set("batch", static_cast<double>(request.batch));
  MeasureResult result;
  auto measured = measure(target->board, *target->engine(), job, protocol, planned, interrupted);
  if (!measured)
    return tl::unexpected<Error>(guard ? guard->restore_after(measured.error()) : measured.error());
  result.measured = std::move(*measured);
  if (guard) ISOJOULE_CHECK(guard->restore());
  result.engine = target->engine()->name();
  result.board = target->board.file.name;
  result.board_title = target->board.file.title;
  result.simulated = target->board.simulated;
  result.caution = caution_of(*target);
  result.why_unmeasured = reason_without_energy(result.measured.run, target->board);
  return result;
}

std::optional<Second> batch_quantile(const Run& run, double q) {
  if (run.batches.empty()) return std::nullopt;
  std::vector<double> seconds;
  for (const BatchMark& batch : run.batches)
    seconds.push_back((batch.end - batch.begin).seconds().value());
  std::sort(seconds.begin(), seconds.end());
  const double place = q * static_cast<double>(seconds.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(place));
  const std::size_t above = std::min(below + 1, seconds.size() - 1);
  return Second(seconds[below] +
                (place - static_cast<double>(below)) * (seconds[above] - seconds[below]));
}

}  // namespace isojoule
