#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string_view>
#include <system_error>

#include "app/monitor/terminal_screen.h"
#include "base/file_tree.h"
#include "cli/command.h"
#include "cli/command_notes.h"
#include "cli/fleet_program.h"
#include "isojoule/version.h"

namespace {

std::atomic<bool> interrupted{false};

// The first Ctrl-C asks for an orderly end, the second ends at once.
extern "C" void on_interrupt(int signal) {
  if (interrupted.exchange(true)) {
    isojoule::give_screen_back();
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

std::string quoted(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789-_./:=,@%+") == std::string::npos;
  if (plain) return word;
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

// A static program says what it cannot do.
#ifdef ISOJOULE_STATIC
constexpr const char* kBuild =
    "\nstatic: runs without any library beside it and loads none (no NVML); engines are programs "
    "of "
    "their own, see 'isojoule list engines'";
#else
constexpr const char* kBuild = "";
#endif

// Under nohup, or in the background of a script, a signal is ignored from the start, and stays so.
void listen_to(int number) {
  struct sigaction before {};
  if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) return;
  std::signal(number, on_interrupt);
}

// Behind the dashes of some commands stands a program with arguments of its own, which CLI11 must
// not see. Returns what is left of ours.
int cut_at_dashes(int argc, char** argv, std::vector<std::string>& rest) {
  if (argc < 2 || !isojoule::cli::takes_program(argv[1])) return argc;
  char** const end = argv + argc;
  char** const dashes =
      std::find_if(argv + 2, end, [](const char* word) { return std::string_view(word) == "--"; });
  if (dashes == end) return argc;
  rest.assign(dashes + 1, end);
  return static_cast<int>(dashes - argv);
}

// Runs the command and sees that what it printed has arrived. A reader that left is no error.
isojoule::Result<int> act(const isojoule::cli::Program& program) {
  int number = 0;
  isojoule::Result<int> result = isojoule::cli::kDone;
  try {
    result = program.action();
    if (std::fflush(stdout) != 0) number = errno;
  } catch (const std::system_error& error) {  // of fmt::print
    if (std::ferror(stdout) == 0) throw;      // not of a write
    number = error.code().value();
  }
  if (!result || number == 0 || number == EPIPE) return result;
  return tl::unexpected<isojoule::Error>(
      isojoule::error_from_errno(number, "standard output", "write"));
}

int run(int argc, char** argv) {
  using namespace isojoule;
  CLI::App app(
      "Measures, maps and minimises the energy of neural-network inference on edge boards.",
      "isojoule");
  app.set_version_flag("--version", std::string("isojoule ") + ISOJOULE_VERSION + kBuild);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  cli::Program program;
  program.interrupted = &interrupted;
  program.command_line = "isojoule";
  program.words.assign(argv + std::min(argc, 1), argv + argc);
  for (const std::string& word : program.words) program.command_line += " " + quoted(word);
  const int own = cut_at_dashes(argc, argv, program.after_dashes);
  cli::add_probe(app, program);
  cli::add_monitor(app, program);
  cli::add_sweep(app, program);
  cli::add_agent(app, program);
  cli::add_fleet(app, program);
  cli::add_study(app, program);
  cli::add_measure(app, program);
  cli::add_calibrate(app, program);
  cli::add_benchmark_optimisers(app, program);
  cli::add_apply(app, program);
  cli::add_restore(app, program);
  cli::add_govern(app, program);
  cli::add_status(app, program);
  cli::add_keeper(app, program);
  cli::add_show(app, program);
  cli::add_report(app, program);
  cli::add_export(app, program);
  cli::add_reproduce(app, program);
  cli::add_compare(app, program);
  cli::add_zoo(app, program);
  cli::add_cost(app, program);
  cli::add_energy(app, program);
  cli::add_fit(app, program);
  cli::add_predict(app, program);
  cli::add_tune(app, program);
  cli::add_twin(app, program);
  cli::add_session(app, program);
  cli::add_list(app, program);
  cli::add_manual(app, program);
  cli::add_examples(app);
  if (const auto ended = parse_arguments(app, own, argv)) return *ended;
  cli::hand_to_fleet_program(app, argv);
  if (!program.ignores_signals) {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) listen_to(number);
  }
  std::signal(SIGPIPE, SIG_IGN);
  const auto result = act(program);
  if (result) return *result;
  std::fprintf(stderr, "%s\n", to_string(result.error()).c_str());
  return result.error().kind == ErrorKind::interrupted ? cli::kInterrupted : cli::kBadInput;
}

}  // namespace

int main(int argc, char** argv) { return run(argc, argv); }
