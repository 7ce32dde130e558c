// Any program as an engine: what it does is measured from its start to its end, phase by phase
// where it marks them (docs/engines/command.md).
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/subprocess.h"
#include "base/text.h"
#include "engine/command/find_program.h"
#include "engine/command/mark_sequence.h"
#include "engine/memory_note.h"
#include "engine/worker_protocol.h"

namespace isojoule {
namespace {

// A number that shells can write (>&9) and that programs seldom use themselves.
constexpr int kMarkDescriptor = 9;
// What a program gets to end by itself: after Ctrl-C, and after SIGTERM.
constexpr Duration kInterruptGrace = Duration::milliseconds(3000);
constexpr Duration kStopGrace = Duration::milliseconds(500);
// Silence of an engine is taken for a hang; a program may well be silent, so we speak for it.
constexpr Duration kReminder = Duration::milliseconds(60'000);
// What one call takes from the program's descriptor before the deadline is looked at again.
constexpr int kReceivesAtOnce = 64;

struct CommandOptions {
  std::optional<Duration> limit;  // of the whole process
  // Where the program's standard output goes: -1 nowhere, and standard error is kept for messages.
  int output = -1;
  bool keeps_together = false;  // marks that came in one read, as MarkSequence's
};

Result<CommandOptions> read_options(const Job& job) {
  CommandOptions options;
  for (const auto& [key, value] : job.options) {
    if (key == "timeout_s") {
      ISOJOULE_TRY(options.limit, read_timeout(value));
    } else if (key == "output") {
      if (value != "stdout" && value != "stderr" && value != "none")
        return fail(ErrorKind::invalid, "option output='" + value + "'",
                    "Use stdout, stderr or none.");
      options.output = value == "stdout" ? STDOUT_FILENO : value == "stderr" ? STDERR_FILENO : -1;
    } else if (key == "together") {
      if (value != "refused" && value != "kept")
        return fail(ErrorKind::invalid, "option together='" + value + "'", "Use refused or kept.");
      options.keeps_together = value == "kept";
    } else {
      return fail(ErrorKind::not_found, "engine command has no option '" + key + "'",
                  unknown_name_remedy(key, {"timeout_s", "output", "together"}));
    }
  }
  return options;
}

// "0.5"
std::string in_seconds(Duration duration) {
  std::string text = std::to_string(duration.seconds().value());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

// False when nobody reads it.
bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count > 0)
      bytes.remove_prefix(static_cast<std::size_t>(count));
    else if (count < 0 && errno != EINTR)
      return false;
  }
  return true;
}

class CommandSession final : public Session {
 public:
  CommandSession(const Job& job, CommandOptions options, Clock& clock)
      : words_(as_utf8(join(job.command, " "))),
        options_(options),
        clock_(clock),
        started_(clock.now()),
        marks_(started_, options.keeps_together),
        spoke_(started_) {
    note("command", words_);
  }

  Status start(std::string program, std::vector<std::string> arguments) {
    SubprocessOptions options;
    options.command = std::move(arguments);
    options.command[0] = std::move(program);
    options.channel = kMarkDescriptor;
    // The owner tells a program of the program's, which has the environment and not the descriptor,
    // that its descriptor of that number is none of ours.
    options.environment = {{"ISOJOULE_FD", std::to_string(kMarkDescriptor)},
                           {"ISOJOULE_FD_OWNER", std::to_string(getpid())}};
    options.on_output = [this](std::string_view bytes) { take_output(bytes); };
    // A terminal is the foreground group's alone: who reads it from another one is stopped.
    options.pass_input = options_.output >= 0 && isatty(STDIN_FILENO) == 0;
    options.pass_errors = options_.output >= 0;
    ISOJOULE_TRY(program_, Subprocess::start(options));
    return {};
  }

  // Whoever leaves before the end has been interrupted: so is the program, as by Ctrl-C.
  ~CommandSession() override {
    if (over_ || !program_) return;
    over_ = true;
    program_->signal(SIGINT);
    if (!program_->wait(clock_.now() + kInterruptGrace)) program_->stop(kStopGrace);
  }

 private:
  Result<std::optional<Event>> do_next_event(Instant deadline) override {
    while (marks_.events().empty() && !over_) {
      const Instant now = clock_.now();
      const Instant late = options_.limit ? started_ + *options_.limit : Instant{INT64_MAX};
      const Instant reminder = spoke_ + kReminder;
      if (now >= late)
        fail_late();
      else if (now >= reminder)
        note("command", words_);
      else if (program_->wait_for_anything(std::min({deadline, late, reminder})))
        take_all();
      // A program that writes without end is no reason to stay.
      if (marks_.events().empty() && clock_.now() >= deadline) break;
    }
    if (marks_.events().empty()) return std::optional<Event>();
    std::optional<Event> first = std::move(marks_.events().front());
    marks_.events().pop_front();
    spoke_ = clock_.now();
    return first;
  }

  void note(const std::string& key, const std::string& value) {
    Event event;
    event.key = key;
    event.value = value;
    marks_.events().push_back(std::move(event));
  }

  // The end is looked for first: what was said before it is then there to be read.
  void take_all() {
    const std::optional<ExitState> state = program_->wait({});
    const Instant ended = clock_.now();
    for (int i = 0; !over_ && (state || i < kReceivesAtOnce); ++i) {
      const Result<std::size_t> count = program_->receive(buffer_, {});
      if (!count || *count == 0) break;
      take_channel(std::string_view(buffer_, *count));
    }
    if (state && !over_) finish(*state, ended);
  }

  void take_channel(std::string_view bytes) {
    ++reads_;
    if (const Status status = lines_.append(bytes); !status)
      return fail_nonsense(status.error().what);
    while (const std::optional<std::string> line = lines_.next()) {
      if (over_) return;
      take_line(addressed_to_us(*line).value_or(*line));
    }
  }

  void take_output(std::string_view bytes) {
    ++reads_;
    if (options_.output >= 0 && !write_all(options_.output, bytes)) program_->close_output();
    for (const std::string& line : scanner_.take(bytes))
      if (!over_) take_line(line);
  }

  void take_line(std::string_view line) {
    const Result<std::vector<Mark>> marks = parse_marks(line, clock_.now());
    if (!marks) return fail_nonsense(marks.error().what);
    for (const Mark& mark : *marks)
      if (const std::string fault = marks_.take(mark, clock_.now(), reads_); !fault.empty())
        return fail_nonsense("mark out of order: " + fault);
  }

  std::string phase_words() const {
    const std::optional<PhaseKind> phase = marks_.open_phase();
    return phase ? " in phase " + std::string(name_of(*phase)) : std::string();
  }

  void finish(const ExitState& state, Instant ended) {
    note("exit_status", std::to_string(state.by_signal ? 128 + state.code : state.code));
    if (options_.keeps_together && marks_.together() > 0)
      note("marks_together", std::to_string(marks_.together()));
    const MemoryNote memory = memory_note_of(*program_);
    note(memory.key, memory.value);
    if (state != ExitState{}) return fail_ended(state);
    const std::string fault = marks_.finish(ended);
    if (!fault.empty())
      return fail_with({ErrorKind::engine, "the command's marks: " + fault, {}, {}});
    over_ = true;
  }

  void fail_ended(const ExitState& state) {
    Error error{ErrorKind::engine, {}, {}, {}};
    error.what = (state.by_signal ? "the command was ended by " : "the command ended with ") +
                 to_string(state) + phase_words();
    if (state.by_signal && state.code == SIGKILL)
      error.remedy = "A signal 9 that nobody sent comes from the kernel when memory runs out.";
    fail_with(std::move(error));
  }

  void fail_nonsense(const std::string& what) {
    over_ = true;  // before stop(): the rest of the output is not looked at
    program_->stop(kStopGrace);
    fail_with({ErrorKind::engine,
               "the command said what cannot be: " + what,
               {},
               "docs/engines/command.md has the forms of a mark."});
  }

  void fail_late() {
    const std::string where = phase_words();
    over_ = true;
    program_->stop(kStopGrace);
    fail_with({ErrorKind::engine,
               "the command ran for more than the " + in_seconds(*options_.limit) +
                   " s that it was given" + where + ", so it was stopped",
               {},
               "Give it more time with timeout_s."});
  }

  void fail_with(Error error) {
    const std::string last = program_->last_output_line();
    if (options_.output < 0 && !last.empty()) error.what += "; its last line: " + last;
    Event event;
    event.kind = EventKind::failed;
    event.error = std::move(error);
    marks_.events().push_back(std::move(event));
    over_ = true;
  }

  std::string words_;
  CommandOptions options_;
  Clock& clock_;
  Instant started_;
  MarkSequence marks_;
  MarkScanner scanner_;
  LineBuffer lines_;
  Instant spoke_;
  std::int64_t reads_ = 0;
  bool over_ = false;
  char buffer_[16384];
  std::unique_ptr<Subprocess> program_;  // last: it calls take_output
};

class CommandEngine final : public Engine {
 public:
  explicit CommandEngine(Clock& clock) : clock_(clock) {}

 private:
  const std::string& do_name() const override { return name_; }
  Result<std::unique_ptr<Session>> do_start(const Job& job) override {
    ISOJOULE_TRY(const CommandOptions options, read_options(job));
    ISOJOULE_TRY(std::string program,
                 find_program(job.command.empty() ? std::string() : job.command[0]));
    auto session = std::make_unique<CommandSession>(job, options, clock_);
    ISOJOULE_CHECK(session->start(std::move(program), job.command));
    return session;
  }

  std::string name_ = "command";
  Clock& clock_;
};

Result<std::unique_ptr<Engine>> open_command(const std::string&, Clock& clock) {
  if (clock.is_virtual())
    return fail(ErrorKind::unsupported, "a program takes real time, this clock does not",
                "Programs run on this machine: leave --board away.");
  return std::make_unique<CommandEngine>(clock);
}

}  // namespace

const EngineKind& engine_kind_command() {
  static const EngineKind kind = {
      "command",
      "Any program: isojoule measure -- PROGRAM ARGUMENTS. Options: timeout_s=SECONDS (of the "
      "whole "
      "process), output=stdout|stderr|none (where its standard output goes), together=refused|kept "
      "(marks that came in one read)",
      {},
      open_command,
      0,
      false};
  return kind;
}

}  // namespace isojoule
