#include "board/keeper.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <utility>

#include "base/clock.h"
#include "base/file_tree.h"
#include "board/board_lock.h"
#include "board/journal_file.h"
#include "board/restore.h"

namespace isojoule {
namespace {

constexpr char kDone = 'd';
constexpr int kUsualDescriptors = 1024;
// Longer than any keeper needs; a second one, of the program that died before, may be at work.
constexpr Duration kLockPatience = Duration::milliseconds(10'000);
// After that another user's program has the board, perhaps for hours: no hurry.
constexpr Duration kSlowRound = Duration::milliseconds(500);

// close_range(2) is of Linux 5.9; Jetsons run 4.9 too.
void close_from(unsigned first) {
#ifdef SYS_close_range
  if (::syscall(SYS_close_range, first, ~0U, 0) == 0) return;
#endif
  for (int descriptor = static_cast<int>(first); descriptor < kUsualDescriptors; ++descriptor)
    ::close(descriptor);
}

// Between fork and exec: only what is async-signal-safe.
[[noreturn]] void become_keeper(int pipe, int error_pipe, char* const* argv) {
  ::setsid();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGUSR1, SIGUSR2})
    std::signal(signal, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = ::open("/dev/null", O_RDWR);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, standard);
  // Both ends may lie where the other shall go: first out of the way, then into place.
  const int kept_pipe = ::fcntl(pipe, F_DUPFD, kKeeperPipe + 2);
  const int kept_error = ::fcntl(error_pipe, F_DUPFD, kKeeperPipe + 2);
  ::dup2(kept_pipe, kKeeperPipe);
  ::dup2(kept_error, kKeeperPipe + 1);
  ::fcntl(kKeeperPipe + 1, F_SETFD, FD_CLOEXEC);
  close_from(kKeeperPipe + 2);
  [[maybe_unused]] const int moved = ::chdir("/");  // where it cannot, it stays
  ::execv(argv[0], argv);
  const int number = errno;
  [[maybe_unused]] const ssize_t told = ::write(kKeeperPipe + 1, &number, sizeof number);
  ::_exit(127);
}

struct Pipe {
  int read = -1, write = -1;
  Status open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      return tl::unexpected<Error>(error_from_errno(errno, "a pipe", "make"));
    read = ends[0];
    write = ends[1];
    return {};
  }
  void close_read() {
    if (read >= 0) ::close(read);
    read = -1;
  }
  void close_write() {
    if (write >= 0) ::close(write);
    write = -1;
  }
  ~Pipe() {
    close_read();
    close_write();
  }
};

// Whoever took the lock before us has restored, and may have set the board anew. A damaged journal
// is ours to complain of.
bool is_ours(const KeeperOptions& options) {
  const auto journal = journal::read(options.journal);
  if (!journal) return journal.error().kind != ErrorKind::not_found;
  return journal->process == options.process && journal->process_start == options.process_start;
}

// The program is dead. Its lock is free, and others who want it wait for us; a program of another
// user, who does not see this journal, may have been faster.
Result<BoardLock> lock_when_free(const KeeperOptions& options) {
  if (options.lock.empty()) return BoardLock();
  const auto clock = make_real_clock();
  Duration patience = kLockPatience;
  while (true) {
    auto lock = BoardLock::take(options.lock, kKeeperName, patience, BoardLock::Wait::for_anybody);
    if (lock || lock.error().kind != ErrorKind::busy || !is_ours(options)) return lock;
    clock->sleep_for(kSlowRound);
    patience = Duration{};
  }
}

Status make_good(const KeeperOptions& options) {
  const auto lock = lock_when_free(options);
  if (!is_ours(options)) return {};
  if (!lock) return tl::unexpected<Error>(lock.error());
  const auto tree = make_real_file_tree(options.root);
  ISOJOULE_CHECK(restore_journal(*tree, options.journal, {.is_dead = true, .keep_held = true}));
  return {};
}

}  // namespace

Result<std::unique_ptr<Keeper>> Keeper::start(const KeeperOptions& options) {
  journal::Journal own;
  journal::stamp(own);
  std::array<std::string, 7> words = {options.program,
                                      "keeper",
                                      "--root=" + options.root,
                                      "--journal=" + options.journal,
                                      "--lock=" + options.lock,
                                      "--process=" + std::to_string(own.process),
                                      "--start=" + std::to_string(own.process_start)};
  std::array<char*, 8> argv{};
  for (std::size_t i = 0; i + 1 < argv.size(); ++i) argv[i] = words[i].data();
  Pipe life, started;
  ISOJOULE_CHECK(life.open());
  ISOJOULE_CHECK(started.open());
  const pid_t process = ::fork();
  if (process < 0) return tl::unexpected<Error>(error_from_errno(errno, "the keeper", "fork"));
  if (process == 0) {
    ::close(life.write);
    become_keeper(life.read, started.write, argv.data());
  }
  life.close_read();
  started.close_write();
  int number = 0;  // nothing comes when exec succeeds: its end closes
  ssize_t size = 0;
  while ((size = ::read(started.read, &number, sizeof number)) < 0 && errno == EINTR) {
  }
  if (size > 0) {
    ::waitpid(process, nullptr, 0);
    return tl::unexpected<Error>(error_from_errno(number, options.program, "start the keeper"));
  }
  const int pipe = life.write;
  life.write = -1;
  return std::unique_ptr<Keeper>(new Keeper(process, pipe));
}

bool Keeper::is_alive() {
  if (!gone_ && ::waitpid(process_, nullptr, WNOHANG) == process_) gone_ = true;
  return !gone_;
}

void Keeper::abandon() {
  ::close(std::exchange(pipe_, -1));
  gone_ = true;
}

Keeper::~Keeper() {
  if (pipe_ < 0) return;
  // SIGPIPE would be ours if the keeper is dead and the program did not ignore it.
  if (is_alive()) [[maybe_unused]]
    const ssize_t told = ::write(pipe_, &kDone, 1);
  ::close(pipe_);
  while (!gone_ && ::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Status keep(const KeeperOptions& options) {
  char byte = 0;
  ssize_t size = 0;
  while ((size = ::read(kKeeperPipe, &byte, 1)) < 0 && errno == EINTR) {
  }
  if (size == 1 && byte == kDone) return {};
  const Status status = make_good(options);
  // Nobody reads what a keeper prints.
  if (!status)
    std::ofstream(options.journal + kKeeperErrorSuffix) << to_string(status.error()) << "\n";
  return status;
}

}  // namespace isojoule
