#include "engine/worker_engine.h"

#include <unistd.h>

#include <charconv>
#include <cmath>
#include <csignal>
#include <deque>
#include <filesystem>

#include "base/file_tree.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "engine/event_order.h"
#include "engine/worker_protocol.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

// How often the kernel killed a process for memory since boot (mm/vmstat.c, since Linux 4.13).
std::optional<std::int64_t> out_of_memory_kills() {
  const auto tree = make_real_file_tree();
  const Result<std::string> text = tree->read("/proc/vmstat");
  constexpr std::string_view key = "\noom_kill ";
  const std::size_t at = text ? text->find(key) : std::string::npos;
  if (at == std::string::npos) return std::nullopt;
  std::int64_t count = 0;
  const char* begin = text->data() + at + key.size();
  if (std::from_chars(begin, text->data() + text->size(), count).ec != std::errc())
    return std::nullopt;
  return count;
}

class WorkerSession final : public Session {
 public:
  WorkerSession(std::string name, const Job& job, Duration timeout,
                std::unique_ptr<Subprocess> worker, Clock& clock)
      : name_(std::move(name)),
        timeout_(timeout),
        worker_(std::move(worker)),
        clock_(clock),
        order_((job.inferences + job.batch - 1) / job.batch),
        heard_(clock.now()),
        kills_before_(out_of_memory_kills()) {
    note_rounding(job);
  }

  // What the worker gets to leave by itself after its last word.
  ~WorkerSession() override {
    if (over_) worker_->wait(clock_.now() + Duration::milliseconds(500));
    worker_->stop(Duration::milliseconds(500));
  }

 private:
  Result<std::optional<Event>> do_next_event(Instant deadline) override {
    while (events_.empty()) {
      if (over_) return std::optional<Event>();
      const Instant hang = heard_ + timeout_;
      const Result<std::size_t> count = worker_->receive(buffer_, std::min(deadline, hang));
      if (count && *count > 0) {
        heard_ = clock_.now();
        take(std::string_view(buffer_, *count));
      } else if (count) {
        fail_ended();
      } else if (count.error().kind != ErrorKind::timeout) {
        fail_with({ErrorKind::engine, count.error().what, count.error().tried, {}});
      } else if (clock_.now() >= hang) {
        fail_hung();
      } else {
        return std::optional<Event>();
      }
    }
    std::optional<Event> first = std::move(events_.front());
    events_.pop_front();
    return first;
  }

  void note_rounding(const Job& job) {
    if (job.inferences % job.batch == 0) return;
    const std::int64_t whole = (job.inferences / job.batch + 1) * job.batch;
    Event event;
    event.key = "inferences";
    event.value = std::to_string(whole) + " (" + std::to_string(job.inferences) +
                  " asked for, rounded up to whole batches of " + std::to_string(job.batch) + ")";
    events_.push_back(std::move(event));
  }

  void take(std::string_view bytes) {
    if (const Status status = lines_.append(bytes); !status)
      return fail_nonsense(status.error().what);
    while (const std::optional<std::string> line = lines_.next()) {
      const Result<std::vector<Event>> events = decode_events(*line);
      if (!events) return fail_nonsense(events.error().what);
      for (const Event& event : *events)
        if (!accept(event)) return;
    }
  }

  bool accept(const Event& event) {
    if (const std::string fault = order_.check(event, clock_.now()); !fault.empty()) {
      fail_nonsense("worker message out of order: " + fault);
      return false;
    }
    over_ = event.kind == EventKind::finished || event.kind == EventKind::failed;
    events_.push_back(event);
    return !over_;
  }

  std::string phase_words() const {
    const std::optional<PhaseKind> phase = order_.open_phase();
    return phase ? " in phase " + std::string(name_of(*phase)) : " outside any phase";
  }

  void fail_nonsense(const std::string& what) {
    worker_->stop(Duration{0});
    fail_with({ErrorKind::engine,
               "engine " + name_ + ": " + what,
               {},
               "The worker program and isojoule must come from the same build."});
  }

  void fail_hung() {
    const std::string where = phase_words();
    worker_->stop(Duration::milliseconds(200));
    const std::string seconds = std::to_string(timeout_.ns / 1'000'000'000);
    fail_with({ErrorKind::engine,
               "engine " + name_ + ": nothing heard for " + seconds + " s" + where +
                   ", so it was stopped",
               {},
               "If it was only slow, allow it more time with option " +
                   std::string(kWorkerTimeoutOption) + "."});
  }

  // The channel closed without `finished` or `failed`.
  void fail_ended() {
    std::optional<ExitState> state = worker_->wait(clock_.now() + Duration::milliseconds(1000));
    const bool left = state.has_value();
    if (!left) state = worker_->stop(Duration{0});
    std::string what = "engine " + name_ + ": the worker ";
    if (!left)
      what += "closed its channel and went on";
    else
      what += (state->by_signal ? "was ended by " : "left early with ") + to_string(*state);
    what += phase_words();
    if (left && *state == ExitState{true, SIGKILL} && killed_for_memory())
      return fail_with({ErrorKind::engine,
                        "out of memory: " + what,
                        {},
                        "Take a smaller batch or network, or end other programs."});
    fail_with({ErrorKind::engine, what, {}, {}});
  }

  // Where the kernel does not count, a SIGKILL that is not ours has no likelier cause.
  bool killed_for_memory() const {
    const std::optional<std::int64_t> now = out_of_memory_kills();
    return !now || !kills_before_ || *now > *kills_before_;
  }

  void fail_with(Error error) {
    const std::string last = worker_->last_output_line();
    if (!last.empty()) error.what += "; its last line: " + last;
    Event event;
    event.kind = EventKind::failed;
    event.error = std::move(error);
    events_.push_back(std::move(event));
    over_ = true;
  }

  std::string name_;
  Duration timeout_;
  std::unique_ptr<Subprocess> worker_;
  Clock& clock_;
  EventOrder order_;
  LineBuffer lines_;
  std::deque<Event> events_;
  Instant heard_;  // when the worker last said something
  bool over_ = false;
  std::optional<std::int64_t> kills_before_;
  char buffer_[65536];
};

Result<Duration> take_timeout(Job& job) {
  const auto option = job.options.find(kWorkerTimeoutOption);
  if (option == job.options.end()) return Duration::from(Second(kWorkerTimeoutDefault_s));
  ISOJOULE_TRY(const Duration timeout, read_timeout(option->second));
  job.options.erase(option);
  return timeout;
}

Status check(const Job& job) {
  const auto below = [](const char* name, std::int64_t value, std::int64_t least) {
    return fail(ErrorKind::invalid, std::string(name) + " " + std::to_string(value),
                "It must be at least " + std::to_string(least) + ".");
  };
  if (job.batch < 1) return below("batch", job.batch, 1);
  if (job.inferences < 1) return below("inferences", job.inferences, 1);
  if (job.warmup_batches < 0) return below("warm-up batches", job.warmup_batches, 0);
  if (job.threads < 0) return below("threads", job.threads, 0);
  // The count of batches below adds the two.
  if (job.batch > INT32_MAX || job.inferences > INT64_MAX / 2)
    return fail(ErrorKind::out_of_range, "batch or inferences too large", "Take fewer.");
  std::error_code ignored;
  if (!fs::is_regular_file(job.model_path, ignored))
    return fail(ErrorKind::not_found, "model file " + job.model_path + " is not there",
                "Give the path of an ONNX file.");
  if (access(job.model_path.c_str(), R_OK) != 0)
    return fail(ErrorKind::permission_denied, "model file " + job.model_path,
                "Make it readable for this user.");
  return {};
}

class WorkerEngine final : public Engine {
 public:
  WorkerEngine(std::string name, std::string program, Clock& clock)
      : name_(std::move(name)), program_(std::move(program)), clock_(clock) {}

 private:
  const std::string& do_name() const override { return name_; }
  Result<std::unique_ptr<Session>> do_start(const Job& job) override {
    ISOJOULE_CHECK(check(job));
    Job passed = job;
    ISOJOULE_TRY(const Duration timeout, take_timeout(passed));
    SubprocessOptions options;
    options.command = {program_};
    options.channel = kWorkerDescriptor;
    passed.started = clock_.now();
    ISOJOULE_TRY(std::unique_ptr<Subprocess> worker, Subprocess::start(options));
    // A job fits into the socket's buffer; a worker that dies before it reads it says so through
    // the session, like every other death.
    const Status sent = worker->send(encode_job(passed), clock_.now() + timeout);
    if (!sent && sent.error().kind != ErrorKind::io) return tl::unexpected(sent.error());
    return std::make_unique<WorkerSession>(name_, passed, timeout, std::move(worker), clock_);
  }

  std::string name_;
  std::string program_;
  Clock& clock_;
};

}  // namespace

Result<std::string> find_worker(const std::string& name, const std::string& worker_directory) {
  const std::string file = "isojoule-engine-" + name;
  const fs::path base = worker_directory.empty() ? fs::path(".") : fs::path(worker_directory);
  std::vector<std::string> tried;
  for (const fs::path& place : {base / file, base / ".." / "libexec" / "isojoule" / file}) {
    const std::string path = place.lexically_normal().string();
    std::error_code ignored;
    if (fs::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0) return path;
    tried.push_back(path);
  }
  return fail(ErrorKind::not_found, "the worker program of engine " + name + " is not there",
              "Build it: tools/setup fetches what it needs, then build again.",
              "looked for " + join(tried, ", "));
}

Result<std::unique_ptr<Engine>> make_worker_engine(const std::string& name,
                                                   const std::string& worker_directory,
                                                   Clock& clock) {
  if (clock.is_virtual())
    return fail(ErrorKind::unsupported, "engine " + name + " takes real time, this clock does not",
                "Use the simulated engine of the twin.");
  ISOJOULE_TRY(std::string program, find_worker(name, worker_directory));
  return std::make_unique<WorkerEngine>(name, std::move(program), clock);
}

}  // namespace isojoule
