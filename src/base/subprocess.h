// A child program on the other end of a socket pair, that never outlives its parent.
//
// One thread only: the same one starts it, talks to it and destroys it. That is also a rule of the
// kernel: PR_SET_PDEATHSIG follows the *thread* that forked (prctl(2)), so start it from a thread
// that lives as long as the child shall.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/quantity.h"

namespace isojoule {

struct SubprocessOptions {
  std::vector<std::string> command;                // [0]: the program's path, not looked up in PATH
  std::map<std::string, std::string> environment;  // set in addition to the parent's
  // The child's end of a stream socket pair gets this descriptor number, 3..255; absent: no pair.
  std::optional<int> channel;
  // Of what the child writes to its standard output and error, the last so many bytes are kept.
  std::size_t output_limit = 8192;
  // Gets everything of that, too, as it comes: inside of the calls below, by their thread.
  std::function<void(std::string_view)> on_output = {};
  bool pass_input = false;   // the parent's standard input instead of /dev/null
  bool pass_errors = false;  // the parent's standard error; it is not kept then
  bool pass_output = false;  // the parent's standard output, likewise
};

struct ExitState {
  bool by_signal = false;
  int code = 0;  // the exit status, or the signal's number
  bool operator==(const ExitState&) const = default;
};
std::string to_string(const ExitState& state);  // "exit status 3", "signal 11 (Segmentation fault)"

// Instants are those of CLOCK_MONOTONIC. The child has /dev/null as standard input, a process group
// of its own (Ctrl-C on the terminal does not reach it) and default signal handling. What it leaves
// behind in its group when it ends is killed.
class Subprocess {
 public:
  // Errors: not_found, permission_denied (the program), invalid (options), io.
  static Result<std::unique_ptr<Subprocess>> start(const SubprocessOptions& options);
  ~Subprocess();  // SIGKILL to the child's group where it still runs, and wait
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  pid_t pid() const { return pid_; }
  // Sends all bytes. Errors: timeout; io (the child closed its end, or there is no channel).
  Status send(std::string_view bytes, Instant deadline);
  // What has come, at least one byte; 0 when the child closed its end. Errors: timeout; io.
  Result<std::size_t> receive(std::span<char> buffer, Instant deadline);
  // Nothing when `deadline` comes first. Afterwards the same answer again and again.
  std::optional<ExitState> wait(Instant deadline);
  // True as soon as there is something to receive, output has come or ended, or the child has
  // ended; false when `deadline` comes first. A channel that the child closed is not waited for.
  bool wait_for_anything(Instant deadline);
  // To the child and what it started, while it runs.
  void signal(int number);
  // Nobody reads the child's output from now on: its next write is refused (SIGPIPE).
  void close_output();
  // SIGTERM, after `grace` SIGKILL, to the child and what it started; returns how it ended.
  ExitState stop(Duration grace);
  // The end of what the child wrote to its standard output and error, so far.
  const std::string& output_tail() const { return output_; }
  // Of a child that has ended: the most bytes that it, or one that it waited for, had resident
  // (ru_maxrss of wait4(2)). The kernel begins that count with what the parent had at the fork, so
  // a child that never had more is nothing here, and inherited_memory() is what it had at most.
  std::optional<std::int64_t> peak_memory() const { return peak_memory_; }
  std::int64_t inherited_memory() const { return inherited_memory_; }
  std::string last_output_line() const;  // the last that is not blank; may be ""
  // What the child has written since the last call (of more than output_limit, the end), as soon as
  // there is something; "" when `deadline` comes first or the child closed its output. What is
  // taken is no longer in output_tail().
  std::string take_output(Instant deadline);
  bool output_closed() const { return output_descriptor_ < 0; }

 private:
  Subprocess(pid_t pid, int channel, int output, std::int64_t inherited_memory,
             const SubprocessOptions& options);
  // What has come, at most kDrainLimit; true when there may be more.
  bool drain_output();
  void drain_all();  // of a child that has ended
  // Waits until the channel is ready for `events`, keeping the child's output flowing.
  Status await_channel(short events, Instant deadline);
  bool reap(int flags);

  pid_t pid_;
  int channel_;            // -1: none
  int output_descriptor_;  // -1: closed
  int end_descriptor_;     // readable when the child has ended; -1: this kernel has none (< 5.3)
  bool channel_closed_ = false;
  std::size_t output_limit_;
  std::function<void(std::string_view)> on_output_;
  std::string output_;
  std::optional<ExitState> exit_;
  std::int64_t inherited_memory_;  // bytes
  std::optional<std::int64_t> peak_memory_;
};

}  // namespace isojoule
