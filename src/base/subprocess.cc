#include "base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/descriptor.h"
#include "base/file_tree.h"

extern char** environ;

namespace isojoule {
namespace {

Instant monotonic_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return {now.tv_sec * 1'000'000'000LL + now.tv_nsec};
}

// Rounded up, so that a wait never ends before its deadline; at most one hour a call.
int milliseconds_until(Instant deadline) {
  const Duration left = deadline - monotonic_now();
  if (left.ns <= 0) return 0;
  return static_cast<int>(std::min<std::int64_t>((left.ns + 999'999) / 1'000'000, 3'600'000));
}

struct Ends {
  Descriptor parent, child;
};

// Every descriptor is close-on-exec and above those that the child's end may be given, so that
// dup2 there never closes another one of ours.
constexpr int kHighestChannel = 255;

Status raise_above(int descriptor, Descriptor& out) {
  out.reset(fcntl(descriptor, F_DUPFD_CLOEXEC, kHighestChannel + 1));
  const int number = errno;
  close(descriptor);
  if (out.get() < 0) return tl::unexpected(error_from_errno(number, "a descriptor", "fcntl"));
  return {};
}

Status open_pipe(Ends& ends) {
  int pair[2];
  if (pipe2(pair, O_CLOEXEC) != 0)
    return tl::unexpected(error_from_errno(errno, "a pipe", "pipe2"));
  ends.parent.reset(pair[0]);
  return raise_above(pair[1], ends.child);
}

Status open_socket_pair(Ends& ends) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return tl::unexpected(error_from_errno(errno, "a socket pair", "socketpair"));
  ends.parent.reset(pair[0]);
  return raise_above(pair[1], ends.child);
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> merged;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!changes.contains(std::string(text.substr(0, text.find('='))))) merged.emplace_back(text);
  }
  for (const auto& [name, value] : changes) merged.push_back(name + "=" + value);
  return merged;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// All that the child needs, made before the fork: between fork and exec only async-signal-safe
// calls are allowed, because other threads of the parent may hold locks.
struct ChildPlan {
  char* const* arguments;
  char* const* environment;
  int output;
  int channel_from;  // -1: none
  int channel_to;
  int errors;  // close-on-exec: gets what is inherited, and errno when exec fails
  pid_t parent;
  bool pass_input;
  bool pass_errors;
  bool pass_output;
};

void reset_signals() {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

// In bytes; ru_maxrss is in units of 1024 (getrusage(2)).
std::int64_t bytes_resident(const rusage& usage) { return std::int64_t{usage.ru_maxrss} * 1024; }

[[noreturn]] void run_child(const ChildPlan& plan) {
  reset_signals();
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != plan.parent) _exit(127);  // the parent died before prctl took hold
  bool ready = plan.pass_output || dup2(plan.output, 1) >= 0;
  if (ready && !plan.pass_errors) ready = dup2(plan.output, 2) >= 0;
  if (ready && !plan.pass_input) {
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ready = null >= 0 && dup2(null, 0) >= 0;
  }
  if (ready && plan.channel_from >= 0) ready = dup2(plan.channel_from, plan.channel_to) >= 0;
  // What exec passes on as the new program's: here, for the parent may have grown since the fork.
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const std::int64_t inherited = bytes_resident(usage);
  (void)!write(plan.errors, &inherited, sizeof(inherited));
  if (ready) execve(plan.arguments[0], plan.arguments, plan.environment);
  const int number = errno;
  (void)!write(plan.errors, &number, sizeof(number));
  _exit(127);
}

// 0 when nothing came: the pipe is closed. Writes as short as these come whole (pipe(7)).
template <typename Number>
Number read_number(int descriptor) {
  Number number = 0;
  ssize_t count = 0;
  do {
    count = read(descriptor, &number, sizeof(number));
  } while (count < 0 && errno == EINTR);
  return count == sizeof(number) ? number : 0;
}

// The kernel counts pages in parts that it adds up now and then: so far apart two readings of the
// same may be.
constexpr std::int64_t kCountingStep = std::int64_t{1} << 20;

// What one call takes of a child's output.
constexpr std::size_t kDrainLimit = std::size_t{1} << 20;

// A descriptor for the process (pidfd_open(2), Linux 5.3), or -1.
int open_process(pid_t pid) {
#ifdef SYS_pidfd_open
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
#else
  return -1;
#endif
}

Status check(const SubprocessOptions& options) {
  if (options.command.empty() || options.command[0].empty())
    return fail(ErrorKind::invalid, "no program to start");
  if (options.channel && (*options.channel < 3 || *options.channel > kHighestChannel))
    return fail(ErrorKind::invalid, "channel descriptor " + std::to_string(*options.channel),
                "Use a number from 3 to 255.");
  return {};
}

}  // namespace

std::string to_string(const ExitState& state) {
  if (!state.by_signal) return "exit status " + std::to_string(state.code);
  return "signal " + std::to_string(state.code) + " (" + strsignal(state.code) + ")";
}

Result<std::unique_ptr<Subprocess>> Subprocess::start(const SubprocessOptions& options) {
  ISOJOULE_CHECK(check(options));
  Ends output, errors, channel;
  ISOJOULE_CHECK(open_pipe(output));
  ISOJOULE_CHECK(open_pipe(errors));
  if (options.channel) ISOJOULE_CHECK(open_socket_pair(channel));
  std::vector<std::string> arguments = options.command;
  std::vector<std::string> environment = merged_environment(options.environment);
  const std::vector<char*> argument_pointers = pointers_to(arguments);
  const std::vector<char*> environment_pointers = pointers_to(environment);
  const ChildPlan plan{argument_pointers.data(),
                       environment_pointers.data(),
                       output.child.get(),
                       channel.child.get(),
                       options.channel.value_or(-1),
                       errors.child.get(),
                       getpid(),
                       options.pass_input,
                       options.pass_errors,
                       options.pass_output};
  const pid_t pid = fork();
  if (pid < 0) return tl::unexpected(error_from_errno(errno, options.command[0], "fork"));
  if (pid == 0) run_child(plan);
  setpgid(pid, pid);  // here as well: whoever comes first
  output.child.reset();
  errors.child.reset();
  channel.child.reset();
  const auto inherited = read_number<std::int64_t>(errors.parent.get());
  // 0 when exec went well, which closes the pipe; otherwise its errno.
  if (const int number = read_number<int>(errors.parent.get()); number != 0) {
    waitpid(pid, nullptr, 0);
    return tl::unexpected(error_from_errno(number, options.command[0], "start the program"));
  }
  for (const int descriptor : {output.parent.get(), channel.parent.get()})
    if (descriptor >= 0) fcntl(descriptor, F_SETFL, O_NONBLOCK);
  return std::unique_ptr<Subprocess>(
      new Subprocess(pid, channel.parent.release(), output.parent.release(), inherited, options));
}

Subprocess::Subprocess(pid_t pid, int channel, int output, std::int64_t inherited_memory,
                       const SubprocessOptions& options)
    : pid_(pid),
      channel_(channel),
      output_descriptor_(output),
      end_descriptor_(open_process(pid)),
      output_limit_(options.output_limit),
      on_output_(options.on_output),
      inherited_memory_(inherited_memory) {}

Subprocess::~Subprocess() {
  if (!exit_) {
    kill(-pid_, SIGKILL);
    kill(pid_, SIGKILL);
    reap(0);
  }
  if (channel_ >= 0) close(channel_);
  if (end_descriptor_ >= 0) close(end_descriptor_);
  close_output();
}

void Subprocess::close_output() {
  if (output_descriptor_ >= 0) close(output_descriptor_);
  output_descriptor_ = -1;
}

bool Subprocess::drain_output() {
  char buffer[16384];
  // A child that writes without end must not keep us here.
  for (std::size_t taken = 0; output_descriptor_ >= 0 && taken < kDrainLimit;) {
    const ssize_t count = read(output_descriptor_, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return false;
    if (count <= 0) {
      close_output();
      return false;
    }
    taken += static_cast<std::size_t>(count);
    output_.append(buffer, static_cast<std::size_t>(count));
    if (output_.size() > output_limit_) output_.erase(0, output_.size() - output_limit_);
    if (on_output_) on_output_({buffer, static_cast<std::size_t>(count)});
  }
  return output_descriptor_ >= 0;
}

void Subprocess::drain_all() {
  // More than any pipe holds: only what has left the child's group can still write.
  for (int i = 0; i < 8 && drain_output(); ++i) {
  }
}

Status Subprocess::await_channel(short events, Instant deadline) {
  if (channel_ < 0) return fail(ErrorKind::io, "the program has no channel");
  while (true) {
    pollfd waits[2] = {{channel_, events, 0}, {output_descriptor_, POLLIN, 0}};
    const int ready = poll(waits, 2, milliseconds_until(deadline));
    if (ready < 0 && errno != EINTR)
      return tl::unexpected(error_from_errno(errno, "the program's channel", "poll"));
    if (ready > 0 && waits[1].revents != 0) drain_output();
    if (ready > 0 && waits[0].revents != 0) return {};
    if (monotonic_now() >= deadline)
      return fail(ErrorKind::timeout, "the program's channel: nothing came in time");
  }
}

Status Subprocess::send(std::string_view bytes, Instant deadline) {
  while (!bytes.empty()) {
    ISOJOULE_CHECK(await_channel(POLLOUT, deadline));
    const ssize_t count = ::send(channel_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
    if (count < 0 && errno != EINTR && errno != EAGAIN)
      return tl::unexpected(error_from_errno(errno, "the program's channel", "send"));
  }
  return {};
}

Result<std::size_t> Subprocess::receive(std::span<char> buffer, Instant deadline) {
  while (true) {
    ISOJOULE_CHECK(await_channel(POLLIN, deadline));
    const ssize_t count = recv(channel_, buffer.data(), buffer.size(), 0);
    channel_closed_ = count == 0 || (count < 0 && errno == ECONNRESET);
    if (channel_closed_) return std::size_t{0};  // reset: it died with unread bytes of ours
    if (count > 0) return static_cast<std::size_t>(count);
    if (errno != EINTR && errno != EAGAIN)
      return tl::unexpected(error_from_errno(errno, "the program's channel", "recv"));
  }
}

bool Subprocess::reap(int flags) {
  siginfo_t info{};
  int found = 0;
  do {
    found = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT | flags);
  } while (found < 0 && errno == EINTR);
  if (found < 0 || info.si_pid != pid_) return false;
  // Its number, and so its group's, is nobody else's before it is reaped.
  kill(-pid_, SIGKILL);
  int state = 0;
  rusage usage{};
  while (wait4(pid_, &state, 0, &usage) < 0 && errno == EINTR) {
  }
  const std::int64_t most = bytes_resident(usage);
  if (inherited_memory_ > 0 && most > inherited_memory_ + kCountingStep) peak_memory_ = most;
  exit_ =
      WIFSIGNALED(state) ? ExitState{true, WTERMSIG(state)} : ExitState{false, WEXITSTATUS(state)};
  return true;
}

bool Subprocess::wait_for_anything(Instant deadline) {
  constexpr Duration step = Duration::milliseconds(5);
  while (!exit_) {
    const Instant now = monotonic_now();
    const Instant until = end_descriptor_ >= 0 ? deadline : std::min(deadline, now + step);
    pollfd waits[3] = {{channel_closed_ ? -1 : channel_, POLLIN, 0},
                       {output_descriptor_, POLLIN, 0},
                       {end_descriptor_, POLLIN, 0}};
    const int ready = poll(waits, 3, milliseconds_until(until));
    if (ready > 0 && waits[1].revents != 0) drain_output();
    if (ready > 0 || reap(WNOHANG)) return true;
    if (monotonic_now() >= deadline) return false;
  }
  return true;
}

void Subprocess::signal(int number) {
  if (!exit_) kill(-pid_, number);
}

std::optional<ExitState> Subprocess::wait(Instant deadline) {
  // Old kernels (4.9 on JetPack 4) have no descriptor for a process, so look every 2 ms.
  constexpr Duration step = Duration::milliseconds(2);
  while (!exit_ && !reap(WNOHANG)) {
    drain_output();
    const Instant now = monotonic_now();
    if (now >= deadline) return std::nullopt;
    poll(nullptr, 0, milliseconds_until(std::min(deadline, now + step)));
  }
  drain_all();
  return exit_;
}

ExitState Subprocess::stop(Duration grace) {
  if (!exit_) {
    kill(-pid_, SIGTERM);
    if (!wait(monotonic_now() + grace)) {
      kill(-pid_, SIGKILL);
      reap(0);
    }
  }
  drain_all();
  return *exit_;
}

std::string Subprocess::take_output(Instant deadline) {
  drain_output();
  while (output_.empty() && output_descriptor_ >= 0 && monotonic_now() < deadline) {
    pollfd wait{output_descriptor_, POLLIN, 0};
    if (poll(&wait, 1, milliseconds_until(deadline)) > 0) drain_output();
  }
  return std::exchange(output_, {});
}

std::string Subprocess::last_output_line() const {
  std::string_view rest = output_;
  while (!rest.empty()) {
    const std::size_t cut = rest.find_last_of('\n');
    const std::string line = trimmed(cut == std::string_view::npos ? rest : rest.substr(cut + 1));
    if (!line.empty()) return line;
    if (cut == std::string_view::npos) break;
    rest = rest.substr(0, cut);
  }
  return {};
}

}  // namespace isojoule
