#include "engine/trtexec/process.h"

#include <algorithm>
#include <csignal>

#include "base/clock.h"
#include "base/file_tree.h"
#include "engine/trtexec/failure.h"
#include "engine/trtexec/number.h"

namespace isojoule::trtexec {
namespace {

// As the other workers do: a word every two seconds, so that what is measured is left alone.
constexpr Duration kStep = Duration::milliseconds(2000);
constexpr std::size_t kPendingBytes = std::size_t{4} << 20;
constexpr std::size_t kLongestLine = std::size_t{64} << 10;

std::string seconds(Duration time) { return std::to_string(time.ns / 1'000'000'000) + " s"; }

std::string read(const std::string& path) { return make_real_file_tree()->read(path).value_or(""); }

// Ticks of processor time (proc(5): the 14th and 15th field of stat; the second, in parentheses,
// may hold blanks). A process that hangs uses none; one that waits for a GPU wakes up for every
// batch.
double processor_ticks(pid_t pid) {
  const std::string text = read("/proc/" + std::to_string(pid) + "/stat");
  std::string_view rest = text;
  rest.remove_prefix(std::min(rest.rfind(')'), rest.size()));
  double ticks = 0;
  for (int field = 2; !rest.empty() && field <= 15; ++field) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (field >= 14) ticks += whole_number(rest.substr(0, end)).value_or(0);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return ticks;
}

// How often the kernel killed a process for memory since boot.
double memory_kills() {
  const std::string text = read("/proc/vmstat");
  constexpr std::string_view key = "\noom_kill ";
  const std::size_t at = text.find(key);
  if (at == std::string::npos) return 0;
  return leading_number(std::string_view(text).substr(at + key.size())).value_or(0);
}

class Runner {
 public:
  explicit Runner(const Call& call) : call_(call), kills_before_(memory_kills()) {}

  Result<Course> run() {
    SubprocessOptions options;
    options.command = call_.command;
    options.environment = call_.environment;
    options.output_limit = kPendingBytes;
    course_.started = clock_->now();
    ISOJOULE_TRY(child_, Subprocess::start(options));
    heard_ = told_ = course_.started;
    ISOJOULE_CHECK(follow());
    course_.log = reader_.log();
    course_.memory = memory_note_of(*child_);
    if (succeeded(course_.log, *exit_)) return course_;
    Error error = failure_of(course_.log, *exit_, call_.doing, last_line_);
    if (*exit_ == ExitState{true, SIGKILL} && memory_kills() > kills_before_)
      error = {ErrorKind::engine,
               "out of memory: " + error.what,
               {},
               "Take a smaller batch or network, or end other programs."};
    return tl::unexpected(std::move(error));
  }

 private:
  Status follow() {
    while (!exit_) {
      const Instant deadline = told_ + kStep;
      if (child_->output_closed())
        exit_ = child_->wait(deadline);
      else
        take(child_->take_output(deadline));
      if (!exit_ && child_->output_closed()) exit_ = child_->wait(clock_->now());
      // What it started may hold its output open beyond its end.
      if (!exit_ && clock_->now() >= deadline) exit_ = child_->wait(clock_->now());
      if (exit_) break;
      if (clock_->now() < deadline) continue;
      told_ = clock_->now();
      if (call_.alive) call_.alive();
      ISOJOULE_CHECK(check_limits());
    }
    course_.ended = clock_->now();
    take(child_->take_output(course_.ended));
    if (!partial_.empty()) line(partial_, course_.ended);
    return {};
  }

  void take(const std::string& bytes) {
    if (bytes.empty()) return;
    const Instant now = clock_->now();
    heard_ = now;
    partial_ += bytes;
    std::size_t begin = 0;
    for (std::size_t end = partial_.find('\n'); end != std::string::npos;
         end = partial_.find('\n', begin)) {
      line(std::string_view(partial_).substr(begin, end - begin), now);
      begin = end + 1;
    }
    partial_.erase(0, begin);
    if (partial_.size() > kLongestLine) partial_.erase(0, partial_.size() - kLongestLine);
  }

  void line(std::string_view text, Instant now) {
    const LogLine read = read_line(text);
    if (begins_inference(read)) {
      course_.inference_line = now;
      course_.report_line.reset();
    } else if (begins_report(read) && !course_.report_line) {
      course_.report_line = now;
    }
    if (!trimmed_view(text).empty() && !read_banner(text)) last_line_ = trimmed_view(text);
    reader_.line(text);
  }

  Status check_limits() {
    const Instant now = clock_->now();
    if (const double ticks = processor_ticks(child_->pid()); ticks != ticks_) {
      ticks_ = ticks;
      heard_ = now;
    }
    const bool silent = now - heard_ >= call_.silence, late = now - course_.started >= call_.limit;
    if (!silent && !late) return {};
    child_->stop(Duration::milliseconds(200));
    const std::string last = last_line_.empty() ? "" : "; its last line: " + last_line_;
    if (silent)
      return fail(ErrorKind::timeout,
                  "trtexec, " + call_.doing + ": no word and no work for " +
                      seconds(call_.silence) + ", so it was stopped" + last,
                  "If it was only slow, allow it more with option silence_s.");
    return fail(ErrorKind::timeout,
                "trtexec, " + call_.doing + ": not done after " + seconds(call_.limit) +
                    ", so it was stopped" + last,
                "Allow it more with option limit_s.");
  }

  const Call& call_;
  double kills_before_;
  std::unique_ptr<Clock> clock_ = make_real_clock();
  std::unique_ptr<Subprocess> child_;
  std::optional<ExitState> exit_;
  LogReader reader_;
  Course course_;
  Instant heard_, told_;
  double ticks_ = 0;
  std::string partial_, last_line_;
};

}  // namespace

Result<Course> run_call(const Call& call) { return Runner(call).run(); }

}  // namespace isojoule::trtexec
