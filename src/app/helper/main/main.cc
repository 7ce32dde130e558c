// isojouled: sets the board's knobs for members of the group `isojoule` (app/helper/server.h).
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "app/arguments.h"
#include "app/guard_place.h"
#include "app/helper/server.h"
#include "isojoule/version.h"

namespace {

using namespace isojoule;

struct Arguments {
  std::string socket = helper::kDefaultSocket;
  std::string sysroot;
  double idle_s = 0;
};

// The first descriptor that a service manager passes (sd_listen_fds(3)).
constexpr int kFirstPassed = 3;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The socket unit's socket, where there is one.
bool is_passed() {
  return variable("LISTEN_PID") == std::to_string(::getpid()) && variable("LISTEN_FDS") == "1";
}

// No name service: a static program has none, and the helper needs no other groups than the
// machine's own.
Status give_to_group(const std::string& path) {
  const auto groups = make_real_file_tree()->read("/etc/group");
  const std::int64_t group = groups ? helper::group_number(*groups, helper::kGroup) : -1;
  if (group < 0) {
    fmt::print(stderr, "there is no group {}: only root can use {}\n", helper::kGroup, path);
    return {};
  }
  if (::chown(path.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(group)) == 0) return {};
  return tl::unexpected<Error>(error_from_errno(errno, path, "give to the group"));
}

Result<Descriptor> listening_socket(const std::string& path) {
  if (is_passed()) {
    Descriptor socket(kFirstPassed);
    ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
    ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
    return socket;
  }
  std::error_code code;  // what fails shows itself at the socket
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), code);
  ISOJOULE_TRY(Descriptor socket, helper::listen_at(path));
  ISOJOULE_CHECK(give_to_group(path));
  return socket;
}

// Readable when the process shall end.
Result<Descriptor> stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  Descriptor stop(::signalfd(-1, &signals, SFD_CLOEXEC));
  if (!stop) return tl::unexpected<Error>(error_from_errno(errno, "signals", "wait for"));
  return stop;
}

helper::ServerOptions server_options(const Paths& paths, const Arguments& arguments) {
  helper::ServerOptions options;
  options.open_board = [&paths](FileTree& tree, Clock& clock) {
    return open_detected(paths, tree, clock);
  };
  options.sysroot = arguments.sysroot;
  TargetOptions target;
  target.sysroot = arguments.sysroot;
  options.guard = guard_options(paths, target, "isojouled");
  // The keeper is the program itself, which lies beside the helper.
  const auto beside = std::filesystem::path(options.guard.keeper_program).parent_path();
  options.guard.keeper_program = (beside / "isojoule").string();
  if (arguments.idle_s > 0) options.idle_limit = Duration::from(Second(arguments.idle_s));
  options.log = [](const std::string& line) {
    fmt::print(stderr, "{}\n", line);
    std::fflush(stderr);
  };
  return options;
}

Status serve(const Arguments& arguments) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  ISOJOULE_TRY(const Descriptor stop, stop_signals());
  ISOJOULE_TRY(Descriptor socket, listening_socket(arguments.socket));
  helper::Server server(server_options(paths, arguments), std::move(socket));
  const Status served = server.serve(stop.get());
  if (!is_passed()) ::unlink(arguments.socket.c_str());
  return served;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Sets the board's knobs for members of the group isojoule: only this board's nodes, only "
      "values in range, and all is put back when the client's connection ends.",
      "isojouled");
  app.set_version_flag("--version", std::string("isojouled ") + ISOJOULE_VERSION);
  Arguments arguments;
  app.add_option("--socket", arguments.socket, "where it listens, unless a socket unit passes one")
      ->capture_default_str();
  app.add_option("--sysroot", arguments.sysroot, "folder that stands for / (a mounted twin)")
      ->check(CLI::ExistingDirectory);
  app.add_option("--idle", arguments.idle_s,
                 "end after so many seconds without a connection (0 = never)")
      ->check(CLI::NonNegativeNumber);
  if (const auto ended = parse_arguments(app, argc, argv)) return *ended;
  const Status status = serve(arguments);
  if (status) return 0;
  fmt::print(stderr, "{}\n", to_string(status.error()));
  return 1;
}
